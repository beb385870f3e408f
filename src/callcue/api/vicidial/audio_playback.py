"""The function `audio_playback`: its checks in VICIdial's order, then the playback."""

from typing import Literal

from callcue.api.counts import TurnedAway, Turnstile, Uncounted
from callcue.api.users import ApiUser, UsersOutOfReach

from . import replies, wire
from .login import Users
from .parameters import Parameters
from .playback import AudioPlayback, is_valid

Echo = Literal["agent_user", "user"]
_SHORTEST_ALT_USER = 2


class AudioPlaybackFunction:
    """See `functions.Function`."""

    def __init__(
        self,
        playback: AudioPlayback,
        users: Users,
        echo: Echo = "agent_user",
        count: Turnstile | None = None,
    ) -> None:
        """*echo*: whose name the last field is."""
        self._count = count or Uncounted()
        self._playback = playback
        self._users = users
        self._echo = echo

    async def answer(self, asked: Parameters, user: ApiUser) -> str:
        """See `functions.Function.answer`."""
        if not is_valid(asked):
            return self._say(asked, wire.NOT_VALID)
        if not user.may(asked.function):
            self._count.turned_away(TurnedAway.NOT_ALLOWED)
            return replies.no_permission(asked, user.group)
        if len(asked.alt_user) < _SHORTEST_ALT_USER:
            return await self._do(asked, asked.agent_user, user)
        try:
            agent = await self._users.agent_of(asked.alt_user)
        except UsersOutOfReach:
            return self._say(asked, wire.AGENTS_OUT_OF_REACH)
        if agent is not None:
            return await self._do(asked, agent, user)
        # VICIdial says so and goes on with the agent_user it was given, be it empty.
        complaint = self._say(asked, wire.NO_USER_FOUND)
        return f"{complaint}\n{await self._do(asked, asked.agent_user, user)}"

    async def _do(self, asked: Parameters, agent: str, user: ApiUser) -> str:
        who = self._last_field(asked, agent)
        return await self._playback.answer(asked, agent, who, user.audience)

    def _say(self, asked: Parameters, line: str) -> str:
        return replies.Replies(asked, self._last_field(asked, asked.agent_user)).say(line)

    def _last_field(self, asked: Parameters, agent: str) -> str:
        return agent if self._echo == "agent_user" else asked.user
