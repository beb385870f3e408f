"""The real VICIdial behind us: requests go there, and answers come back, as they are.

Nothing is altered but what belongs to one connection: its hop-by-hop headers, `Host`, and
`X-Forwarded-For`, where the client's address is appended. Bodies are streamed both ways, never
unpacked; redirects are the client's to follow.

Each request is sent once, on a connection of its own. HTTP clients send a GET again when its
connection is lost before the answer, and many a function here must not be done twice.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from .request import BodyIsGone, body_that_was_read, target

_log = logging.getLogger(__name__)

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_THIS_HOP = frozenset({"host", "x-forwarded-for"})
_NOT_MADE_UP = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT, hdrs.CONTENT_TYPE)
LONGEST_HEADER = 64 * 1024
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


class Upstream:
    """Passes requests on, while it is `running`."""

    def __init__(
        self, base: str, limits: UpstreamLimits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """*base*: what stands before the path; *tls*: whom to trust, else as the system does."""
        self._base = base.rstrip("/")
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self.limits = limits or UpstreamLimits()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hold the connections for as long as the service runs."""
        connector = aiohttp.TCPConnector(
            limit=self.limits.connections, force_close=True, ssl=self._tls or True
        )
        connect = aiohttp.ClientTimeout(total=None, connect=self.limits.connect_seconds)
        self._session = aiohttp.ClientSession(
            connector=connector,
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=connect,
            auto_decompress=False,
            skip_auto_headers=_NOT_MADE_UP,
        )
        try:
            async with self._session:
                yield
        finally:
            self._session = None

    async def pass_on(self, request: web.Request, extra: Extra | None = None) -> PassedOn:
        """Send it and stream the answer.

        An answer that breaks off breaks off for the client too: its connection is cut.

        Raises:
            UpstreamFailed: before anything was answered.

        """
        if self._session is None:
            raise UpstreamFailed("not running")
        if (request.content_length or 0) > self.limits.largest_body:
            raise UpstreamFailed("the body is too long")
        try:
            body = body_that_was_read(request)
        except BodyIsGone:
            raise UpstreamFailed("the form is too long, or broken") from None
        exchange = _Exchange(request, self.limits)
        url = URL(self._base + _sendable(target(request)), encoded=True)
        try:
            async with asyncio.timeout(None) as timeout:
                exchange.moves(timeout)
                async with self._session.request(
                    request.method,
                    url,
                    headers=_to_upstream(request),
                    data=exchange.body(body) if body or request.can_read_body else None,
                    allow_redirects=False,
                    middlewares=(exchange.once,),
                ) as answer:
                    await exchange.stream(answer, extra)
        except TimeoutError:
            exchange.failed("no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The text of the error may quote the address with its query, so only its kind.
            exchange.failed(f"no answer: {type(error).__name__}")
        return exchange.response


class _Exchange:
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
        headers = _without_hop_by_hop(answer.headers)
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
        _log.warning("the server behind us: %s", reason)
        if not self.response.prepared:
            raise UpstreamFailed(reason)
        self.response.force_close()
        if self._request.transport is not None:
            self._request.transport.abort()


def _to_upstream(request: web.Request) -> CIMultiDict[str]:
    headers = _without_hop_by_hop(request.headers)
    for name in _OF_THIS_HOP:
        headers.popall(name, None)
    hops = [*request.headers.getall(hdrs.X_FORWARDED_FOR, []), request.remote or "unknown"]
    headers[hdrs.X_FORWARDED_FOR] = ", ".join(map(_sendable, hops))
    return headers


def _without_hop_by_hop(headers: MultiMapping[str]) -> CIMultiDict[str]:
    named = ",".join(headers.getall(hdrs.CONNECTION, [])).lower().split(",")
    dropped = _HOP_BY_HOP.union(name.strip() for name in named)
    kept: CIMultiDict[str] = CIMultiDict()
    spelt: dict[str, str] = {}
    for name, value in headers.items():
        if name.lower() not in dropped:
            # aiohttp's client loses one of two names that differ in case alone.
            kept.add(spelt.setdefault(name.lower(), name), _sendable(value))
    return kept


def _sendable(text: str) -> str:
    """aiohttp sends UTF-8; bytes that are none cannot go through it as they are."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
