"""One request for many calls: each has an answer of its own, and no other call waits for them."""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from callcue.core.commands import Stop
from callcue.core.controller import Controller
from callcue.core.errors import AsteriskUnavailable, CallcueError, NothingPlaying
from callcue.core.playback import Playback
from callcue.core.ports import Call
from callcue.core.types import CallId, Place

from . import refusals, views
from .calls import LiveCalls
from .codes import FAULT
from .entrance import Visit
from .envelope import described
from .models import MOST_CALLS, SOUND, PlayManyBody, PlayManyQuery
from .playbacks import Playbacks
from .refusals import Refused
from .views import View

AT_ONCE = 16
"""Places that are on their way at once, of all such requests: what others ask for goes between."""
ON_ITS_WAY_SECONDS = 0.25
"""So long the next place waits for one that is on its way: it may be fetched first."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Group:
    """Calls in one place: they hear the same, and it is done there once."""

    calls: list[CallId] = field(default_factory=list)
    before: Playback | None = None
    """What was accepted there when the same request came the first time."""


class ManyCalls:
    """Plays into many calls, and stops in all."""

    def __init__(
        self,
        controller: Controller,
        calls: LiveCalls,
        playbacks: Playbacks,
        tags: Collection[str] = (),
    ) -> None:
        """*tags*: the names of those that calls can have."""
        self._controller = controller
        self._calls = calls
        self._playbacks = playbacks
        self._tags = tags
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def play(self, visit: Visit, body: PlayManyBody, query: PlayManyQuery) -> View:
        """Have a list played to each place where one of the calls is; an answer for each call.

        Raises:
            ClipFailed: there is no such sound, and nothing is played anywhere.
            Refused: 422, there is no such tag, or too many calls have it.
            AsteriskUnavailable: it is not known which calls have the tag.

        """
        asked = self._asked(visit, body)
        outcomes: dict[CallId, View] = {}
        groups = await self._groups(visit, asked, outcomes)
        new = {place: group for place, group in groups.items() if group.before is None}
        await self._check_media({place.server for place in new}, body.media)

        async def begin(group: _Group) -> Playback:
            call = self._calls.of_workspace(visit, group.calls[0])  # it may have moved meanwhile
            playback = await self._playbacks.play(visit, call, body, query)
            if playback.begun:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ON_ITS_WAY_SECONDS):
                        await playback.settled()
            return playback

        async def one(group: _Group) -> None:
            outcome = await self._in_turn(_id_of(begin(group)), 202)
            outcomes.update((call, views.outcome(call, *outcome)) for call in group.calls)

        for group in groups.values():
            if group.before is not None:
                found = (202, group.before.id, None)
                outcomes |= {call: views.outcome(call, *found) for call in group.calls}
        await asyncio.gather(*(one(group) for group in new.values()))
        return _in_order(asked, outcomes)

    async def stop(self, visit: Visit, command: Stop) -> View:
        """End what plays in every call of the workspace; an answer for each that had something."""
        heard: dict[Place, list[Call]] = {}
        for session in self._controller.sessions:
            parties = self._controller.directory.parties(session.place)
            own = sorted((c for c in parties if visit.workspace.owns(c)), key=lambda call: call.id)
            if own and not session.dormant:
                heard[session.place] = own
        outcomes: dict[CallId, View] = {}

        async def end(call: Call) -> UUID:
            return UUID((await self._playbacks.control(visit, call, command))["id"])

        async def one(calls: Sequence[Call]) -> None:
            with suppress(NothingPlaying):  # it ended by itself
                outcome = await self._in_turn(end(calls[0]), 200)
                outcomes.update((call.id, views.outcome(call.id, *outcome)) for call in calls)

        await asyncio.gather(*(one(calls) for calls in heard.values()))
        return _in_order(sorted(outcomes), outcomes)

    def _asked(self, visit: Visit, body: PlayManyBody) -> list[CallId]:
        if body.calls:
            return list(dict.fromkeys(map(CallId, body.calls)))
        if body.tag.partition("=")[0] not in self._tags:
            raise refusals.invalid({"$.tag": ["there is no tag of that name"]})
        found = self._calls.tagged(visit, body.tag)
        if len(found) > MOST_CALLS:
            raise refusals.invalid({"$.tag": [f"more than {MOST_CALLS} calls have it"]})
        return [call.id for call in found]

    async def _groups(
        self, visit: Visit, asked: Iterable[CallId], outcomes: dict[CallId, View]
    ) -> dict[Place, _Group]:
        """By place, in the order asked for; who is in none has its outcome."""
        groups: dict[Place, _Group] = {}
        unknown = []
        for call_id in asked:
            before = await self._playbacks.accepted_before(visit, call_id)
            if before is None:
                unknown.append(call_id)
            else:
                group = groups.setdefault(before.place, _Group(before=before))
                group.calls.append(call_id)
        for call_id in unknown:
            try:
                place = self._calls.of_workspace(visit, call_id).place
            except (Refused, CallcueError) as error:
                outcomes[call_id] = views.outcome(call_id, *_refused(error))
            else:
                groups.setdefault(place, _Group()).calls.append(call_id)
        return groups

    async def _check_media(self, servers: Iterable[str], media: Sequence[str]) -> None:
        """Once for all: a sound that is missing is no news of each call."""
        names = [name.removeprefix(SOUND) for name in media]
        for server in servers:
            with suppress(AsteriskUnavailable):  # its calls say so themselves
                await self._controller.check_media(server, names)

    async def _in_turn(self, work: Awaitable[UUID], status: int) -> "_Outcome":
        async with self._turns:
            try:
                return status, await work, None
            except NothingPlaying:
                raise
            except (Refused, CallcueError) as error:
                return _refused(error)
            except Exception:
                _log.exception("one call of many failed")
                return FAULT.status, None, views.error(FAULT)


_Outcome = tuple[int, UUID | None, View | None]
"""Status, playback and error."""


async def _id_of(accepted: Awaitable[Playback]) -> UUID:
    return (await accepted).id


def _refused(error: Refused | CallcueError) -> _Outcome:
    answer, details = described(error)
    return answer.status, None, views.error(answer, details)


def _in_order(calls: Iterable[CallId], outcomes: Mapping[CallId, View]) -> View:
    return {"results": [outcomes[call] for call in calls]}
