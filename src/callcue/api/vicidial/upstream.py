"""The real VICIdial behind us: requests go there, and answers come back, as they are.

Nothing is altered but what belongs to one connection: its hop-by-hop headers, `Host`, and
`X-Forwarded-For`, where the client's address is appended. Bodies are streamed both ways, never
unpacked; redirects are the client's to follow.

Each request is sent once, on a connection of its own. HTTP clients send a GET again when its
connection is lost before the answer, and many a function here must not be done twice.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import hdrs, web
from yarl import URL

from .exchange import Exchange, Extra, PassedOn, UpstreamFailed, UpstreamLimits
from .hop_headers import sendable, to_upstream
from .request import BodyIsGone, body_that_was_read, target

LONGEST_HEADER = 64 * 1024
"""Bytes of one line of an answer's head."""
_NOT_MADE_UP = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT, hdrs.CONTENT_TYPE)


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
        exchange = Exchange(request, self.limits)
        url = URL(self._base + sendable(target(request)), encoded=True)
        try:
            async with asyncio.timeout(None) as timeout:
                exchange.moves(timeout)
                async with self._session.request(
                    request.method,
                    url,
                    headers=to_upstream(request),
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
        finally:
            exchange.over()
        return exchange.response
