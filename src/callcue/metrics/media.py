"""Fetches, decodes and the cache."""

from prometheus_client import CollectorRegistry

from callcue.media.watch import CacheSize

from . import figures
from .readings import Readings


class MediaFigures:
    """Implements `callcue.media.watch.MediaWatch`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._fetches = figures.FETCHES.counter(registry)
        self._bytes = figures.FETCHED_BYTES.counter(registry)
        self._decodes = figures.DECODES.counter(registry)
        self._seconds = figures.DECODER_SECONDS.counter(registry)

    def received(self, size: int) -> None:
        """See `MediaWatch.received`."""
        self._bytes.inc(size)

    def fetched(self, outcome: str) -> None:
        """See `MediaWatch.fetched`."""
        self._fetches.labels(outcome).inc()

    def decoded(self, outcome: str, seconds: float) -> None:
        """See `MediaWatch.decoded`."""
        self._decodes.labels(outcome).inc()
        self._seconds.inc(seconds)


def add_cache(readings: Readings, cache: CacheSize) -> None:
    """Show how full it is."""
    readings.add_one(figures.CACHE_BYTES, lambda: cache.bytes)
    readings.add_one(figures.CACHE_LIMIT, lambda: cache.limit)
