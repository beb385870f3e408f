"""Threads for slow hashes, which leave the processor to everything else."""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from .stored_passwords import StoredPassword

THREADS, NICENESS = 2, 5
"""For those who have been right before. A hash of argon2 runs in four threads more, which inherit
the niceness."""
STRANGERS_THREADS, STRANGERS_NICENESS = 1, 15


class Lane:
    """A few threads of one niceness, and the row before them."""

    def __init__(self, threads: int, niceness: int) -> None:
        self.turn = asyncio.Semaphore(threads)
        self._pool = ThreadPoolExecutor(
            threads, "password", initializer=_be_modest, initargs=(niceness,)
        )

    async def run(self, wanted: StoredPassword, password: str) -> bool:
        """Whether it matches. Have a `turn` first."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, wanted.matches, password)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _be_modest(niceness: int) -> None:
    """Run in each thread at its start. Only on Linux a thread has a niceness of its own."""
    if sys.platform == "linux":
        with suppress(OSError):
            ours = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, 0, min(19, ours + niceness))
