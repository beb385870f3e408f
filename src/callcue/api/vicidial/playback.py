"""The function `audio_playback`: which stage is which command, and what is answered."""

import asyncio
from collections.abc import Callable, Mapping

from callcue.api.agents import AgentRooms, AgentsOutOfReach, RoomUnnamed, ServerUnknown
from callcue.api.counts import CommandCount, Uncounted
from callcue.core.commands import Command, Pause, Play, Restart, Resume, Stop
from callcue.core.controller import Controller
from callcue.core.errors import (
    AgentNotLoggedIn,
    AsteriskUnavailable,
    CallcueError,
    ClipNotFound,
    NotConfirmed,
)
from callcue.core.playback import Asker, Playback, PlayRequest
from callcue.core.ports import AgentSession
from callcue.core.states import Verb
from callcue.core.types import IfPlaying, Role
from callcue.media.names import is_sound_name

from . import wire
from .parameters import LONGEST_NAME, Parameters
from .replies import Replies

LONGEST_WAIT = 4.0
"""Seconds until a PLAY is heard. The core gives a start 2 s; the rest is for the clip before."""

_CONTROLS: Mapping[str, Callable[[], Command]] = {
    "STOP": Stop,
    "PAUSE": Pause,
    "RESUME": Resume,
    "RESTART": Restart,
}
STAGES = frozenset({"PLAY", *_CONTROLS})


def is_valid(asked: Parameters) -> bool:
    """Whether there is anything to be done: a stage that is one, a clip to play, an agent."""
    if asked.stage not in STAGES or (asked.stage == "PLAY" and not asked.value):
        return False
    return bool(asked.agent_user) or len(asked.alt_user) > 1


class AudioPlayback:
    """Carries the stages out through the core."""

    def __init__(
        self,
        controller: Controller,
        hosts: Mapping[str, str],
        rooms: AgentRooms,
        count: CommandCount | None = None,
    ) -> None:
        """*hosts*: the address of each Asterisk, by the name it has here.

        *rooms*: who is asked where an agent is.
        """
        self._controller = controller
        self._hosts = hosts
        self._rooms = rooms
        self._count = count or Uncounted()

    async def answer(self, asked: Parameters, agent: str, who: str, audience: Role) -> str:
        """Do it, and say truly what came of it: one line, or two after an override.

        *audience*: who hears what is played; the agent is the one whose session it is.
        """
        replies = Replies(asked, who)
        try:
            known = 0 < len(agent) <= LONGEST_NAME
            session = await self._rooms.find(agent) if known else None
            if session is None:
                return self._nowhere(asked, agent, who)
            host = session.address or self._hosts.get(session.place.server, "")
            replies = Replies(asked, who, session.place.name, host)
            if not session.place.name or not host:
                return replies.say(wire.ENTRY_IS_EMPTY)
            answer = await self._perform(session, asked, replies, audience)
            self._count.confirmed(_verb(asked))
            return answer
        except Exception as error:
            self._count.refused(_verb(asked), error)
            return self._refusal(error, asked, who, replies)

    @staticmethod
    def _refusal(error: Exception, asked: Parameters, who: str, replies: Replies) -> str:
        match error:
            case CallcueError():
                return replies.refuse(error)
            case AgentsOutOfReach():
                return replies.say(wire.AGENTS_OUT_OF_REACH)
            case RoomUnnamed():
                return replies.say(wire.ENTRY_IS_EMPTY)
            case ServerUnknown():
                return Replies(asked, who, server=error.address).say(wire.SERVER_UNKNOWN)
        raise error

    def _nowhere(self, asked: Parameters, agent: str, who: str) -> str:
        """Not logged in; but that would be a guess while an Asterisk is away."""
        for server, host in self._hosts.items():
            if len(agent) <= LONGEST_NAME and not self._controller.directory.available(server):
                unavailable = AsteriskUnavailable(server)
                self._count.refused(_verb(asked), unavailable)
                return Replies(asked, who, server=host).refuse(unavailable)
        nobody = AgentNotLoggedIn(agent)
        self._count.refused(_verb(asked), nobody)
        return Replies(asked, who).refuse(nobody)

    async def _perform(
        self, session: AgentSession, asked: Parameters, replies: Replies, audience: Role
    ) -> str:
        if asked.stage == "PLAY":
            playback = await self._play(session, asked, audience)
            lines = [wire.REPLACED] if playback.replaced else []
            return "\n".join(replies.say(line) for line in [*lines, wire.SUCCESS])
        await self._controller.perform(session.place, _CONTROLS[asked.stage]())
        return replies.say(wire.SUCCESS)

    async def _play(self, session: AgentSession, asked: Parameters, audience: Role) -> Playback:
        if not is_sound_name(asked.value):
            raise ClipNotFound(0, asked.value)
        request = PlayRequest(
            media=(asked.value,),
            if_playing=IfPlaying.REPLACE if asked.overrides else IfPlaying.REJECT,
            audience=(session.call or audience) if audience is Role.AGENT else audience,
            asked_by=Asker("vicidial", asked.user),
        )
        playback = await self._controller.perform(session.place, Play(request))
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await playback.audible()
        except TimeoutError:
            self._controller.withdraw(playback)
            raise NotConfirmed("it was not heard in time") from None
        return playback


def _verb(asked: Parameters) -> Verb:
    """Which command the stage is."""
    if asked.stage == "PLAY":
        return Verb.OVERRIDE if asked.overrides else Verb.PLAY
    return Verb(asked.stage.lower())
