"""Requests with an `Idempotency-Key`: each is done once, and answered as often as it is asked."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

from aiohttp import hdrs, web

from callcue.core.errors import RecordUnavailable
from callcue.core.refusals import Bound, Refusals

from . import refusals
from .codes import Code
from .entrance import Visit
from .envelope import answered
from .fingerprint import fingerprint_of, key_of
from .models import LONGEST_WAIT
from .promises import Asked, KeptAnswer, PromiseBook, TooManyKeys

REPLAYED = "Idempotency-Replayed"
TWIN_SECONDS = LONGEST_WAIT + 5.0
"""So long one waits for the answer to another that is at work: hardly any is at it for longer."""

KEPT_HEADERS = (hdrs.RETRY_AFTER, hdrs.LOCATION)
NOTHING_DONE = frozenset(
    {
        Code.BAD_REQUEST,
        Code.INVALID_JSON,
        Code.BODY_TOO_LARGE,
        Code.UNSUPPORTED_MEDIA_TYPE,
        Code.INVALID_REQUEST,
        Code.WEBHOOK_ADDRESS_REFUSED,
        Code.TOO_MANY_REQUESTS,
        Code.ASTERISK_UNAVAILABLE,
        Code.SERVICE_ENDING,
        Code.STORE_UNAVAILABLE,
    }
)
"""Answers that say that it was not even begun, or never heard: the next one with that key begins
anew. All others stand, refusals too."""

VisitHandler = Callable[[Visit, web.Request], Awaitable[web.Response]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Given:
    answer: KeptAnswer
    replayed: bool


@dataclass(frozen=True, slots=True)
class _AtWork:
    fingerprint: str
    given: asyncio.Task[_Given]


class Idempotency:
    """Stands before the handlers of requests that change something."""

    def __init__(
        self, book: PromiseBook, count: Refusals, *, twin_seconds: float = TWIN_SECONDS
    ) -> None:
        self._book = book
        self._count = count
        self._twin_seconds = twin_seconds
        self._at_work: dict[tuple[UUID, str], _AtWork] = {}

    async def answer(
        self, visit: Visit, request: web.Request, handler: VisitHandler
    ) -> web.Response:
        """The handler's answer; of a request with a key the first one's, if there was one.

        Raises:
            Refused: 422 for what is no key, 409 for one that had another request, or whose first
                request is at work for too long, 429 where there is no room for another one.
            RecordUnavailable: it cannot be promised that it is done once. Nothing was done.

        """
        key = key_of(request)
        if key is None:
            return await handler(visit, request)
        asked = Asked(visit.workspace.id, key, await fingerprint_of(request))
        name = (asked.workspace, key)
        at_work = self._at_work.get(name)
        if at_work is not None:
            return _response((await self._of_twin(at_work, asked)).answer, replayed=True)
        # A task of its own: a client that goes away takes the answer from nobody else.
        task = asyncio.create_task(self._give(asked, visit, request, handler))
        self._at_work[name] = _AtWork(asked.fingerprint, task)
        task.add_done_callback(lambda _: self._at_work.pop(name))
        given = await asyncio.shield(task)
        return _response(given.answer, replayed=given.replayed)

    async def _of_twin(self, at_work: _AtWork, asked: Asked) -> _Given:
        if at_work.fingerprint != asked.fingerprint:
            raise refusals.key_reused()
        try:
            async with asyncio.timeout(self._twin_seconds):
                return await asyncio.shield(at_work.given)
        except TimeoutError:
            raise refusals.key_in_use() from None

    async def _give(
        self, asked: Asked, visit: Visit, request: web.Request, handler: VisitHandler
    ) -> _Given:
        try:
            promise = await self._book.make(asked)
        except TooManyKeys:
            self._count.count(Bound.IDEMPOTENCY_KEYS)
            raise refusals.too_many_keys() from None
        if promise.fingerprint != asked.fingerprint:
            raise refusals.key_reused()
        if promise.answer is not None:
            return _Given(promise.answer, replayed=True)
        response = await answered(handler(replace(visit, promise=promise), request))
        answer = _kept(response)
        await self._conclude(asked, answer)
        return _Given(answer, replayed=False)

    async def _conclude(self, asked: Asked, answer: KeptAnswer) -> None:
        try:
            if _code(answer) in NOTHING_DONE:
                await self._book.release(asked)
            else:
                await self._book.keep(asked, answer)
        except RecordUnavailable as error:
            # The promise itself is kept: by it the playback is found when the request comes again.
            _log.warning("the answer to a request with a key is not kept: %s", error)


def _kept(response: web.Response) -> KeptAnswer:
    headers = {
        str(name): response.headers[name] for name in KEPT_HEADERS if name in response.headers
    }
    return KeptAnswer(response.status, headers, response.text or "")


def _code(answer: KeptAnswer) -> str:
    return str(json.loads(answer.body)["code"]) if answer.status >= 400 else ""


def _response(answer: KeptAnswer, *, replayed: bool) -> web.Response:
    return web.Response(
        status=answer.status,
        text=answer.body or None,
        content_type="application/json" if answer.body else None,
        headers={**answer.headers, **({REPLAYED: "true"} if replayed else {})},
    )
