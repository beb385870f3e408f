"""A player that plays nothing, and reports everything as the real one does."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from callcue.core.errors import CallcueError, CannotPlayHere
from callcue.core.playback import Playback
from callcue.core.ports import LegEvent, LegListener
from callcue.core.states import Event
from callcue.core.types import CallId, Milliseconds, Place, PlaybackId, Position

START = Position(1, 1, Milliseconds(0))


@dataclass
class FakeLeg:
    """A leg as Asterisk would have it: where it stands, and whether it moves."""

    position: Position = START
    moving: bool = True


@dataclass
class FakePlayer:
    """Implements `callcue.core.ports.Player`.

    What the tester makes it do: *delay* seconds before every event; *refuse* raises from every
    method; verbs in *silent* are taken and never confirmed; with *joins* false the leg gets into
    no room; a clip in *unplayable* fails when it is its turn.
    """

    delay: float = 0.0
    refuse: CallcueError | None = None
    silent: set[str] = field(default_factory=set)
    joins: bool = True
    checked: list[tuple[Place, CallId | None]] = field(default_factory=list)
    cannot_play: str = ""
    """Why nothing can be played anywhere, if so."""
    unplayable: set[str] = field(default_factory=set)
    taken: list[tuple[str, PlaybackId]] = field(default_factory=list)
    """Every verb that was taken, in its order."""
    started: list[Playback] = field(default_factory=list)
    legs: dict[PlaybackId, FakeLeg] = field(default_factory=dict)
    lost: dict[PlaybackId, LegEvent | Sequence[LegEvent]] = field(default_factory=dict)
    """What `find` shall answer; a leg it does not name is gone."""
    _listener: LegListener | None = None

    # ---- the port -----------------------------------------------------------------------------

    async def check(self, place: Place, listener: CallId | None) -> str:
        self.checked.append((place, listener))
        if self.cannot_play:
            raise CannotPlayHere(self.cannot_play)
        return "room" if listener is None else "whisper"

    async def start(self, playback: Playback) -> None:
        self._take("start", playback)
        self.started.append(playback)
        self.legs[playback.id] = FakeLeg()
        if "start" not in self.silent:
            self._later(lambda: self._begin(playback))

    async def stop(self, playback: Playback) -> None:
        self._take("stop", playback)
        if playback.id in self.legs and "stop" not in self.silent:
            self._later(lambda: self.hang_up(playback))

    async def pause(self, playback: Playback, number: int) -> None:
        self._verb("pause", playback, number, moving=False)

    async def resume(self, playback: Playback, number: int) -> None:
        self._verb("resume", playback, number, moving=True)

    async def restart(self, playback: Playback, number: int) -> None:
        self._verb("restart", playback, number, moving=True, position=START)

    async def seek(self, playback: Playback, number: int, item: int, to: Milliseconds) -> None:
        leg = self.legs[playback.id]
        position = Position(item, leg.position.round, to)
        self._verb("seek", playback, number, moving=leg.moving, position=position)

    async def volume(self, playback: Playback, decibels: float) -> int:
        self._take("volume", playback)
        return round(decibels)

    async def supply(self, playback: Playback, index: int) -> None:
        self._take(f"supply {index}", playback)

    async def find(self, playback: Playback) -> Sequence[LegEvent]:
        self._take("find", playback)
        if not playback.begun:
            unwanted = playback.reason is not None
            return [LegEvent(Event.LEG_GONE if unwanted else Event.NEVER_SENT)]
        found = self.lost.get(playback.id, LegEvent(Event.LEG_GONE, detail="not found"))
        return [found] if isinstance(found, LegEvent) else found

    # ---- what the tester makes happen -----------------------------------------------------------

    def report_to(self, listener: LegListener) -> None:
        """Name the one who hears the events."""
        self._listener = listener

    @staticmethod
    def new_leg() -> FakeLeg:
        """One that is out already."""
        return FakeLeg()

    def finish(self, playback: Playback) -> None:
        """The list plays to its end."""
        self._report(playback, LegEvent(Event.LIST_ENDED))
        self.hang_up(playback)

    def hang_up(self, playback: Playback) -> None:
        """The leg is gone."""
        if self.legs.pop(playback.id, None) is not None:
            self._report(playback, LegEvent(Event.LEG_GONE, detail="the leg was hung up"))

    # ---- inside ---------------------------------------------------------------------------------

    def _begin(self, playback: Playback) -> None:
        if not self.joins:
            self._report(playback, LegEvent(Event.JOIN_FAILED, detail="the room is | full"))
        elif playback.clips[0] in self.unplayable:
            self._report(playback, LegEvent(Event.CLIP_FAILED))
            self.hang_up(playback)
        elif playback.id in self.legs:
            self._report(playback, LegEvent(Event.JOINED))
            self._report(playback, self._standing(playback, number=1))

    def _verb(
        self,
        verb: str,
        playback: Playback,
        number: int,
        *,
        moving: bool,
        position: Position | None = None,
    ) -> None:
        self._take(verb, playback)
        leg = self.legs[playback.id]
        leg.moving, leg.position = moving, position or leg.position
        if verb not in self.silent:
            self._later(lambda: self._report(playback, self._standing(playback, number)))

    def _standing(self, playback: Playback, number: int) -> LegEvent:
        leg = self.legs.get(playback.id, FakeLeg())
        kind = Event.STREAMING if leg.moving else Event.HELD
        since = asyncio.get_running_loop().time() if leg.moving else None
        return LegEvent(kind, number=number, position=leg.position, moving_since=since)

    def _take(self, verb: str, playback: Playback) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.taken.append((verb, playback.id))

    def _later(self, happen: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self.delay, happen)

    def _report(self, playback: Playback, event: LegEvent) -> None:
        assert self._listener is not None, "report_to was not called"
        self._listener(playback, event)
