"""What a figure is: declared once, for the registry and for those who read of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

TOTAL = "_total"
"""What the name of every counter ends with, by Prometheus' own rule."""


class Kind(StrEnum):
    """Prometheus' words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric. What its labels can say is known beforehand: never what a client writes."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()

    def counter(self, registry: CollectorRegistry) -> Counter:
        """One that is counted as things happen."""
        assert self.kind is Kind.COUNTER
        return Counter(self.name, self.meaning, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry, buckets: Sequence[float]) -> Histogram:
        """One that is observed as things happen."""
        assert self.kind is Kind.HISTOGRAM
        return Histogram(self.name, self.meaning, self.labels, registry=registry, buckets=buckets)

    def family(self) -> CounterMetricFamily | GaugeMetricFamily:
        """One that is read when somebody looks."""
        if self.kind is Kind.COUNTER:
            return CounterMetricFamily(self.name, self.meaning, labels=self.labels)
        assert self.kind is Kind.GAUGE
        return GaugeMetricFamily(self.name, self.meaning, labels=self.labels)
