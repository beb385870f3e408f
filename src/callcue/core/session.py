"""The call session: one conversation, what plays in it, and what waits.

Commands stand in one row and are applied one at a time, in the order they came. Events do not
stand in it: they are applied the moment they happen, also while a command waits for just that
event. All that either may do is in the table of `states`; here is only how it is done.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from time import monotonic
from typing import Any
from uuid import UUID

from .audience import listener
from .commands import Command, Pause, Play, Restart, Resume, Seek, Stop, Volume
from .errors import (
    AlreadyPlaying,
    AsteriskUnavailable,
    CallcueError,
    ClipNotFound,
    NotConfirmed,
    NothingPlaying,
    NotStarted,
    OutOfRange,
    StopRemembered,
    TooManyCommands,
)
from .limits import Limits
from .occurrences import Occurrence, news
from .playback import Playback, PlayRequest
from .ports import CallDirectory, Ledger, LegEvent, MediaLibrary, Player
from .provision import Provision, clips_of
from .queue import PlaybackQueue
from .states import Effect, Event, State, Step, Verb, on_command, on_event
from .tracing import REQUEST
from .types import CallId, EndReason, IfPlaying, Missing, Place, Told
from .waiting import Confirmation, Job
from .witness import Nobody, Witness

_log = logging.getLogger(__name__)

_END_OF = {
    Event.LIST_ENDED: EndReason.FINISHED,
    Event.CLIP_FAILED: EndReason.FAILED,
    Event.TIME_LIMIT: EndReason.TIMED_OUT,
    Event.PARTY_LEFT: EndReason.HUNG_UP,
    Event.TARGET_MOVED: EndReason.HUNG_UP,
    Event.NOT_STARTED: EndReason.FAILED,
    Event.JOIN_FAILED: EndReason.FAILED,
    Event.LEG_GONE: EndReason.FAILED,
}
"""Which reason an event gives, if it is the first to give one."""


class CallSession:
    """All that callcue knows and does in one place: a room, a call of two, a channel alone."""

    def __init__(
        self,
        place: Place,
        *,
        player: Player,
        directory: CallDirectory,
        media: MediaLibrary,
        ledger: Ledger,
        limits: Limits | None = None,
        witness: Witness | None = None,
    ) -> None:
        """Start idle. A session without commands and playback costs nothing but its memory."""
        self.place = place
        self.state = State.IDLE
        self.current: Playback | None = None
        self.last: Playback | None = None
        """The playback that ended last, for those who ask too late."""
        self._limits = limits or Limits()
        self._player = player
        self._directory = directory
        self._media = media
        self._ledger = ledger
        self._witness = witness or Nobody()
        self.queue = PlaybackQueue(ledger, self._witness, self._limits.queue)
        self._row: list[Job] = []
        self._kept: list[Job] = []
        self._stopping: list[Job] = []
        self._confirmation: Confirmation | None = None
        self._asked: dict[int, Verb] = {}
        """By number, the verbs that the leg has not reported yet."""
        self._worker: asyncio.Task[None] | None = None
        self._launch: asyncio.Task[None] | None = None
        self._provision: Provision | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def dormant(self) -> bool:
        """Nothing plays, nothing waits: the session can be forgotten."""
        at_work = self._worker is not None and not self._worker.done()
        return self.state is State.IDLE and not at_work and not self._row and not self.queue

    def resume(self, playbacks: Sequence[Playback]) -> None:
        """Take up what a service before this one had left here: the first, and what waits behind.

        What became of them is found out when the link is up.
        """
        self.state = State.ADRIFT
        self.current, *waiting = playbacks
        for playback in playbacks:
            self._media.retain(clips_of(playback))
        for playback in waiting:
            self.queue.append(playback)

    def calls(self) -> set[CallId]:
        """Those whose leaving is the end of something here."""
        named = (
            call
            for playback in self._all()
            for call in (playback.request.asked_by.call, playback.request.audience)
        )
        heard_by = (playback.listener for playback in self._all())
        return {call for call in (*named, *heard_by) if isinstance(call, UUID)}

    def _all(self) -> list[Playback]:
        return [*self.queue, *([self.current] if self.current else [])]

    @property
    def waiting(self) -> int:
        """How many commands wait, for their turn or for what they asked for."""
        return len(self._row) + len(self._kept) + len(self._stopping)

    # ---- commands -------------------------------------------------------------------------

    async def perform(self, command: Command) -> Playback:
        """Apply a command when its turn comes, and return the playback it was about.

        A PLAY returns once it is accepted; `Playback.audible` waits on. Everything else returns
        when Asterisk has confirmed it. A caller that is cancelled withdraws nothing.

        Raises:
            CallcueError: the command was refused, or could not be confirmed.

        """
        if self.waiting >= self._limits.commands:
            raise TooManyCommands(f"{self._limits.commands} commands wait already")
        job = Job(command, asyncio.get_running_loop().create_future())
        self._row.append(job)
        self._wake()
        return await job.answer

    def _wake(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self._row:
            job = self._row.pop(0)
            REQUEST.set(job.asked_in)
            try:
                await self._apply(job)
            except Exception as error:  # a fault of ours is the asker's to report, and no end of us
                job.fail(error)

    async def _apply(self, job: Job) -> None:
        if isinstance(job.command, Play):
            await self._media.check(job.command.request.media)
            await self._player.check(self.place, self._listener_of(job.command.request))
        step = on_command(self.state, job.command.verb)
        match step.effect:
            case Effect.BEGIN | Effect.BUSY | Effect.REPLACE | Effect.AFTER_STOP:
                assert isinstance(job.command, Play)
                job.done(self._play(job, job.command, step))
            case Effect.ABANDON | Effect.STOP | Effect.AWAIT_END | Effect.REMEMBER:
                assert isinstance(job.command, Stop)
                self._stop(job, step)
            case Effect.KEEP:
                self._kept.append(job)
            case Effect.NOTHING if self._kept:
                # Behind a kept command, "already so" may not be so any more when its turn comes.
                self._kept.append(job)
            case Effect.NOTHING:
                job.done(self._playing())
            case _:
                await self._control(job)

    def _listener_of(self, request: PlayRequest) -> CallId | None:
        parties = self._directory.parties(self.place)
        return listener(request.audience, parties, request.asked_by.call)

    def _playing(self) -> Playback:
        if self.current is None:
            raise NothingPlaying
        return self.current

    def _play(self, job: Job, command: Play, step: Step) -> Playback:
        playback = Playback(self.place, command.request, due=job.came)
        if command.promised is not None:
            playback.id, playback.promised = command.promised, True
        if step.effect is Effect.BUSY:
            self._refuse_or_queue(command.request)
        elif step.effect is not Effect.BEGIN:
            self.queue.clear(EndReason.REPLACED)
            playback.replaced = self._playing().id
        self._ledger.accepted(playback)
        self._witness.saw(playback, Occurrence.ACCEPTED)
        if step.effect is Effect.BEGIN:
            self._begin(playback, is_new=True)
        else:
            self.queue.append(playback)
        if step.effect in (Effect.BUSY, Effect.AFTER_STOP):
            self._witness.saw(playback, Occurrence.QUEUED)
        if step.effect is Effect.REPLACE:
            self._end(step.state, EndReason.REPLACED)
        if step.effect is Effect.AFTER_STOP:
            self._chore(self._hang_up(self._playing()))
        return playback

    def _refuse_or_queue(self, request: PlayRequest) -> None:
        if request.if_playing is not IfPlaying.QUEUE:
            raise AlreadyPlaying
        self.queue.check_room()

    def _stop(self, job: Job, step: Step) -> None:
        assert isinstance(job.command, Stop)
        if not job.command.keep_queue:
            self.queue.clear(EndReason.STOPPED)
        if step.effect is Effect.REMEMBER:
            # A reason that is given is carried out as soon as the leg is found again.
            self._playing().doom(EndReason.STOPPED)
            self._ledger.changed(self._playing())
            raise StopRemembered
        self._stopping.append(job)
        if step.effect is Effect.AWAIT_END:
            self._chore(self._hang_up(self._playing()))
        else:
            self._end(step.state, EndReason.STOPPED)

    async def _control(self, job: Job) -> None:
        playback, command = self._playing(), job.command
        if isinstance(command, Volume):
            playback.volume = await self._player.volume(playback, command.decibels)
            self._tell(playback, Occurrence.VOLUME_CHANGED)
        elif isinstance(command, Seek):
            item = playback.position().item if command.item is None else command.item
            if not 1 <= item <= len(playback.clips) or command.to < 0:
                raise OutOfRange(f"the list has {len(playback.clips)} items, from 0 ms on")
            await self._confirmed(
                playback, Verb.SEEK, lambda n: self._player.seek(playback, n, item, command.to)
            )
        else:
            await self._confirmed(
                playback, command.verb, lambda n: self._send(command, playback, n)
            )
        job.done(playback)
        self._witness.obeyed(playback, command.verb, job.asked_in)

    async def _send(self, command: Command, playback: Playback, number: int) -> None:
        match command:
            case Pause():
                await self._player.pause(playback, number)
            case Resume():
                await self._player.resume(playback, number)
            case Restart():
                await self._player.restart(playback, number)
            case _:
                raise AssertionError(command)

    async def _confirmed(
        self, playback: Playback, verb: Verb, send: Callable[[int], Awaitable[None]]
    ) -> None:
        """Send a numbered verb and wait for the event that repeats its number."""
        number = playback.next_number()
        self._asked[number] = verb
        confirmation = self._confirmation = Confirmation(number)
        try:
            async with asyncio.timeout(self._limits.confirm):
                await send(number)
                while not await confirmation.within(self._limits.again):
                    await send(number)
        except TimeoutError:
            raise NotConfirmed("Asterisk did not confirm the command in time") from None
        finally:
            self._confirmation = None

    # ---- events ---------------------------------------------------------------------------

    def happened(self, event: LegEvent) -> None:
        """Apply an event, at once.

        Raises:
            IllegalEvent: it may not happen in this state; nothing has changed.

        """
        step = on_event(self.state, event.kind)
        match step.effect:
            case Effect.IGNORE:
                return
            case Effect.NOTE:
                self.state = step.state
                self._note(event)
            case Effect.BEGIN:
                self._begin(self._playing())
            case Effect.RUN:
                self.state = step.state
                self._run()
            case Effect.ABANDON | Effect.STOP:
                self._clear_queue_if_deserted(event)
                self._end(step.state, _END_OF[event.kind], event.detail)
            case Effect.CLOSE:
                self.state = step.state
                self._close(event)
            case Effect.FREE:
                self._playing().doom(_END_OF[event.kind], event.detail or "the player leg was lost")
                self._free()
            case Effect.LOSE:
                self.state = step.state
                self._lose()
            case Effect.TAKE_OVER:
                self.state = step.state
                self._take_over(event)
            case _:
                raise AssertionError(step)

    def _note(self, event: LegEvent) -> None:
        playback = self._playing()
        if event.kind in _END_OF:
            self._clear_queue_if_deserted(event)
            self._doom(playback, _END_OF[event.kind], event.detail)
        if event.position is not None:
            playback.stand_at(event.position, moving_since=event.moving_since)
        if event.kind is Event.JOINED:
            playback.joined = True
        if event.kind is Event.STREAMING:
            playback.streaming = True
        if self.state is State.STARTING and playback.joined and playback.streaming:
            self.happened(LegEvent(Event.RUNNING))
        self._tell_of(playback, event)
        confirmation = self._confirmation
        if confirmation is not None and event.number == confirmation.number:
            confirmation.settle()

    def _tell_of(self, playback: Playback, event: LegEvent) -> None:
        """Tell what its leg's report means to others, from when it is heard."""
        if playback.told is None:
            return
        asked = self._asked.pop(event.number, None) if event.number is not None else None
        occurrences, playback.told = news(playback.told, event, asked)
        # The leg reports an item before it finds that there is none.
        none = isinstance(playback.clip(playback.told.item), Missing)
        begun = Occurrence.ITEM_STARTED
        self._tell(playback, *(one for one in occurrences if not (none and one is begun)))

    def _tell(self, playback: Playback, *occurrences: Occurrence) -> None:
        for occurrence in occurrences:
            self._witness.saw(playback, occurrence)
        if occurrences:
            self._ledger.changed(playback)

    def _is_heard(self, playback: Playback) -> None:
        playback.start()
        playback.told = Told.at(playback.position(), paused=False)
        self._tell(playback, Occurrence.STARTED, Occurrence.ITEM_STARTED)

    def _run(self) -> None:
        playback = self._playing()
        self._is_heard(playback)
        self._witness.started(playback, monotonic() - playback.due)
        self._row[:0] = self._kept
        self._kept.clear()
        self._wake()

    def _close(self, event: LegEvent) -> None:
        playback = self._playing()
        detail = event.detail
        if event.kind is Event.CLIP_FAILED:
            detail = self._clip_failed(playback) or detail
        if event.kind is Event.LIST_ENDED:
            if not playback.started_at:
                playback.doom(EndReason.FAILED, "it ended before anybody could hear it")
            detail = "; ".join(str(fault) for _, fault in sorted(playback.faults.items()))
        self._doom(playback, _END_OF[event.kind], detail)
        self._chore(self._see_off(playback))

    def _clip_failed(self, playback: Playback) -> str:
        """Name the item; why it could not be had, where that is known."""
        index = playback.position().item - 1
        fault = playback.faults.get(index)
        if fault is None:  # Asterisk does not have what it had a moment ago
            self._media.forget(playback.request.media)
        playback.cause = fault or ClipNotFound(index, playback.request.media[index])
        return "" if fault is None else str(fault)

    def _lose(self) -> None:
        """The link is gone. Who waits for Asterisk is told now; the leg's fate is found later."""
        lost = AsteriskUnavailable("the link to Asterisk was lost")
        if self._confirmation is not None:
            self._confirmation.settle(lost)
        for job in self._kept:
            job.fail(lost)
        self._kept.clear()
        self._fail_stops(StopRemembered("the link to Asterisk was lost"))

    def _take_over(self, event: LegEvent) -> None:
        playback = self._playing()
        if event.position is not None:
            playback.stand_at(event.position, moving_since=event.moving_since)
        if event.number is not None:
            playback.obeyed(event.number)
        playback.joined = playback.streaming = True
        playback.start()
        if playback.told is None:
            self._is_heard(playback)
        self._tell_of(playback, event)
        if self._provision is None and None in playback.clips:  # a service before us was at it
            self._provision = self._provide(playback)
        if self._provision is not None:
            self._chore(self._provision.rest())
        if playback.reason is not None:
            self._end(State.STOPPING, EndReason.STOPPED)

    def _clear_queue_if_deserted(self, event: LegEvent) -> None:
        """One that heard it alone may have gone, and a leg that is stopped loses its target."""
        others_stay = self._playing().listener is not None or self.state is State.STOPPING
        if event.kind is Event.PARTY_LEFT or (event.kind is Event.TARGET_MOVED and not others_stay):
            self.queue.clear(EndReason.HUNG_UP)

    def call_left(self, call: CallId) -> None:
        """A call has left: what was asked for it, or heard by it alone, ends."""
        for playback in self._all():
            request = playback.request
            if call in (request.asked_by.call, request.audience, playback.listener):
                self._retire(playback, EndReason.HUNG_UP, "its call has ended or moved")

    def withdraw(self, playback: Playback) -> None:
        """Its asker has given it up: it shall not begin later, nor go on."""
        self._retire(playback, EndReason.STOPPED, "its asker gave it up")

    def abandon(self, detail: str) -> bool:
        """Its Asterisk is ours no more: end all in the record, and leave what plays there alone.

        Whether anything plays on there.
        """
        self.queue.clear(EndReason.FAILED, detail)
        while self._row:
            self._row.pop(0).fail(AsteriskUnavailable(detail))
        match self.state:
            case State.IDLE:
                return False
            case State.PREPARING:
                self._end(State.IDLE, EndReason.FAILED, detail)
                return False
            case _:
                self.happened(LegEvent(Event.LINK_LOST))
                self.happened(LegEvent(Event.LEG_GONE, detail=detail))
                return True

    def _retire(self, playback: Playback, reason: EndReason, detail: str) -> None:
        """End this one, wherever it stands, and leave the others alone."""
        if playback in self.queue:
            self.queue.drop(playback, reason, detail)
        elif playback is self.current:
            step = on_command(self.state, Verb.STOP)
            if step.effect in (Effect.ABANDON, Effect.STOP):
                self._end(step.state, reason, detail)
            else:  # it is going, or will be hung up as soon as it is found again
                self._doom(playback, reason, detail)

    # ---- beginnings and ends ----------------------------------------------------------------

    def _begin(self, playback: Playback, *, is_new: bool = False) -> None:
        self.state = State.PREPARING
        self.current = playback
        playback.begun = True
        self._ledger.changed(playback)
        self._launch = asyncio.create_task(self._start(playback, is_new=is_new))

    async def _start(self, playback: Playback, *, is_new: bool) -> None:
        """Bring the playback to where it is heard; whatever keeps it from that is its end."""
        REQUEST.set(playback.asked_in)  # one from the queue begins when another's event comes
        provision = self._provision = self._provide(playback)
        try:
            await provision.first()
            # On record one that waited may still wait: a service after us would send it once more.
            # A new one is not there at all, and a leg of it would be nobody's.
            on_record = (is_new and not playback.promised) or await self._ledger.kept(playback)
            if playback.promised and not on_record:
                raise NotStarted("the record of it could not be written")
            playback.listener = self._listener_of(playback.request)
            self.happened(LegEvent(Event.PREPARED))
            async with asyncio.timeout(self._limits.start):
                await self._player.start(playback)
                await playback.settled()
            if playback.ended:
                return
            if provision.complete:
                self._close_provision()
            else:
                self._chore(provision.rest())
        except TimeoutError:
            self._fail_start(playback, NotStarted("Asterisk did not start it in time"))
        except CallcueError as error:
            self._fail_start(playback, error)
        except Exception as error:  # a fault of ours is this playback's end, and no end of us
            _log.exception("playback %s could not be started", playback.id)
            self._fail_start(playback, NotStarted(f"a fault in callcue: {error!r}"))

    def _provide(self, playback: Playback) -> Provision:
        return Provision(
            playback,
            media=self._media,
            player=self._player,
            ledger=self._ledger,
            missing=self._limits.missing,
        )

    def _close_provision(self) -> None:
        if self._provision is not None:
            self._provision.close()
            self._provision = None

    def _fail_start(self, playback: Playback, error: CallcueError) -> None:
        if playback.started_at is not None:
            return  # it is heard, whatever became of the answer
        playback.cause = error
        if self.current is not playback:
            return
        # Once Asterisk has been asked, a leg may be there that nobody wants: it is hung up.
        unsure = isinstance(error, NotStarted) and self.state is not State.PREPARING
        failed = Event.JOIN_FAILED if unsure else Event.NOT_STARTED
        self.happened(LegEvent(failed, detail=str(error)))

    def _end(self, state: State, reason: EndReason, detail: str = "") -> None:
        """End what plays. With no leg yet it has ended; else it has when the leg is gone."""
        playback = self._playing()
        self._doom(playback, reason, detail)
        if state is State.STOPPING:
            self.state = state
            self._chore(self._hang_up(playback))
        else:
            assert self._launch is not None
            self._launch.cancel()
            self._free()

    async def _see_off(self, playback: Playback) -> None:
        """A leg that has said that it is over is gone in a moment, or is helped."""
        try:
            async with asyncio.timeout(self._limits.confirm):
                await playback.gone()
        except TimeoutError:
            await self._hang_up(playback)

    async def _hang_up(self, playback: Playback) -> None:
        try:
            await self._player.stop(playback)
        except Exception as error:  # those who wait for it are told, also of a fault of ours
            _log.warning("the leg of playback %s was not hung up: %r", playback.id, error)
            if self.current is playback:  # else they wait for the end of another one
                self._fail_stops(error)
                if not isinstance(error, AsteriskUnavailable):  # a lost link is not the end of it
                    self.queue.clear(EndReason.FAILED, "what played before could not be ended")

    def _fail_stops(self, error: Exception) -> None:
        for job in self._stopping:
            job.fail(error)
        self._stopping.clear()

    def _free(self) -> None:
        """Nothing of the playback is heard any more: record its end, and go on."""
        playback = self._playing()
        self._close_provision()
        self._media.release(clips_of(playback))
        self.state, self.current, self.last = State.IDLE, None, playback
        self._asked.clear()
        playback.finish()
        self._ledger.ended(playback)
        assert playback.reason is not None
        self._witness.saw(playback, Occurrence.of_end(playback.reason))
        self._answer_those_who_waited(playback)
        if self.queue:
            following = self.queue.next()
            if following.replaced is None:
                following.due = monotonic()
            self._begin(following)

    def _answer_those_who_waited(self, playback: Playback) -> None:
        if self._confirmation is not None:
            self._confirmation.settle(NothingPlaying())
        for job in self._kept:
            job.fail(NothingPlaying())
        for job in self._stopping:
            job.done(playback)
        self._kept.clear()
        self._stopping.clear()

    def _doom(self, playback: Playback, reason: EndReason, detail: str = "") -> None:
        playback.doom(reason, detail)
        self._ledger.changed(playback)

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
