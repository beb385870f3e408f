"""How long to wait before the next try."""

import random


class Backoff:
    """Doubling delays with jitter, from *first* up to *longest*, in seconds.

    The jitter of up to half, only downwards at the longest, keeps replicas from
    knocking at a restarted Asterisk in step.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def next(self) -> float:
        """Seconds to wait this time."""
        most = min(self._next * 1.5, self._longest)
        delay = random.uniform(self._next * 0.5, most)
        self._next = min(self._next * 2, self._longest)
        return delay

    def reset(self) -> None:
        """Start over with the first delay."""
        self._next = self._first
