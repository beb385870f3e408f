"""Things that are done now and then, by the wall clock."""

from collections.abc import Callable
from time import time


class Occasion:
    """Comes every so many seconds; and at once where the clock was set back."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time) -> None:
        self._seconds = seconds
        self._clock = clock
        self._last = 0.0

    def has_come(self) -> bool:
        """Whether it is time; then it is not so again for a while."""
        now = self._clock()
        if 0 <= now - self._last <= self._seconds:
            return False
        self._last = now
        return True
