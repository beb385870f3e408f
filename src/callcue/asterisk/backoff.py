"""How long to wait before the next try."""

import random


class Backoff:
    """Doubling delays with jitter, from *first* up to *longest*, in seconds.

    The jitter of half either way keeps replicas from knocking at a restarted Asterisk in step.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def next(self) -> float:
        """Seconds to wait this time."""
        delay = self._next * random.uniform(0.5, 1.5)
        self._next = min(self._next * 2, self._longest)
        return min(delay, self._longest)

    def reset(self) -> None:
        """Start over with the first delay."""
        self._next = self._first
