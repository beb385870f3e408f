"""One line in the log for every request: never its query, its headers or its body."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import uuid4

import structlog
from aiohttp import web

REQUEST_ID = "X-Request-Id"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = structlog.get_logger("callcue.requests")


@web.middleware
async def request_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, which every line it logs carries, and log how it ended."""
    request_id = uuid4().hex
    began = time.perf_counter()
    status = 500
    with structlog.contextvars.bound_contextvars(request=request_id):
        try:
            response = await handler(request)
            status = response.status
            response.headers[REQUEST_ID] = request_id
            return response
        except web.HTTPException as error:
            status = error.status
            error.headers[REQUEST_ID] = request_id
            raise
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            # The path as it came, still encoded: a line end in it stays %0A. The query is cut
            # off: api.php carries a password there.
            path = request.raw_path.partition("?")[0].partition("#")[0]
            line = partial(
                _log.info,
                "request",
                method=request.method,
                path=path[:200],
                status=status,
                ms=milliseconds,
            )
            # Behind the answer: who asked need not wait until it is written.
            asyncio.get_running_loop().call_soon(line)
