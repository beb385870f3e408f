"""One HTTP connection, watched from outside: aiohttp speaks with it, and we look at the clock."""

import asyncio
from typing import Protocol, cast

from aiohttp import StreamReader

from callcue.core.refusals import Bound

HEAD_SECONDS = 10.0
"""For the head of a request, from its first byte on; of the first one, from the connection on."""
LARGEST_HEAD = 256 * 1024
"""Bytes that may have come a second after the first of them, while there is no whole head."""
BODY_SECONDS = 20.0
"""For a body, and ..."""
SLOWEST_BODY = 4096
"""... a second more for so many bytes that have come."""
READ_SECONDS = 30.0
"""For a client that takes nothing of its answer while more of it waits."""

LINGER_SECONDS = 1.0
"""After the last word to one who is still sending: what comes on a closed connection has the
kernel take that word back."""

_BAD = {
    Bound.CONNECTIONS: "503 Service Unavailable",
    Bound.CONNECTIONS_PER_ADDRESS: "503 Service Unavailable",
    Bound.SLOW_HEAD: "408 Request Timeout",
    Bound.LARGE_HEAD: "431 Request Header Fields Too Large",
}
"""What may be said to whom we have not begun to answer. The others are just cut off."""


class HttpProtocol(Protocol):
    """What aiohttp makes for each connection, as far as it is used here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As of `asyncio.Protocol`, and so are the others."""

    def connection_lost(self, exc: BaseException | None) -> None: ...  # noqa: D102

    def data_received(self, data: bytes) -> None: ...  # noqa: D102

    def eof_received(self) -> None: ...  # noqa: D102

    def pause_writing(self) -> None: ...  # noqa: D102

    def resume_writing(self) -> None: ...  # noqa: D102


class Door(Protocol):
    """Who lets guests in."""

    def admit(self, guest: "Guest") -> HttpProtocol | None:
        """What is to speak with it; None if it must go."""

    def left(self, guest: "Guest") -> None:
        """It has gone."""


class Guest(asyncio.Protocol):
    """Passes everything on to aiohttp, and notes when what came."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._inner: HttpProtocol | None = None
        self._transport: asyncio.Transport | None = None
        self._since = self._loop.time()
        """Since when it is in this stage: without a request, or in one."""
        self._head_since: float | None = self._since
        """Since when a head is awaited; None for one who may rest between two requests."""
        self._received = 0
        self._body: StreamReader | None = None
        self._unread_since: float | None = None
        self._dismissed = False
        self.in_request = False

    # ---- what the loop tells --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at the door first."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has no such base
        self._inner = self._door.admit(self)
        if self._inner is not None:
            self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Count, and pass it on."""
        if self._dismissed:
            return
        self._received += len(data)
        if self._head_since is None and not self.in_request:
            self._head_since = self._loop.time()
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on, and leave."""
        if self._inner is not None:
            self._door.left(self)
            self._inner.connection_lost(exc)
        # Nothing is left that holds on to itself: it would be there until somebody looks for it.
        self._inner = self._transport = self._body = None

    def pause_writing(self) -> None:
        """It does not take what is written."""
        self._unread_since = self._loop.time()
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._unread_since = None
        if self._inner is not None:
            self._inner.resume_writing()

    # ---- what the door asks and tells -----------------------------------------------------------

    @property
    def peer(self) -> str:
        """Its address, without what proxies say of it."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return str(name[0]) if name else ""

    def request_begins(self, body: StreamReader) -> None:
        """A whole head is there."""
        self.in_request = True
        self._since = self._loop.time()
        self._head_since, self._body = None, body

    def request_ends(self) -> None:
        """Its answer is made, and may still have to be sent."""
        self.in_request = False
        self._since = self._loop.time()
        self._received = 0

    def rests(self, seconds: float) -> bool:
        """Whether it has had nothing to do for so long, and may be closed without loss."""
        return (
            not self.in_request
            and self._unread_since is None
            and self._loop.time() - self._since >= seconds
        )

    def fault(self, tick: float) -> Bound | None:
        """Which bound it has passed by now. To be asked every *tick* seconds."""
        now = self._loop.time()
        if self._transport is None or self._dismissed:  # it has just gone, or goes
            return None
        if self._transport.is_closing() and self._unread_since is None:
            self._unread_since = now  # it is closed as soon as all has been taken
        if self._unread_since is not None:
            return Bound.SLOW_READER if now - self._unread_since > READ_SECONDS else None
        if self._body is not None:
            if not self._body.is_eof():
                return self._fault_of_body(now, tick)
            self._body = None
            if not self.in_request:  # it was answered before it had all been sent
                self._since, self._received, self._head_since = now, 0, None
        if self._head_since is not None:
            return self._fault_of_head(now - self._head_since)
        return None

    def _fault_of_head(self, waited: float) -> Bound | None:
        if waited > HEAD_SECONDS:
            return Bound.SLOW_HEAD
        # In the first second a body, too, may have come that nobody has begun to look at.
        return Bound.LARGE_HEAD if waited > 1.0 and self._received > LARGEST_HEAD else None

    def _fault_of_body(self, now: float, tick: float) -> Bound | None:
        assert self._transport is not None
        if not self._transport.is_reading():  # we are the ones who are slow
            self._since += tick
        allowed = BODY_SECONDS + self._received / SLOWEST_BODY
        return Bound.SLOW_BODY if now - self._since > allowed else None

    def send_away(self, bound: Bound) -> None:
        """Say why, where that can be said, and close."""
        if self._transport is None:
            return
        if bound in (Bound.SLOW_BODY, Bound.SLOW_READER):
            self._abort()
            return
        if bound in _BAD and (self._received or self._inner is None):
            self._transport.write(_answer(_BAD[bound]))
        if self._received and self._transport.can_write_eof():
            self._dismissed = True
            self._transport.write_eof()
            self._loop.call_later(LINGER_SECONDS, self._abort)
            return
        self._transport.close()
        self._loop.call_later(READ_SECONDS, self._abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _answer(status: str) -> bytes:
    text = f"{status}\n"
    lines = (
        f"HTTP/1.1 {status}",
        "Content-Type: text/plain",
        f"Content-Length: {len(text)}",
        "Retry-After: 1",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", text]).encode()
