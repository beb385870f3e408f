"""Requests on their way to all receivers together: so many, and one begins after the other."""

import asyncio

AT_ONCE = 64
APART_SECONDS = 0.002
"""Between two that begin: each costs the loop some 0.4 ms, and who plays is not to notice."""


class Slots:
    """Given out in the order in which they were asked for. An idle one is had at once."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._turn = asyncio.Lock()
        self._next = 0.0

    async def acquire(self) -> None:
        """Wait for one."""
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
