"""The bench's arithmetic: percentiles and what is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass


def percentile(samples: Sequence[float], share: float) -> float:
    """The value below which *share* (0 to 1) of the samples lie, interpolated between two."""
    if not samples:
        raise ValueError("there are no samples")
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(samples: Sequence[float]) -> float:
    """The value in the middle."""
    return percentile(samples, 0.5)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a table says of one row of samples."""

    count: int
    median: float
    p95: float
    p99: float
    low: float
    """The first quartile: with the third it is the spread."""
    high: float


def summary(samples: Sequence[float]) -> Summary:
    """Median, tail and spread."""
    return Summary(
        count=len(samples),
        median=median(samples),
        p95=percentile(samples, 0.95),
        p99=percentile(samples, 0.99),
        low=percentile(samples, 0.25),
        high=percentile(samples, 0.75),
    )
