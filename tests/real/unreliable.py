"""A wire between callcue and an Asterisk on which everything may go wrong."""

import asyncio
from contextlib import suppress
from typing import Self

PIECES = 1_000
"""So many at most are made of what arrives together: byte by byte all of a busy Asterisk's events
would take seconds, and what is meant here is no slow wire."""


class Wire:
    """Listens at `port`, and passes on to *target* what it may."""

    def __init__(self, target: int) -> None:
        """*target*: the port of AMI, on loopback."""
        self.target = target
        self.port = 0
        self.delay = 0.0
        """Seconds, each way, for each piece that arrives."""
        self.splits = False
        """Whether it comes byte by byte, or near that."""
        self._open = asyncio.Event()
        self._open.set()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def swallow(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self._open.clear()

    def pass_on(self) -> None:
        """All is well again; what was held back arrives."""
        self._open.set()

    def drop(self) -> None:
        """Break every connection."""
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()

    def close_one_side(self) -> None:
        """Asterisk seems to have said its last word; it still listens."""
        for to_callcue, _ in self._pairs:
            with suppress(OSError):
                to_callcue.write_eof()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter] | None = None
        try:
            from_asterisk, to_asterisk = await asyncio.open_connection("127.0.0.1", self.target)
            pair = (writer, to_asterisk)
            self._pairs.add(pair)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, to_asterisk))
                group.create_task(self._pass(from_asterisk, writer))
        except* OSError:
            pass
        finally:
            self._tasks.discard(task)
            for each in pair or (writer,):
                each.transport.abort()
            self._pairs.discard(pair or (writer, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._open.wait()
            size = -(-len(data) // PIECES)
            while self.splits and data:
                writer.write(data[:size])
                data = data[size:]
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError("one side has closed")
