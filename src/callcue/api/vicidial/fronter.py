"""The function `force_fronter_audio_stop`: silence for the agent who had the same lead before.

A closer who takes a call over from a fronter may find the fronter's clip still playing. VICIdial
finds that other agent in its database, so this is there only where we are given that.
"""

from dataclasses import replace

from callcue.api.agents import AgentsOutOfReach, Leads, OtherAgent, RoomUnnamed, ServerUnknown
from callcue.api.counts import CommandCount, Uncounted
from callcue.api.users import ApiUser, UsersOutOfReach
from callcue.core.commands import Stop
from callcue.core.controller import Controller
from callcue.core.errors import CallcueError, NothingPlaying
from callcue.core.types import Place

from . import replies, wire
from .login import Users
from .parameters import LONGEST_NAME, Parameters

FUNCTION = "force_fronter_audio_stop"
REMOTE = "CCC_REMOTE"
"""Asked by another cluster, which knows the lead and none of our agents."""
AND_CCC = "LOCAL_AND_CCC"
VALUES = frozenset({"LOCAL_ONLY", AND_CCC, REMOTE})

LONGEST_LEAD = 10
"""Digits; VICIdial counts its leads in 32 bits."""

_SHORTEST_ALT_USER = 2


class FronterAudioStop:
    """Finds the other agent and stops what plays there."""

    def __init__(
        self,
        controller: Controller,
        leads: Leads,
        users: Users,
        count: CommandCount | None = None,
    ) -> None:
        self._count = count or Uncounted()
        self._controller = controller
        self._leads = leads
        self._users = users

    async def answer(self, asked: Parameters, user: ApiUser) -> str:
        """See `functions.Function.answer`."""
        named = len(asked.alt_user) >= _SHORTEST_ALT_USER
        if asked.value not in VALUES or not (asked.agent_user or named):
            return _say(wire.FRONTER_NOT_VALID, asked)
        if not user.may(FUNCTION):
            return replies.no_permission(asked, user.group)
        lines = []
        try:
            if named:
                agent = await self._users.agent_of(asked.alt_user)
                if agent is None:  # VICIdial says so and goes on, as in audio_playback
                    lines.append(_say(wire.FRONTER_NO_USER_FOUND, asked))
                else:
                    asked = replace(asked, agent_user=agent)
            lines.append(await self._stop(asked))
        except (AgentsOutOfReach, UsersOutOfReach):
            lines.append(_say(wire.FRONTER_OUT_OF_REACH, asked))
        return "\n".join(lines)

    async def _stop(self, asked: Parameters) -> str:
        found = await self._lead_of(asked.agent_user)
        if found is None and asked.value != REMOTE:
            return _say(wire.FRONTER_NOT_LOGGED_IN, asked)
        if not found and not (asked.value == REMOTE and asked.lead_id):
            return _say(wire.FRONTER_NO_CALL, asked)
        lead = _lead(asked.lead_id) if asked.value == REMOTE else found
        if not lead:  # every agent without a call has the lead 0: none of them is meant
            return _say(wire.NO_FRONTER, asked)
        other = await self._leads.other_on(lead, asked.agent_user)
        if other is not None:
            return await self._silence(asked, other)
        if asked.value == AND_CCC and await self._leads.came_from_elsewhere(lead):
            return _say(wire.FRONTER_ELSEWHERE, asked)
        return _say(wire.NO_FRONTER, asked)

    async def _lead_of(self, agent: str) -> int | None:
        return await self._leads.lead_of(agent) if len(agent) <= LONGEST_NAME else None

    async def _silence(self, asked: Parameters, other: OtherAgent) -> str:
        try:
            session = self._leads.session(other.room, other.address)
            await self._perform(session.place, Stop())
        except RoomUnnamed:
            return _say(wire.NO_FRONTER_SESSION, asked, other)
        except ServerUnknown:
            return _say(wire.FRONTER_SERVER_UNKNOWN, asked, other)
        except NothingPlaying:
            return _say(wire.FRONTER_SILENT, asked, other)
        except CallcueError:
            return _say(wire.FRONTER_UNAVAILABLE, asked, other)
        return _say(wire.FRONTER_SUCCESS, asked, other)

    async def _perform(self, place: Place, command: Stop) -> None:
        try:
            await self._controller.perform(place, command)
        except Exception as error:
            self._count.refused(command.verb, error)
            raise
        self._count.confirmed(command.verb)


def _lead(text: str) -> int:
    return int(text) if 0 < len(text) <= LONGEST_LEAD else 0


def _say(line: str, asked: Parameters, other: OtherAgent | None = None) -> str:
    other = other or OtherAgent("", "", "")
    return line.format(
        value=asked.value,
        stage=asked.stage,
        agent=asked.agent_user,
        alt_user=asked.alt_user,
        other=replies.in_one_field(other.name),
        conference=replies.in_one_field(other.room),
        server=replies.in_one_field(other.address),
    )
