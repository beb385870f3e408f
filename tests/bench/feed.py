"""More calls than this machine could hold: a go-between on callcue's AMI link that adds them.

Everything passes unchanged in both directions. Between two messages of Asterisk it can say that
further channels have entered rooms, in Asterisk's own words. So callcue knows thousands of calls
while Asterisk has the few that it can mix.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid5

from real.pbx import Pbx

from .contestant import Place

_END = b"\r\n\r\n"
_GREETING_END = b"\r\n"
_NAMES = UUID(int=0)


class Feed:
    """The go-between; `port` is where callcue finds its Asterisk."""

    def __init__(self) -> None:
        self.port = 0
        self._to_callcue: asyncio.StreamWriter | None = None
        self._known = 0

    async def know(self, wanted: int) -> Place:
        """Let there be so many calls beside the real ones; returns the newest."""
        assert self._to_callcue is not None
        messages = [m for n in range(self._known, wanted) for m in _comes(call(n))]
        messages += [m for n in range(wanted, self._known) for m in _goes(call(n))]
        self._known = wanted
        self._to_callcue.write(b"".join(messages))
        await self._to_callcue.drain()
        return call(wanted - 1)

    async def connect(
        self, pbx: Pbx, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Callcue has called: stand between it and Asterisk."""
        from_asterisk, to_asterisk = await asyncio.open_connection(pbx.host, pbx.port)
        self._to_callcue = writer
        writer.write(await from_asterisk.readuntil(_GREETING_END))
        directions = (_pass(reader, to_asterisk), _pass(from_asterisk, writer, whole=True))
        with suppress(ConnectionError):
            await asyncio.gather(*directions)


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, whole: bool = False
) -> None:
    """Pass bytes on; only whole messages, where others may be put between them."""
    rest = b""
    while data := await reader.read(65536):
        rest += data
        end = rest.rfind(_END) + len(_END) if whole else len(rest)
        if end >= len(_END) or not whole:
            writer.write(rest[:end])
            rest = rest[end:]
    writer.close()


def call(number: int) -> Place:
    """The n-th of the calls that are not there; two share a room."""
    return Place(f"9{number // 2:05d}", f"fed-{number}", uuid5(_NAMES, str(number)))


def _comes(place: Place) -> Iterable[bytes]:
    yield _event("VarSet", place, Variable="CALLCUE_AGENT", Value=place.agent)
    yield _event("ConfbridgeJoin", place, Conference=place.number)


def _goes(place: Place) -> Iterable[bytes]:
    yield _event("ConfbridgeLeave", place, Conference=place.number)
    yield _event("Hangup", place)


def _event(name: str, place: Place, **more: str) -> bytes:
    headers = {
        "Event": name,
        "Channel": f"PJSIP/fed-{place.call.hex[:8]}",
        "Context": "fed",
        "Exten": place.number,
        "Uniqueid": str(place.call),
        **more,
    }
    return "".join(f"{key}: {value}\r\n" for key, value in headers.items()).encode() + b"\r\n"


@asynccontextmanager
async def feeding(pbx: Pbx) -> AsyncIterator[Feed]:
    """A go-between to *pbx*."""
    feed = Feed()
    server = await asyncio.start_server(
        lambda reader, writer: feed.connect(pbx, reader, writer), "127.0.0.1", 0
    )
    feed.port = server.sockets[0].getsockname()[1]
    try:
        yield feed
    finally:
        server.close()
