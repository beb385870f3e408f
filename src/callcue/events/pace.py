"""How much is sent to one receiver at a time: one that fails again and again is hardly asked."""

import random
from collections.abc import Callable
from time import monotonic

AT_ONCE = 8
"""Requests on their way to one receiver."""
FAILURES = 5
"""So many in a row, and the receiver itself is taken to be down."""
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 60.0


class Pace:
    """Of one receiver, by what came of the last requests."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """*clock*: one that nobody sets."""
        self._clock = clock
        self._failures = 0
        self._rest = 0.0
        self._rested = 0.0
        self._asked_for = 0.0

    @property
    def is_slow(self) -> bool:
        """Whether the receiver is taken to be down: then one request is sent at a time."""
        return self._rest > 0

    @property
    def at_once(self) -> int:
        """So many requests may be on their way."""
        return 1 if self.is_slow else AT_ONCE

    @property
    def rests_until(self) -> float:
        """Nothing is to be sent before, by its clock."""
        return max(self._rested, self._asked_for)

    def taken(self) -> None:
        """The receiver has taken one: it is up. What it asked for stands."""
        self._failures, self._rest, self._rested = 0, 0.0, 0.0

    def failed(self, asked_for: float = 0.0) -> None:
        """One has failed; the receiver *asked for* so many seconds of rest."""
        now = self._clock()
        self._failures += 1
        if asked_for > 0:
            self._asked_for = max(self._asked_for, now + asked_for)
        # Those that were on their way with the first failures count for one.
        if self._failures >= FAILURES and now >= self._rested:
            self._rest = min(max(self._rest * 2, FIRST_REST_SECONDS), LONGEST_REST_SECONDS)
            self._rested = now + self._rest * random.uniform(0.8, 1.0)
