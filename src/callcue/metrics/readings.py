"""Figures that cost nothing until somebody looks: they are read where they are known anyway."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from .figure import Figure

Read = Callable[[], Iterable[tuple[Sequence[str], float]]]
"""The values of the labels, and the figure."""


class Readings(Collector):
    """Some figures, each with where it is read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._read: list[tuple[Figure, Read]] = []
        registry.register(self)

    def add(self, figure: Figure, read: Read) -> None:
        """From now on it is shown."""
        self._read.append((figure, read))

    def add_one(self, figure: Figure, read: Callable[[], float]) -> None:
        """As `add`, of one without labels."""
        self.add(figure, lambda: [((), read())])

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that nothing is read only to register it."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All, as they are now."""
        for figure, read in self._read:
            family = figure.family()
            for labels, value in read():
                family.add_metric(labels, value)
            yield family
