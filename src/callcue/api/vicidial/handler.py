"""The one handler of `api.php`: the checks in VICIdial's order, and always HTTP 200."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from aiohttp import web

from callcue.api.address import ClientAddress
from callcue.api.rates import Paces, TooOften
from callcue.api.users import UsersOutOfReach

from . import fronter, replies, wire
from .cors import Cors
from .elsewhere import Elsewhere
from .exchange import PassedOn
from .functions import Function, Said
from .login import Refused, Users
from .parameters import Parameters
from .record import Asked, NoRecord, Record
from .request import Received, receive

_log = logging.getLogger(__name__)

_SHORTEST_SOURCE = 2
_BEFORE_LOGIN = wire.COFFEE_FUNCTIONS | {wire.VERSION_FUNCTION}


class ApiPhp:
    """What a screen finds where VICIdial's api.php was."""

    def __init__(
        self,
        *,
        functions: Mapping[str, Function],
        users: Users,
        paces: Paces,
        address: ClientAddress,
        build: str,
        active: bool = True,
        switch: Callable[[], Awaitable[bool]] | None = None,
        cors: Cors | None = None,
        elsewhere: Elsewhere | None = None,
        record: Record | None = None,
    ) -> None:
        """*paces*: how often each user may ask.

        *build* is our version; *active* false answers that the API is off;
        *switch* says whether it is on by somebody else's word, too.

        *functions*: those answered here, by their names. All others are passed on to *elsewhere*;
        without it they are answered as VICIdial answers what it does not know.
        """
        self._functions = functions
        self._users = users
        self._paces = paces
        self._address = address
        self._build = build
        self._active = active
        self._switch = switch
        self._cors = cors or Cors()
        self._elsewhere = elsewhere
        self._record = record or NoRecord()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if self._cors.answers(request):
            return web.Response(headers=self._cors.of(request))
        came, began = datetime.now(UTC), time.perf_counter()
        address = self._address.of(request)
        asked, answer = await self._answer(request, address)
        record = Asked(came, asked, address)
        if isinstance(answer, PassedOn):
            seconds = time.perf_counter() - began
            self._record.wrote(record.passed_on(answer.status, answer.readable, seconds))
            return answer
        text = _text(answer, asked)
        self._record.wrote(record.answered(text, time.perf_counter() - began))
        return web.Response(
            text=text,
            status=answer.status,
            content_type="text/html",
            charset="utf-8",
            headers={**wire.HEADERS, **self._cors.of(request)},
        )

    async def _answer(
        self, request: web.Request, address: str
    ) -> tuple[Parameters, PassedOn | Said]:
        asked = Parameters()
        try:
            received = await self._receive(request)
            asked = received.asked
            if self._elsewhere is not None and not self._is_ours(asked.function):
                return asked, await self._elsewhere.answer(request, received)
            return asked, await self._say(asked, address)
        except Refused as refused:
            return asked, Said(refused.line, ends_here=True)
        except UsersOutOfReach:
            line = replies.invalid_login(asked.user, wire.ERRSERVERS)
            return asked, Said(line, ends_here=True)
        except web.HTTPNotFound:
            raise
        except Exception:
            # A screen reads the line, never the status: a fault of ours is an ERROR line too.
            _log.exception("api.php failed")
            return asked, Said(replies.Replies(asked, asked.agent_user).say(wire.FAULT))

    async def _receive(self, request: web.Request) -> Received:
        if self._elsewhere is None:
            return await receive(request)
        return await receive(request, self._is_ours, self._elsewhere.largest_form)

    def _is_ours(self, function: str) -> bool:
        return function in self._functions or function in _BEFORE_LOGIN

    async def _say(self, asked: Parameters, address: str) -> Said:
        if asked.function == wire.VERSION_FUNCTION:
            return Said(replies.version(self._build), ends_here=True)
        if asked.function in wire.COFFEE_FUNCTIONS:
            coffee = replies.coffee(asked.function)
            return Said(coffee, ends_here=True, status=wire.TEAPOT, newline=False)
        if len(asked.source) < _SHORTEST_SOURCE:
            return Said(replies.invalid_source(asked.source), ends_here=True)
        user = await self._users.log_in(asked, address)
        if not user.agent_api:
            line = replies.invalid_login(asked.user, wire.GOOD, auth=1)
            return Said(line, ends_here=True)
        function = self._functions.get(asked.function)
        if function is not None:  # the rest is nothing, and costs as much as a refusal
            try:
                self._paces.let_in(user.name, user.name, stops=_stops(asked))
            except TooOften:
                return Said(replies.Replies(asked, asked.agent_user).say(wire.TOO_OFTEN))
        if not await self._is_active():
            return Said(wire.NOT_ACTIVE, ends_here=True)
        answer = await function.answer(asked, user) if function is not None else ""
        return Said.of(answer) if isinstance(answer, str) else answer

    async def _is_active(self) -> bool:
        return self._active and (self._switch is None or await self._switch())


def _stops(asked: Parameters) -> bool:
    """Whether it ends a clip."""
    return asked.function == fronter.FUNCTION or (
        asked.function == wire.FUNCTION and asked.stage == "STOP"
    )


def _text(said: Said, asked: Parameters) -> str:
    text = f"{said.text}\n" if said.text and said.newline else said.text
    return text + wire.CLOSE_LINK if asked.wants_link and not said.ends_here else text
