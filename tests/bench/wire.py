"""A bare HTTP client: one connection, one request at a time, nothing looked at that is not needed.

A client library would cost as much CPU as the service does, on the same two cores.
"""

import asyncio
from collections.abc import Mapping
from typing import Self, cast

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Answer:
    """Status and body."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


class Wire(asyncio.Protocol):
    """A connection that is kept open."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connect."""
        _, wire = await asyncio.get_running_loop().create_connection(cls, host, port)
        return wire

    async def ask(self, request: bytes) -> Answer:
        """Send a whole request, made by `request`, and return its answer."""
        assert self._transport is not None
        assert self._waiting is None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._waiting
        except asyncio.CancelledError:
            self.close()  # else the answer would come to the next who asks
            raise

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked here any more."""
        return self._transport is None or self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(_END)
        if head < 0:
            return
        whole = head + len(_END) + _length(self._buffer[:head])
        if len(self._buffer) < whole or self._waiting is None or self._waiting.done():
            return
        answer = Answer(int(self._buffer[9:12]), self._buffer[head + len(_END) : whole])
        self._buffer = self._buffer[whole:]
        waiting, self._waiting = self._waiting, None
        waiting.set_result(answer)


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(_LENGTH)
    return 0 if at < 0 else int(lowered[at + len(_LENGTH) :].partition(b"\r\n")[0])


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    if body:
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Wires:
    """A connection for each room, so that rooms can be asked in parallel."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._open: dict[str, Wire] = {}

    async def ask(self, room: str, request: bytes) -> Answer:
        """Ask on that room's connection."""
        wire = self._open.get(room)
        if wire is None or wire.closed:
            wire = self._open[room] = await Wire.open(*self._address)
        return await wire.ask(request)

    def close(self) -> None:
        """Hang all up."""
        for wire in self._open.values():
            wire.close()
        self._open.clear()
