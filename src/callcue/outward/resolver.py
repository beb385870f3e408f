"""The machine's own way to find the addresses of a name."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread

Answer = asyncio.Future[Sequence[str]]


class SystemResolver:
    """Asks in threads of its own: a dead name server is not to hold up the others.

    A thread waits for as long as the system does, long after nobody waits for it any more.
    """

    def __init__(self, threads: int = 32) -> None:
        self._free = asyncio.Semaphore(threads)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """See `callcue.outward.addresses.Resolve`."""
        await self._free.acquire()
        answer: Answer = asyncio.get_running_loop().create_future()
        # Not of an executor, which is waited for: no name server keeps us from ending.
        thread = Thread(target=self._ask, args=(host, port, answer), name="resolver", daemon=True)
        try:
            thread.start()
        except BaseException:
            self._free.release()
            raise
        return await answer

    def _ask(self, host: str, port: int, answer: Answer) -> None:
        found: Sequence[str] | Exception
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [str(sockaddr[0]) for *_, sockaddr in entries]
        except Exception as error:  # whoever asked is to have it
            found = error
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            answer.get_loop().call_soon_threadsafe(self._answered, answer, found)

    def _answered(self, answer: Answer, found: Sequence[str] | Exception) -> None:
        self._free.release()
        if answer.done():  # nobody waits any more
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)
