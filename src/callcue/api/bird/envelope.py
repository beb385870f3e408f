"""Every error of the JSON API, from wherever it comes, in one envelope."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from aiohttp import hdrs, web

from callcue.core.errors import CallcueError, CannotPlayHere, ClipFailed, NotStarted, OutOfRange

from . import views
from .codes import FAULT, OF_ERROR, OF_STATUS, Answer, Code
from .entrance import SCHEME
from .refusals import Details, Refused

PREFIXES = ("/workspaces/", "/sounds/")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Response = TypeVar("Response", bound=web.StreamResponse)

_log = logging.getLogger(__name__)


@web.middleware
async def envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors of this dialect's paths as this dialect does."""
    if not (request.path + "/").startswith(PREFIXES):
        return await handler(request)
    return await answered(handler(request))


async def answered(answering: Awaitable[Response]) -> Response | web.Response:
    """That answer; the envelope where it is an error instead."""
    try:
        return await answering
    except (Refused, CallcueError) as error:
        return error_response(*described(error))
    except web.HTTPException as error:
        return _of_aiohttp(error)
    except Exception:
        _log.exception("a request of the JSON API failed")
        return error_response(FAULT)


def described(error: Refused | CallcueError) -> tuple[Answer, Details | None]:
    """The answer to that error, and what is wrong, by JSON path."""
    if isinstance(error, Refused):
        return error.answer, error.details
    return answer_to(error), _details(error)


def answer_to(error: CallcueError) -> Answer:
    """The answer to an error of the core; to its base's, where it has none of its own."""
    answer = next((OF_ERROR[kind] for kind in type(error).mro() if kind in OF_ERROR), FAULT)
    if isinstance(error, CannotPlayHere | NotStarted):
        return replace(answer, message=f"{answer.message}: {error}")
    return answer


def error_response(answer: Answer, details: Details | None = None) -> web.Response:
    """The envelope itself: {code, message[, details]}."""
    headers = {}
    if answer.code is Code.UNAUTHORIZED:
        headers[hdrs.WWW_AUTHENTICATE] = SCHEME
    if answer.retry_after is not None:
        headers[hdrs.RETRY_AFTER] = str(answer.retry_after)
    return web.json_response(
        views.error(answer, details),
        status=answer.status,
        headers=headers,
    )


def _details(error: CallcueError) -> Details | None:
    match error:
        case ClipFailed(index=index, why=why):
            return {f"$.media[{index}]": [why]}
        case OutOfRange():
            return {"$.item": [str(error) or "the list has no such item"]}
    return None


def _of_aiohttp(error: web.HTTPException) -> web.Response:
    response = error_response(OF_STATUS.get(error.status, FAULT))
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers[hdrs.ALLOW] = ", ".join(sorted(error.allowed_methods))
    return response
