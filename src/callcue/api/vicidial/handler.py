"""The one handler of `api.php`: the checks in VICIdial's order, and always HTTP 200."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, Protocol

from aiohttp import web

from callcue.api.address import ClientAddress
from callcue.api.users import ApiUser, UsersOutOfReach

from . import replies, wire
from .login import Refused, Users
from .parameters import Parameters
from .playback import AudioPlayback, is_valid
from .record import NoRecord, Record
from .request import parameters

_log = logging.getLogger(__name__)

Echo = Literal["agent_user", "user"]
_SHORTEST_SOURCE = 2
_SHORTEST_ALT_USER = 2


class Function(Protocol):
    """A function of `api.php` beside `audio_playback`."""

    async def answer(self, asked: Parameters, user: ApiUser) -> str:
        """Check, do it, and say what came of it."""


class ApiPhp:
    """What a screen finds where VICIdial's api.php was."""

    def __init__(
        self,
        *,
        playback: AudioPlayback,
        users: Users,
        address: ClientAddress,
        build: str,
        active: bool = True,
        echo: Echo = "agent_user",
        switch: Callable[[], Awaitable[bool]] | None = None,
        functions: Mapping[str, Function] | None = None,
        record: Record | None = None,
    ) -> None:
        """*build* is our version; *active* false answers that the API is off.

        *switch* says whether it is on by somebody else's word, too; *functions*: by their names.
        """
        self._record = record or NoRecord()
        self._playback = playback
        self._users = users
        self._address = address
        self._build = build
        self._active = active
        self._echo = echo
        self._switch = switch
        self._functions = dict(functions or {})

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        asked = Parameters()
        try:
            asked = await parameters(request)
            text = await self._answer(asked, self._address.of(request))
        except Refused as refused:
            text = refused.line
        except UsersOutOfReach:
            text = replies.invalid_login(asked.user, wire.ERRSERVERS)
        except Exception:
            # A screen reads the line, never the status: a fault of ours is an ERROR line too.
            _log.exception("api.php failed")
            text = replies.Replies(asked, asked.agent_user).say(wire.FAULT)
        return web.Response(
            text=f"{text}\n" if text else "",
            content_type="text/html",
            charset="utf-8",
            headers=wire.HEADERS,
        )

    async def _answer(self, asked: Parameters, address: str) -> str:
        if asked.function == wire.VERSION_FUNCTION:
            return replies.version(self._build)
        if len(asked.source) < _SHORTEST_SOURCE:
            return replies.invalid_source(asked.source)
        user = await self._users.log_in(asked, address)
        if not user.agent_api:
            return replies.invalid_login(asked.user, wire.GOOD, auth=1)
        if not await self._is_active():
            return wire.NOT_ACTIVE
        if asked.function in self._functions:
            return await self._functions[asked.function].answer(asked, user)
        if asked.function != wire.FUNCTION:
            return ""
        return await self._audio_playback(asked, user)

    async def _is_active(self) -> bool:
        return self._active and (self._switch is None or await self._switch())

    async def _audio_playback(self, asked: Parameters, user: ApiUser) -> str:
        if not is_valid(asked):
            return self._say(asked, asked.agent_user, wire.NOT_VALID)
        if not user.may(asked.function):
            return replies.no_permission(asked, user.group)
        if len(asked.alt_user) < _SHORTEST_ALT_USER:
            return await self._do(asked, asked.agent_user, user)
        try:
            agent = await self._users.agent_of(asked.alt_user)
        except UsersOutOfReach:
            return self._say(asked, asked.agent_user, wire.AGENTS_OUT_OF_REACH)
        if agent is not None:
            return await self._do(asked, agent, user)
        # VICIdial says so and goes on with the agent_user it was given, be it empty.
        complaint = self._say(asked, asked.agent_user, wire.NO_USER_FOUND)
        return f"{complaint}\n{await self._do(asked, asked.agent_user, user)}"

    async def _do(self, asked: Parameters, agent: str, user: ApiUser) -> str:
        who = self._last_field(asked, agent)
        return await self._playback.answer(asked, agent, who, user.audience)

    def _say(self, asked: Parameters, agent: str, line: str) -> str:
        return replies.Replies(asked, self._last_field(asked, agent)).say(line)

    def _last_field(self, asked: Parameters, agent: str) -> str:
        return agent if self._echo == "agent_user" else asked.user
