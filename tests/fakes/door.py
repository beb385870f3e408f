"""The real app behind its doorman, and visitors from any address of loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from callcue.api.doorman import Doorman
from callcue.app import DOORMAN, REFUSALS, make_app
from callcue.core.refusals import Bound, Refusals
from callcue.serving import LONGEST_LINE, listening

from .ledger import FakeLedger
from .service import IMPATIENT, settings
from .telephony import FakeTelephony

LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


async def until(condition: Callable[[], object], within: float = 20.0) -> None:
    """Wait until *condition* holds; the doorman tells nobody."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


@dataclass
class Visitor:
    """One connection, by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self) -> bytes:
        """The head of the next answer, and its body; what there is where the connection ends."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return head + await self.reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            return error.partial
        except ConnectionError:
            return b""

    async def is_answered(self) -> bool:
        await self.says(LIVE)
        return (await self.hears()).startswith(b"HTTP/1.1 200")

    async def is_cut_off(self, within: float = 20.0) -> bool:
        """Wait for the end, whatever comes before it."""
        try:
            async with asyncio.timeout(within):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return True


@dataclass
class Entrance:
    doorman: Doorman
    refusals: Refusals
    port: int
    visitors: list[Visitor] = field(default_factory=list)

    async def visitor(self, address: str = "127.0.0.1") -> Visitor:
        opened = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(address, 0), limit=1024 * 1024
        )
        self.visitors.append(Visitor(*opened))
        return self.visitors[-1]

    async def guest(self, address: str = "127.0.0.1") -> Visitor:
        """A visitor who has been let in."""
        before = len(self.doorman)
        visitor = await self.visitor(address)
        await until(lambda: len(self.doorman) > before)
        return visitor

    def refused(self, bound: Bound) -> int:
        return self.refusals.counts()[bound]


@asynccontextmanager
async def at_the_door(**http: Any) -> AsyncIterator[Entrance]:
    """A running service; *http* is that table of its settings."""
    made = settings(http=http)
    app = make_app(made, [FakeTelephony(made.servers[0])], FakeLedger(), IMPATIENT)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=1.0,
        max_line_size=LONGEST_LINE,
        keepalive_timeout=made.http.idle_seconds,
    )
    await runner.setup()
    assert runner.server is not None
    app[DOORMAN].serves(runner.server)
    entrance: Entrance | None = None
    try:
        async with listening(app[DOORMAN], "127.0.0.1", 0) as port:
            entrance = Entrance(app[DOORMAN], app[REFUSALS], port)
            yield entrance
    finally:
        for visitor in entrance.visitors if entrance is not None else ():
            visitor.writer.transport.abort()
        await runner.cleanup()
