"""Failed logins are limited, per name and per address, without locking out who does it right.

Ten failures lock for fifteen minutes, as VICIdial does. Counted by the name alone, anybody could
lock an agent out by failing in the agent's name; by the address alone, one screen with an old
password would lock a whole office. So a name that has once been right from an address is judged,
from that address, by its own failures only.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic

FAILURES = 10
LOCK_SECONDS = 15 * 60.0
REMEMBERED = 10_000
"""So many names and addresses are kept; beyond, the oldest are forgotten."""


@dataclass(slots=True)
class _Count:
    failures: int = 0
    latest: float = 0.0


class Lockout:
    """Counts failures and remembers who has been right from where. In memory only."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        seconds: float = LOCK_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._failures = failures
        self._seconds = seconds
        self._clock = clock
        self._counts: OrderedDict[Hashable, _Count] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def knows(self, name: str, address: str) -> bool:
        """Whether that name has been right from that address before."""
        return (name, address) in self._known

    def locked(self, name: str | None, address: str) -> float:
        """For how many seconds no try counts any more, not even a right one; 0 if not locked.

        A *name* of None asks for the address alone: the client is not known by any name yet.
        """
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
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Remember the pair. It forgives nothing: a count ends by time alone, as in VICIdial."""
        self._known[name, address] = None
        self._known.move_to_end((name, address))
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _judged_by(self, name: str | None, address: str) -> list[Hashable]:
        if name is None:
            return [("address", address)]
        if self.knows(name, address):
            return [("pair", name, address)]
        return [("name", name), ("address", address)]

    def _left(self, key: Hashable) -> float:
        count = self._counts.get(key)
        if count is None or count.failures < self._failures:
            return 0.0
        return max(0.0, count.latest + self._seconds - self._clock())
