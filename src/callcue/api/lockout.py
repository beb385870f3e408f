"""Failed logins are limited, per name and per address, without locking out who does it right.

Ten failures lock for fifteen minutes, as VICIdial does. Counted by the name alone, anybody could
lock an agent out by failing in the agent's name; by the address alone, one screen with an old
password would lock a whole office. So a name that has once been right from an address is judged,
from that address, by its own failures only.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Literal, Protocol

FAILURES = 10
LOCK_SECONDS = 15 * 60.0
REMEMBERED = 10_000
"""So many names and addresses are kept; beyond, the oldest are forgotten."""


TOLD_AGAIN_SECONDS = 3600.0
"""Whoever keeps the pairs hears of one so often at most, however often it logs in."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What failures are counted for. What does not count is empty."""

    by: Literal["name", "address", "pair"]
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Failures:
    """How often somebody has failed, and how many seconds ago the last time was."""

    of: Judged
    count: int
    age: float


class Keeper(Protocol):
    """Keeps for the next start what is learnt here. Never waits and never raises."""

    def failed(self, failures: Failures) -> None:
        """So often by now."""

    def known(self, name: str, address: str) -> None:
        """That name has been right from there."""


@dataclass(slots=True)
class _Count:
    failures: int = 0
    latest: float = 0.0


class Lockout:
    """Counts failures and remembers who has been right from where."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        seconds: float = LOCK_SECONDS,
        clock: Callable[[], float] = monotonic,
        keeper: Keeper | None = None,
    ) -> None:
        """Without a *keeper* it is all in memory only."""
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._keeper = keeper
        self._counts: OrderedDict[Judged, _Count] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], float] = OrderedDict()

    def restore(self, failures: Iterable[Failures], known: Iterable[tuple[str, str]]) -> None:
        """Take over what was kept, the oldest first. What has happened since counts besides."""
        now = self._clock()
        for name, address in known:
            self._known.setdefault((name, address), now)
        for kept in failures:
            if kept.age > self._seconds:
                continue
            count = self._counts.setdefault(kept.of, _Count())
            count.failures += kept.count
            count.latest = max(count.latest, now - kept.age)
        self._forget()

    def knows(self, name: str, address: str) -> bool:
        """Whether that name has been right from that address before."""
        return (name, address) in self._known

    def locked(self, name: str | None, address: str) -> float:
        """For how many seconds no try counts any more, not even a right one; 0 if not locked.

        A *name* of None asks for the address alone: the client is not known by any name yet.
        """
        if not self._counts:  # as nearly always
            return 0.0
        return max(self._left(key) for key in self._judged_by(name, address))

    def failed(self, name: str | None, address: str) -> None:
        """Count one failure."""
        for key in self._judged_by(name, address):
            count = self._counts.setdefault(key, _Count())
            if self._clock() - count.latest > self._seconds:
                count.failures = 0
            count.failures += 1
            count.latest = self._clock()
            self._counts.move_to_end(key)
            if self._keeper is not None:
                self._keeper.failed(Failures(key, count.failures, 0.0))
        self._forget()

    def succeeded(self, name: str, address: str) -> None:
        """Remember the pair. It forgives nothing: a count ends by time alone, as in VICIdial."""
        told, now = self._known.get((name, address)), self._clock()
        if told is None or now - told > TOLD_AGAIN_SECONDS:
            told = now
            if self._keeper is not None:
                self._keeper.known(name, address)
        self._known[name, address] = told
        self._known.move_to_end((name, address))
        self._forget()

    def _forget(self) -> None:
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _judged_by(self, name: str | None, address: str) -> list[Judged]:
        if name is None:
            return [Judged("address", address=address)]
        if self.knows(name, address):
            return [Judged("pair", name, address)]
        return [Judged("name", name), Judged("address", address=address)]

    def _left(self, key: Judged) -> float:
        count = self._counts.get(key)
        if count is None or count.failures < self._failures:
            return 0.0
        return max(0.0, count.latest + self._seconds - self._clock())
