"""The call session: one conversation, what plays in it, and what waits.

Commands stand in one row and are applied one at a time, in the order they came. Events do not
stand in it: they are applied the moment they happen, also while a command waits for just that
event. All that either may do is in the table of `states`; here is only how it is done.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

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
from .playback import Playback, PlayRequest
from .ports import CallDirectory, Ledger, LegEvent, MediaLibrary, Player
from .queue import PlaybackQueue
from .states import Effect, Event, State, Step, Verb, on_command, on_event
from .supply import Supply
from .types import CallId, EndReason, IfPlaying, Missing, Place
from .waiting import Confirmation, Job

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


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait, and for how long (seconds)."""

    queue: int = 16
    commands: int = 64
    start: float = 2.0
    confirm: float = 2.0
    again: float = 0.25
    """A verb that is not confirmed is sent again: a Redirect can get lost, and is absolute."""
    missing: Missing = Missing.ENDS
    """What becomes of a playback at an item that cannot be had. The first good one begins it."""


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
        limits: Limits = Limits(),
    ) -> None:
        """Start idle. A session without commands and playback costs nothing but its memory."""
        self.place = place
        self.state = State.IDLE
        self.current: Playback | None = None
        self.last: Playback | None = None
        """The playback that ended last, for those who ask too late."""
        self.queue = PlaybackQueue(ledger, limits.queue)
        self._player = player
        self._directory = directory
        self._media = media
        self._ledger = ledger
        self._limits = limits
        self._row: deque[Job] = deque()
        self._kept: list[Job] = []
        self._stopping: list[Job] = []
        self._confirmation: Confirmation | None = None
        self._worker: asyncio.Task[None] | None = None
        self._launch: asyncio.Task[None] | None = None
        self._supply: Supply | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def dormant(self) -> bool:
        """Nothing plays, nothing waits: the session can be forgotten."""
        at_work = self._worker is not None and not self._worker.done()
        return self.state is State.IDLE and not at_work and not self._row and not self.queue

    # ---- commands -------------------------------------------------------------------------

    async def perform(self, command: Command) -> Playback:
        """Apply a command when its turn comes, and return the playback it was about.

        A PLAY returns once it is accepted; `Playback.audible` waits on. Everything else returns
        when Asterisk has confirmed it. A caller that is cancelled withdraws nothing.

        Raises:
            CallcueError: the command was refused, or could not be confirmed.

        """
        if len(self._row) + len(self._kept) + len(self._stopping) >= self._limits.commands:
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
            job = self._row.popleft()
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
                job.done(self._play(job.command.request, step))
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

    def _play(self, request: PlayRequest, step: Step) -> Playback:
        playback = Playback(self.place, request)
        if step.effect is Effect.BUSY:
            self._refuse_or_queue(request)
        elif step.effect is not Effect.BEGIN:
            self.queue.clear(EndReason.REPLACED)
            playback.replaced = self._playing().id
        self._ledger.accepted(playback)
        if step.effect is Effect.BEGIN:
            self._begin(playback)
        else:
            self.queue.append(playback)
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
        elif isinstance(command, Seek):
            item = playback.position().item if command.item is None else command.item
            if not 1 <= item <= len(playback.clips) or command.to < 0:
                raise OutOfRange(f"the list has {len(playback.clips)} items, from 0 ms on")
            await self._confirmed(
                playback, lambda n: self._player.seek(playback, n, item, command.to)
            )
        else:
            await self._confirmed(playback, lambda n: self._send(command, playback, n))
        job.done(playback)

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

    async def _confirmed(self, playback: Playback, send: Callable[[int], Awaitable[None]]) -> None:
        """Send a numbered verb and wait for the event that repeats its number."""
        number = playback.next_number()
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
            playback.doom(_END_OF[event.kind], event.detail)
        if event.position is not None:
            playback.stand_at(event.position, moving_since=event.moving_since)
        if event.kind is Event.JOINED:
            playback.joined = True
        if event.kind is Event.STREAMING:
            playback.streaming = True
        if self.state is State.STARTING and playback.joined and playback.streaming:
            self.happened(LegEvent(Event.RUNNING))
        confirmation = self._confirmation
        if confirmation is not None and event.number == confirmation.number:
            confirmation.settle()

    def _run(self) -> None:
        self._playing().start()
        self._row.extendleft(reversed(self._kept))
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
        playback.doom(_END_OF[event.kind], detail)
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
        playback.joined = playback.streaming = True
        playback.start()
        if self._supply is not None:
            self._chore(self._bring(playback, self._supply))
        if playback.reason is not None:
            self._end(State.STOPPING, EndReason.STOPPED)

    def _clear_queue_if_deserted(self, event: LegEvent) -> None:
        """One that heard it alone may have gone, and a leg that is stopped loses its target."""
        others_stay = self._playing().listener is not None or self.state is State.STOPPING
        if event.kind is Event.PARTY_LEFT or (event.kind is Event.TARGET_MOVED and not others_stay):
            self.queue.clear(EndReason.HUNG_UP)

    def call_left(self, call: CallId) -> None:
        """A call has left: what was asked for it, or heard by it alone, ends."""
        playbacks = [*self.queue, *([self.current] if self.current else [])]
        for playback in playbacks:
            request = playback.request
            if call in (request.asked_by.call, request.audience, playback.listener):
                self._retire(playback, EndReason.HUNG_UP, "its call has ended or moved")

    def withdraw(self, playback: Playback) -> None:
        """Its asker has given it up: it shall not begin later, nor go on."""
        self._retire(playback, EndReason.STOPPED, "its asker gave it up")

    def _retire(self, playback: Playback, reason: EndReason, detail: str) -> None:
        """End this one, wherever it stands, and leave the others alone."""
        if playback in self.queue:
            self.queue.drop(playback, reason, detail)
        elif playback is self.current:
            step = on_command(self.state, Verb.STOP)
            if step.effect in (Effect.ABANDON, Effect.STOP):
                self._end(step.state, reason, detail)
            else:  # it is going, or will be hung up as soon as it is found again
                playback.doom(reason, detail)

    # ---- beginnings and ends ----------------------------------------------------------------

    def _begin(self, playback: Playback) -> None:
        self.state = State.PREPARING
        self.current = playback
        self._launch = asyncio.create_task(self._start(playback))

    async def _start(self, playback: Playback) -> None:
        """Bring the playback to where it is heard; whatever keeps it from that is its end."""
        supply = self._supply = Supply(self._media, playback.request.media)
        try:
            await self._something_to_begin_with(playback, supply)
            supply.late = tuple(i for i, clip in enumerate(playback.clips) if clip is None)
            playback.listener = self._listener_of(playback.request)
            self.happened(LegEvent(Event.PREPARED))
            async with asyncio.timeout(self._limits.start):
                await self._player.start(playback)
                await playback.settled()
            if playback.ended:
                return
            if supply.late:
                self._chore(self._bring(playback, supply))
            else:
                self._close_supply()
        except TimeoutError:
            self._fail_start(playback, NotStarted("Asterisk did not start it in time"))
        except CallcueError as error:
            self._fail_start(playback, error)
        except Exception as error:  # a fault of ours is this playback's end, and no end of us
            _log.exception("playback %s could not be started", playback.id)
            self._fail_start(playback, NotStarted(f"a fault in callcue: {error!r}"))

    async def _something_to_begin_with(self, playback: Playback, supply: Supply) -> None:
        """Wait for the first item; for the first good one, where others are left out.

        Raises:
            CallcueError: there is none.

        """
        count = len(playback.request.media)
        playback.clips = [None] * count
        for index in range(count):
            fault = await self._take(playback, supply, index)
            if fault is None:
                break
            if self._limits.missing is Missing.ENDS or index == count - 1:
                raise fault
        for index in range(count):
            if playback.clips[index] is None and supply.arrived(index):
                await self._take(playback, supply, index)

    async def _take(self, playback: Playback, supply: Supply, index: int) -> CallcueError | None:
        """Take one clip over as soon as it is there; if it cannot be had, why."""
        try:
            playback.clips[index] = await supply.clip(index)
        except CallcueError as error:
            playback.clips[index], playback.faults[index] = self._limits.missing, error
            return error
        return None

    async def _bring(self, playback: Playback, supply: Supply) -> None:
        """Hand the leg what was not there when it was sent, each as soon as it comes."""

        async def one(index: int) -> None:
            await self._take(playback, supply, index)
            try:
                await self._player.supply(playback, index)
            except CallcueError as error:  # after a lost link it is handed all of them again
                _log.warning("item %s of playback %s: %s", index + 1, playback.id, error)

        await asyncio.gather(*(one(index) for index in supply.late))

    def _close_supply(self) -> None:
        if self._supply is not None:
            self._supply.close()
            self._supply = None

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
        playback.doom(reason, detail)
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
        self._close_supply()
        # Prepared once for each name: two names may mean the same clip.
        clips = dict(zip(playback.request.media, playback.clips, strict=False)).values()
        self._media.release([clip for clip in clips if isinstance(clip, str)])
        self.state, self.current, self.last = State.IDLE, None, playback
        playback.finish()
        self._ledger.ended(playback)
        self._answer_those_who_waited(playback)
        if self.queue:
            self._begin(self.queue.next())

    def _answer_those_who_waited(self, playback: Playback) -> None:
        if self._confirmation is not None:
            self._confirmation.settle(NothingPlaying())
        for job in self._kept:
            job.fail(NothingPlaying())
        for job in self._stopping:
            job.done(playback)
        self._kept.clear()
        self._stopping.clear()

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
