"""One session on a stage: a player that does what the tester says, when the tester says so."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from fakes.directory import FakeDirectory

from callcue.core.commands import Command, Pause, Play, Stop
from callcue.core.errors import ClipFailed, ClipNotFound
from callcue.core.limits import Limits
from callcue.core.occurrences import Occurrence
from callcue.core.playback import Playback, PlayRequest
from callcue.core.ports import LegEvent
from callcue.core.session import CallSession
from callcue.core.states import Event, State
from callcue.core.types import (
    CallId,
    Conference,
    EndReason,
    IfPlaying,
    Milliseconds,
    Place,
    PlaybackId,
    Position,
    SoundName,
)
from callcue.core.witness import Nobody

ROOM = Conference("pbx1", "8600051")
PATIENT = Limits(start=60, confirm=60)
"""No time limit comes by itself."""
WITHIN = 3.0
"""Seconds after which a test has waited in vain."""


def play(
    *media: str, if_playing: IfPlaying = IfPlaying.REJECT, limit: Milliseconds | None = None
) -> Play:
    """A PLAY of *media*, or of one sound."""
    return Play(PlayRequest(media or ("greeting",), if_playing=if_playing, limit=limit))


def override(*media: str) -> Play:
    return play(*media, if_playing=IfPlaying.REPLACE)


def queued(*media: str) -> Play:
    return play(*media, if_playing=IfPlaying.QUEUE)


def position(item: int = 1, offset: int = 0, round_: int = 1) -> Position:
    return Position(item, round_, Milliseconds(offset))


class PuppetPlayer:
    """Implements `callcue.core.ports.Player`. It notes what it is told; nothing happens by itself.

    ``gates``: a verb named there waits until its event is set. ``faults``: raised once, by verb.
    ``found``: what `find` says.
    """

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.faults: dict[str, Exception] = {}
        self.checked: list[tuple[Place, CallId | None]] = []
        self.found: LegEvent | Exception = LegEvent(Event.LEG_GONE)

    async def check(self, place: Place, listener: CallId | None) -> str:
        self.checked.append((place, listener))
        if "check" in self.faults:
            raise self.faults.pop("check")
        return "room"

    async def start(self, playback: Playback) -> None:
        await self._do("start", playback, f"start {playback.request.media[0]}")

    async def stop(self, playback: Playback) -> None:
        await self._do("stop", playback, f"stop {playback.request.media[0]}")

    async def pause(self, playback: Playback, number: int) -> None:
        await self._do("pause", playback, f"pause-{number}")

    async def resume(self, playback: Playback, number: int) -> None:
        await self._do("resume", playback, f"resume-{number}")

    async def restart(self, playback: Playback, number: int) -> None:
        await self._do("restart", playback, f"restart-{number}")

    async def seek(self, playback: Playback, number: int, item: int, to: Milliseconds) -> None:
        await self._do("seek", playback, f"seek-{number}-{item}-{to}")

    async def volume(self, playback: Playback, decibels: float) -> int:
        await self._do("volume", playback, f"volume {decibels:g}")
        return round(decibels)

    async def supply(self, playback: Playback, index: int) -> None:
        await self._do("supply", playback, f"supply {index} {playback.clips[index]}")

    async def find(self, playback: Playback) -> Sequence[LegEvent]:
        await self._do("find", playback, f"find {playback.request.media[0]}")
        if isinstance(self.found, Exception):
            raise self.found
        return [self.found]

    def hold(self, verb: str) -> asyncio.Event:
        """Let *verb* wait, from now on, until the event returned is set."""
        return self.gates.setdefault(verb, asyncio.Event())

    async def _do(self, verb: str, playback: Playback, text: str) -> None:
        assert not playback.ended, f"{text} for a playback that has ended"
        self.sent.append(text)
        if verb in self.gates:
            await self.gates[verb].wait()
        if verb in self.faults:
            raise self.faults.pop(verb)


class PuppetMedia:
    """Implements `callcue.core.ports.MediaLibrary`: all sounds are there but the *missing*."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.forgotten: list[str] = []
        self.checked = asyncio.Event()
        self.checked.set()
        self.prepared = asyncio.Event()
        self.prepared.set()
        self.fault: Exception | None = None
        self.slow: dict[str, asyncio.Event] = {}
        """Those that come once their event is set."""
        self.failing: dict[str, str] = {}
        """Those that cannot be had, and why."""
        self.alike: dict[str, str] = {}
        """Names whose clip is another's too."""
        self.held: list[str] = []
        """What was handed out and not given back yet."""

    async def check(self, media: Sequence[str]) -> None:
        await self.checked.wait()
        for index, name in enumerate(media):
            if name in self.missing:
                raise ClipNotFound(index, name)

    async def prepare(self, media: str) -> SoundName:
        await self.prepared.wait()
        if media in self.slow:
            await self.slow[media].wait()
        if media in self.failing:
            raise ClipFailed(0, media, self.failing[media])
        if self.fault is not None:
            raise self.fault
        clip = self.alike.get(media, media)
        self.held.append(clip)
        return SoundName(clip)

    def release(self, clips: Collection[SoundName]) -> None:
        for clip in clips:
            self.held.remove(clip)

    def length(self, clip: SoundName) -> Milliseconds | None:  # noqa: ARG002
        return None

    def retain(self, clips: Collection[SoundName]) -> None:
        self.held.extend(clips)

    def forget(self, media: Sequence[str]) -> None:
        self.forgotten += media


class StrictLedger:
    """Implements `callcue.core.ports.Ledger`, and knows who has not ended exactly once."""

    def __init__(self) -> None:
        self.accepted_ones: list[Playback] = []
        self.ended_ones: list[Playback] = []
        self.left: list[Playback] = []

    def accepted(self, playback: Playback) -> None:
        self.accepted_ones.append(playback)

    async def kept(self, playback: Playback) -> bool:
        assert playback in self.accepted_ones
        return True

    async def recall(self, playback_id: PlaybackId) -> Playback | None:
        return self.find(playback_id)

    def changed(self, playback: Playback) -> None:
        assert playback in self.accepted_ones

    def unended(self) -> Sequence[Playback]:
        return self.left

    def ended(self, playback: Playback) -> None:
        self.ended_ones.append(playback)

    def find(self, playback_id: PlaybackId) -> Playback | None:
        return next((one for one in self.accepted_ones if one.id == playback_id), None)

    @property
    def ends(self) -> list[tuple[str, EndReason | None]]:
        """First sound and end reason, in the order of the ends."""
        return [(one.request.media[0], one.reason) for one in self.ended_ones]

    def assert_one_end_each(self) -> None:
        """Every accepted playback has ended, once, for a reason; and no other one has."""
        assert sorted(one.id for one in self.ended_ones) == sorted(
            one.id for one in self.accepted_ones
        )
        for one in self.ended_ones:
            assert one.reason is not None
            assert one.ended


class Listener(Nobody):
    """Remembers what has been told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def saw(self, playback: Playback, occurrence: Occurrence) -> None:  # noqa: ARG002
        self.heard.append(occurrence.value)


class Stage:
    """A session and all that it stands on; made by `staged`."""

    def __init__(self, limits: Limits) -> None:
        self.player = PuppetPlayer()
        self.directory = FakeDirectory(ROOM.server)
        self.media = PuppetMedia()
        self.ledger = StrictLedger()
        self.told = Listener()
        self.session = CallSession(
            ROOM,
            player=self.player,
            directory=self.directory,
            media=self.media,
            ledger=self.ledger,
            limits=limits,
            witness=self.told,
        )
        self._asked: list[asyncio.Task[Playback]] = []

    # What clients do.

    async def perform(self, command: Command) -> Playback:
        async with asyncio.timeout(WITHIN):
            return await self.session.perform(command)

    def ask(self, command: Command) -> asyncio.Task[Playback]:
        """Perform it, and do not wait for the answer."""
        task = asyncio.create_task(self.session.perform(command))
        self._asked.append(task)
        return task

    # What Asterisk does.

    def tell(
        self,
        kind: Event,
        number: int | None = None,
        at: Position | None = None,
        detail: str = "",
        moving_since: float | None = None,
    ) -> None:
        self.session.happened(LegEvent(kind, number, at, moving_since, detail))

    def streams(self, number: int = 1, item: int = 1, offset: int = 0) -> None:
        self.tell(Event.STREAMING, number, position(item, offset), moving_since=0.0)

    def holds(self, number: int, item: int = 1, offset: int = 0) -> None:
        self.tell(Event.HELD, number, position(item, offset))

    def is_heard(self) -> None:
        """Joined and streaming."""
        self.tell(Event.JOINED)
        self.streams()

    def is_gone(self, detail: str = "") -> None:
        self.tell(Event.LEG_GONE, detail=detail)

    # How to get somewhere.

    @property
    def state(self) -> State:
        return self.session.state

    @property
    def current(self) -> Playback:
        assert self.session.current is not None
        return self.session.current

    async def bring_to(self, state: State) -> None:
        """From idle to *state*, on the shortest honest way."""
        if state is State.IDLE:
            return
        if state is State.PREPARING:
            self.media.prepared.clear()
        await self.perform(play())
        if state is State.PREPARING:
            return
        await self.until(lambda: self.player.sent[-1:] == ["start greeting"])
        match state:
            case State.PLAYING:
                self.is_heard()
            case State.PAUSED:
                self.is_heard()
                await self.confirmed(Pause(), lambda number: self.holds(number, offset=700))
            case State.STOPPING:
                _ = self.ask(Stop())
            case State.ADRIFT:
                self.is_heard()
                self.tell(Event.LINK_LOST)
        await self.until(lambda: self.state is state)

    async def confirmed(self, command: Command, report: Callable[[int], None]) -> Playback:
        """Ask it, and *report* with the number it was sent with."""
        before = len(self.player.sent)
        asking = self.ask(command)
        await self.until(lambda: len(self.player.sent) > before)
        report(self.current.number)
        return await asking

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until *condition* holds."""
        async with asyncio.timeout(WITHIN):
            while not condition():  # a session has no event for every change
                await asyncio.sleep(0)

    async def quiet(self) -> None:
        """Let everything happen that can: nothing here waits for a socket or another thread."""
        for _ in range(30):
            await asyncio.sleep(0)

    # The end of the play.

    async def curtain(self) -> None:
        """End what is left, and look whether every playback has its one end."""
        self.media.prepared.set()
        self.media.checked.set()
        for gate in self.player.gates.values():
            gate.set()
        async with asyncio.timeout(WITHIN):
            while not self.session.dormant:
                await self._end_something()
            await asyncio.gather(*self._asked, return_exceptions=True)
        self.ledger.assert_one_end_each()
        assert self.media.held == []
        await self.until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    async def _end_something(self) -> None:
        await self.quiet()
        if self.session.current is not None and self.state is not State.PREPARING:
            self.is_gone()


@asynccontextmanager
async def staged(limits: Limits = PATIENT) -> AsyncIterator[Stage]:
    """A stage. When it is left every accepted playback must have one end, and no task be there."""
    stage = Stage(limits)
    yield stage
    await stage.curtain()
