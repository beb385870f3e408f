"""What fetching and decoding tell those who count. Nobody who listens waits or raises."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from .failures import MediaFailed


class MediaWatch(Protocol):
    """Sees what becomes of media. An outcome that is a failure is its `Reason`."""

    def received(self, size: int) -> None:
        """So many bytes of a body."""

    def fetched(self, outcome: str) -> None:
        """`fetched`, `unchanged`, or why not."""

    def decoded(self, outcome: str, seconds: float) -> None:
        """`decoded`, or why not; the decoder ran so long."""


class CacheSize(Protocol):
    """How full a folder of clips is, in bytes."""

    @property
    def bytes(self) -> int:
        """What there is."""

    @property
    def limit(self) -> int:
        """What there may be."""


class Unwatched:
    """Sees nothing."""

    def received(self, size: int) -> None:
        """See `MediaWatch.received`."""

    def fetched(self, outcome: str) -> None:
        """See `MediaWatch.fetched`."""

    def decoded(self, outcome: str, seconds: float) -> None:
        """See `MediaWatch.decoded`."""


@contextmanager
def timed(watch: MediaWatch) -> Iterator[None]:
    """Tell *watch* of what is decoded in here. What is given up half-way has no outcome."""
    began = time.perf_counter()
    try:
        yield
    except MediaFailed as failed:
        watch.decoded(failed.reason.value, time.perf_counter() - began)
        raise
    watch.decoded("decoded", time.perf_counter() - began)
