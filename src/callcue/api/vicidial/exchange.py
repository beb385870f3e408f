"""One request on its way to the server behind us, and its answer on the way back."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict

from .hop_headers import without_hop_by_hop

_log = logging.getLogger(__name__)

_PIECE = 64 * 1024
_BEGINNING = 512
"""Bytes of an answer that are looked at."""


class UpstreamFailed(Exception):
    """There is no answer; the text says why, in words that anybody may read."""


@dataclass(frozen=True, slots=True)
class UpstreamLimits:
    """What a request may take."""

    connect_seconds: float = 5.0
    """Until there is a connection, the wait for a free one included."""
    idle_seconds: float = 30.0
    """Without a byte in either direction."""
    longest_seconds: float = 600.0
    connections: int = 100
    largest_form: int = 1024 * 1024
    """Bytes of a form that is looked at for its function."""
    largest_body: int = 64 * 1024 * 1024
    """Bytes of any body."""


class Extra(Protocol):
    """Headers to be added to an answer, which may depend on those it has."""

    def __call__(self, headers: CIMultiDict[str]) -> None:
        """Add them."""


class PassedOn(web.StreamResponse):
    """An answer that is not ours. Of the headers that aiohttp adds it keeps none."""

    def __init__(self, status: int, reason: str | None, headers: CIMultiDict[str]) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        self.begin = b""
        """The first bytes of the body."""
        self._made_up = [
            name for name in (hdrs.CONTENT_TYPE, hdrs.SERVER, hdrs.DATE) if name not in headers
        ]

    @property
    def readable(self) -> str:
        """The first words, if it is text that is not packed."""
        kind = self.headers.get(hdrs.CONTENT_TYPE, "text/html").lower()
        if hdrs.CONTENT_ENCODING in self.headers or not kind.startswith("text/"):
            return ""
        return self.begin.decode("utf-8", "replace")

    def forget_made_up(self) -> None:
        """Called when the headers are complete and not sent yet."""
        for name in self._made_up:
            self.headers.popall(name, None)


async def before_headers(_: web.Request, response: web.StreamResponse) -> None:
    """A signal of the app (`on_response_prepare`)."""
    if isinstance(response, PassedOn):
        response.forget_made_up()


class Exchange:
    """One request on its way."""

    def __init__(self, request: web.Request, limits: UpstreamLimits) -> None:
        self._request = request
        self._limits = limits
        self._last = asyncio.get_running_loop().time() + limits.longest_seconds
        self._timeout: asyncio.Timeout | None = None
        self._sent = False
        self.response = PassedOn(502, None, CIMultiDict())

    async def once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """A middleware of the client: it is called for every try, and there is one."""
        if self._sent:
            raise aiohttp.ClientConnectionError("lost")
        self._sent = True
        return await handler(request)

    def moves(self, timeout: asyncio.Timeout | None = None) -> None:
        """Something has come or gone: the time without a byte begins anew."""
        self._timeout = timeout or self._timeout
        if self._timeout is not None and not self._timeout.expired():
            now = asyncio.get_running_loop().time()
            self._timeout.reschedule(min(now + self._limits.idle_seconds, self._last))

    async def body(self, read: bytes | None) -> AsyncIterator[bytes]:
        """What the client sends, as it comes; *read*: what has come already, which is all."""
        if read is not None:
            for begin in range(0, len(read), _PIECE):
                yield read[begin : begin + _PIECE]
                self.moves()
            return
        size = 0
        async for chunk in self._request.content.iter_any():
            size += len(chunk)
            if size > self._limits.largest_body:
                raise ValueError("the body is too long")
            self.moves()
            yield chunk
            self.moves()

    async def stream(self, answer: aiohttp.ClientResponse, extra: Extra | None) -> None:
        """Hand the answer on, as it comes."""
        headers = without_hop_by_hop(answer.headers)
        if extra is not None:
            extra(headers)
        response = self.response = PassedOn(answer.status, answer.reason, headers)
        await response.prepare(self._request)
        async for chunk in answer.content.iter_any():
            self.moves()
            if len(response.begin) < _BEGINNING:
                response.begin += chunk[: _BEGINNING - len(response.begin)]
            await response.write(chunk)
            self.moves()
        await response.write_eof()

    def failed(self, reason: str) -> None:
        """Half an answer must not look like a whole one: there the connection is cut.

        Raises:
            UpstreamFailed: nothing of an answer has been sent.

        """
        transport = self._request.transport
        if transport is None or transport.is_closing():
            _log.info("a client went away before its answer from behind us was whole")
        else:
            _log.warning("the server behind us: %s", reason)
        if not self.response.prepared:
            raise UpstreamFailed(reason)
        self.response.force_close()
        if transport is not None:
            transport.abort()

    def over(self) -> None:
        """Nothing counts any more; a body that is still being read may end by itself."""
        self._timeout = None
