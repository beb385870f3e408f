"""One line in the log for every request: never its query, its headers or its body."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from callcue.core.behind import behind
from callcue.core.tracing import REQUEST

from .counts import RequestCount, Uncounted

REQUEST_ID = "X-Request-Id"

CLIENT_GONE = 499
"""What a request counts as whose client did not wait for the answer; nginx calls it so."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Ids of others that are taken over: what may stand in any log and any header."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger("callcue.requests")


def request_log(count: RequestCount | None = None) -> Middleware:
    """The outermost middleware; each answer is counted too."""
    counted = count or Uncounted()

    @web.middleware
    async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give the request an id, which every line it causes carries, and log how it ended."""
        request_id = _id_of(request)
        began = time.perf_counter()
        status = 500
        before = REQUEST.set(request_id)
        try:
            response = await handler(request)
            status = response.status
            response.headers[REQUEST_ID] = request_id
            return response
        except asyncio.CancelledError:
            status = CLIENT_GONE
            raise
        except web.HTTPException as error:
            status = error.status
            error.headers[REQUEST_ID] = request_id
            raise
        finally:
            seconds = time.perf_counter() - began
            # Figures behind the answer, but not so long after it that they would lag.
            asyncio.get_running_loop().call_soon(counted.answered, request, status)
            behind(_write, request, status, seconds)
            REQUEST.reset(before)

    return logged


def _id_of(request: web.Request) -> str:
    """The caller's own, if it has one and it is fit to be one; else a new one."""
    given = request.headers.getall(REQUEST_ID, ())
    if len(given) == 1 and _ID.fullmatch(given[0]):
        return given[0]
    return uuid4().hex


def _write(request: web.Request, status: int, seconds: float) -> None:
    # The path as it came, still encoded: a line end in it stays %0A. The query is cut off: api.php
    # carries a password there.
    path = request.raw_path.partition("?")[0].partition("#")[0]
    _log.info(
        "request",
        method=request.method,
        path=path[:200],
        status=status,
        ms=round(seconds * 1000, 1),
    )
