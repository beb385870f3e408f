"""Requests that may be on their way: a bound over all, and a share of it for each workspace."""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary

AT_ONCE = 64
"""To all receivers together."""
OF_A_WORKSPACE = 16
"""To those of one workspace: be they ever so slow, others have slots, too."""


class Slots:
    """Those of one workspace."""

    def __init__(self, all_slots: asyncio.Semaphore) -> None:
        self._own = asyncio.Semaphore(OF_A_WORKSPACE)
        self._all = all_slots

    async def acquire(self) -> None:
        """Wait for one."""
        await self._own.acquire()
        try:
            await self._all.acquire()
        except BaseException:
            self._own.release()
            raise

    def release(self) -> None:
        """It is free again."""
        self._all.release()
        self._own.release()


class AllSlots:
    """Has `Slots` for as long as somebody holds them."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        self._shares: WeakValueDictionary[UUID, Slots] = WeakValueDictionary()

    def of(self, workspace: UUID) -> Slots:
        """All that ask for those of a workspace have the same."""
        return self._shares.setdefault(workspace, Slots(self._all))
