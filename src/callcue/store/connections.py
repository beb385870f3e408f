"""Connections to SQLite as the store wants them, and the end of their threads."""

import asyncio
from threading import Thread

import aiosqlite

_LONGEST_END = 2.0


class Connections:
    """Makes connections. Each has a thread; `ended` waits for those."""

    def __init__(self, file: str, busy_seconds: float) -> None:
        self._file = file
        self._busy_seconds = busy_seconds
        self._threads: list[Thread] = []

    async def connect(self) -> aiosqlite.Connection:
        """A new connection. Raises what sqlite3 raises."""
        connection = aiosqlite.connect(
            self._file,
            timeout=self._busy_seconds,
            # The driver would begin transactions when it likes. We do: a reader that turns into a
            # writer is refused at once, however long it would wait.
            isolation_level=None,
            check_same_thread=False,
        )
        thread = connection._thread
        thread.daemon = True  # one that hangs in a file system keeps nobody from ending
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        connection = await connection
        try:
            # Readers and a writer do not wait for each other, and no power failure breaks the file.
            await connection.execute("PRAGMA journal_mode=WAL")
            await connection.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            await connection.close()
            raise
        return connection

    async def ended(self) -> None:
        """Wait until no thread has anything to tell the event loop, which may end after this."""
        for thread in self._threads:
            await asyncio.to_thread(thread.join, _LONGEST_END)
        self._threads.clear()
