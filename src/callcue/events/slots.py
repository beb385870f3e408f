"""Requests on their way to receivers: so many, and one begins after the other.

There is a bound over all, and a share of it for each workspace.
"""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary

AT_ONCE = 64
"""To all receivers together."""
OF_A_WORKSPACE = 16
"""To those of one workspace: be they ever so slow, others have slots, too."""
APART_SECONDS = 0.002
"""Between two that begin: each costs the loop some 0.4 ms, and who plays is not to notice."""


class AllSlots:
    """Gives each workspace its `Slots`, for as long as somebody holds them."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._turn = asyncio.Lock()
        self._next = 0.0
        self._shares: WeakValueDictionary[UUID, Slots] = WeakValueDictionary()

    def of(self, workspace: UUID) -> "Slots":
        """All that ask for those of a workspace have the same."""
        return self._shares.setdefault(workspace, Slots(self))

    async def acquire(self) -> None:
        """Wait for one, in the order in which they were asked for. An idle one is had at once."""
        await self._free.acquire()
        try:
            async with self._turn:
                clock = asyncio.get_running_loop().time
                if (left := self._next - clock()) > 0:
                    await asyncio.sleep(left)
                self._next = clock() + APART_SECONDS
        except BaseException:
            self._free.release()
            raise

    def release(self) -> None:
        """It is not needed any more."""
        self._free.release()


class Slots:
    """Those of one workspace."""

    def __init__(self, everyones: AllSlots) -> None:
        self._own = asyncio.Semaphore(OF_A_WORKSPACE)
        self._everyones = everyones

    async def acquire(self) -> None:
        """Wait for one."""
        await self._own.acquire()
        try:
            await self._everyones.acquire()
        except BaseException:
            self._own.release()
            raise

    def release(self) -> None:
        """It is not needed any more."""
        self._everyones.release()
        self._own.release()
