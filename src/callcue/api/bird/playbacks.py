"""What a key does with the playbacks of a call: one method a request, each makes one call."""

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from callcue.api.counts import CommandCount, Uncounted
from callcue.core.commands import Command, Play, Stop
from callcue.core.controller import Controller
from callcue.core.playback import Asker, Playback, PlayRequest
from callcue.core.ports import Call
from callcue.core.session import CallSession
from callcue.core.types import CallId, IfPlaying, Milliseconds, PlaybackId
from callcue.events.event import Body, EventsOutOfReach

from . import refusals, views
from .calls import LiveCalls, is_own, is_strange
from .entrance import Visit
from .models import SOUND, PlayBody, PlayManyQuery, PlayQuery
from .views import View

MOST_STEPS = 500
"""Of a playback that are shown, the newest; one that plays for ever has no end of them."""


class History(Protocol):
    """Where it is known what has happened to a playback."""

    async def of_playback(self, playback: PlaybackId, limit: int) -> Sequence[Body]:
        """The newest that was told of it, oldest first. Raises `EventsOutOfReach`."""


class Playbacks:
    """Plays, controls and shows, within what the visitor may."""

    def __init__(
        self,
        controller: Controller,
        calls: LiveCalls,
        *,
        history: History,
        zero_rounds: int | None = 1,
        count: CommandCount | None = None,
    ) -> None:
        """*zero_rounds*: how many rounds Bird's `loop` 0 stands for; None is until stopped."""
        self._controller = controller
        self._history = history
        self._calls = calls
        self._zero_rounds = zero_rounds
        self._count = count or Uncounted()

    async def play(
        self, visit: Visit, call: Call, body: PlayBody, query: PlayQuery | PlayManyQuery
    ) -> Playback:
        """Have a list played to everyone in the call, or to one party of it."""
        audience = query.who()
        if self._calls.is_shared(visit, call):
            replaces = query.ifPlaying is IfPlaying.REPLACE
            if audience != call.id or (replaces and not self._ends_only_own(visit, call)):
                raise refusals.room_shared()
        request = PlayRequest(
            media=tuple(media.removeprefix(SOUND) for media in body.media),
            rounds=body.loop or self._zero_rounds,
            gap=Milliseconds(body.pauseMilliseconds),
            limit=Milliseconds(body.timeout * 1000) if body.timeout else None,
            if_playing=query.ifPlaying,
            audience=audience,
            asked_by=Asker("bird", visit.key.name, visit.workspace.id, call.id),
        )
        playback = await self._perform(call, command := Play(request, _promised(visit, call.id)))
        self._count.accepted(command.verb)
        return playback

    async def accepted_before(self, visit: Visit, call_id: CallId) -> Playback | None:
        """What was accepted for that call when the same request came the first time.

        Raises:
            RecordUnavailable: nobody knows.

        """
        promised = _promised(visit, call_id)
        if promised is None or visit.promise is None or not visit.promise.again:
            return None
        return await self._controller.recall(promised)

    async def control(self, visit: Visit, call: Call, command: Command) -> View:
        """Apply a command; the playback as it is once Asterisk has confirmed it."""
        self._may_touch(visit, call, command)
        playback = await self._perform(call, command)
        self._count.confirmed(command.verb)
        return self._view(playback, self._controller.session(call.place), call.id)

    async def _perform(self, call: Call, command: Command) -> Playback:
        try:
            return await self._controller.perform(call.place, command)
        except Exception as error:
            self._count.refused(command.verb, error)
            raise

    def of_call(self, visit: Visit, call: Call) -> View:
        """What plays in that call, or has played last."""
        session = self._controller.session(call.place)
        shared = self._calls.is_shared(visit, call)
        for playback in (session.current, session.last) if session is not None else ():
            if playback is None or (shared and not is_own(visit, playback)):
                continue
            # What ended before may have been for another caller in this room.
            if playback.ended and is_strange(visit, playback):
                continue
            return self._view(playback, session, call.id)
        return views.idle(call.place, session, call.id)

    async def by_id(self, visit: Visit, playback_id: UUID) -> View:
        """A playback that the visitor's workspace asked for, or that one of its calls hears."""
        playback = self._controller.playback(PlaybackId(playback_id))
        if playback is None:
            raise refusals.not_found("playback")
        call_id = self._call_of(visit, playback)
        if call_id is None:
            raise refusals.not_found("playback")
        view = self._view(playback, self._controller.session(playback.place), call_id)
        return {**view, **views.history(playback, await self._steps(playback))}

    def _view(
        self, playback: Playback, session: CallSession | None, call_id: CallId | None
    ) -> View:
        return views.playback(playback, session, call_id, self._controller.length(playback))

    async def _steps(self, playback: Playback) -> Sequence[Body] | None:
        try:
            return await self._history.of_playback(playback.id, MOST_STEPS)
        except EventsOutOfReach:
            return None

    def _call_of(self, visit: Visit, playback: Playback) -> CallId | None:
        asker = playback.request.asked_by
        if asker.workspace == visit.workspace.id:
            return asker.call
        hearing = None if playback.ended else self._calls.seen_in(visit, playback)
        return None if hearing is None else hearing.id

    def _may_touch(self, visit: Visit, call: Call, command: Command) -> None:
        """In a shared room a key may end what its own workspace began, and nothing more."""
        if not self._calls.is_shared(visit, call):
            return
        if not isinstance(command, Stop) or not self._ends_only_own(
            visit, call, keep_queue=command.keep_queue
        ):
            raise refusals.room_shared()

    def _ends_only_own(self, visit: Visit, call: Call, *, keep_queue: bool = False) -> bool:
        """Whether nothing of others plays there, or waits where the queue ends too."""
        session = self._controller.session(call.place)
        if session is None:
            return True
        waiting = [] if keep_queue else [*session.queue]
        current = [session.current] if session.current is not None else []
        return all(is_own(visit, playback) for playback in [*current, *waiting])


def _promised(visit: Visit, call_id: CallId) -> PlaybackId | None:
    return None if visit.promise is None else visit.promise.playback_id(call_id)


async def is_heard(playback: Playback, seconds: float) -> bool:
    """Wait until it is heard; False when the time is over and it is still to come.

    Raises:
        CallcueError: it has ended without ever having been heard, and this says why.

    """
    try:
        async with asyncio.timeout(seconds):
            await playback.audible()
    except TimeoutError:
        return False
    return True
