"""A player leg as the dialplan of `callcue-player.conf` runs it, step by step, without the sound.

Each method is named as the extension it stands for. Written after the dialplan and not after
`callcue.asterisk`, so that both sides of the wire are not one person's idea.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .speech import Fields

MUTE_FOR = 0.2
"""Seconds a leg that streams from inside a clip waits to be opened, before it goes on alone."""

FORGOTTEN_AFTER = 10.0
"""Seconds a leg waits for its start once its join half is to be in."""

Tell = Callable[[str, Fields], None]
"""Emits an event of that name."""


def asterisk_ms() -> int:
    """Asterisk's clock."""
    return 1_700_000_000_000 + round(asyncio.get_running_loop().time() * 1000)


@dataclass
class PlayerLeg:
    """One leg. ``joined`` and ``running`` say whether it is heard and in its dialplan."""

    uniqueid: str
    join_id: str
    variables: dict[str, str]
    clips: Mapping[str, int]
    """Sound to length in ms; the tester's own, so that it can change."""
    tell: Tell
    hang_up: Callable[["PlayerLeg"], None]
    joined: bool = False
    bridge: str = ""
    """That its join half is in, where it is a member of one."""
    running: bool = False
    waits: bool = False
    """In `ready`, where it plays silence."""
    gain: str = ""
    muted: bool = False
    number: str = ""
    mode: str = ""
    item: int = 1
    round: int = 1
    offset: int = 0
    held: bool = True
    clock: int = 0
    left: int = 0
    jump: tuple[int, int, int] | None = None
    end_reason: str = ""
    alone: bool = False
    _timers: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def sound(self) -> str:
        return self.variables.get(f"CALLCUE_CLIP_{self.item}", "")

    @property
    def way(self) -> str:
        """The extension of `callcue-join` that its join half runs."""
        return self.variables["CALLCUE_JOIN"]

    @property
    def spies(self) -> bool:
        return self.way in ("barge", "whisper")

    @property
    def room(self) -> str:
        return self.variables.get("CALLCUE_ROOM", "")

    @property
    def party(self) -> str:
        return self.variables.get("CALLCUE_PARTY", "")

    @property
    def channel(self) -> str:
        return f"Local/{self.way}@callcue-join-{self.uniqueid[-8:]};1"

    @property
    def join_channel(self) -> str:
        return f"{self.channel[:-1]}2"

    @property
    def join_fields(self) -> dict[str, str]:
        """What every event about its join half has."""
        where = {"Context": "callcue-join", "Exten": self.way, "Priority": "3"}
        return {"Channel": self.join_channel, "Uniqueid": self.join_id, **where}

    @property
    def heard(self) -> tuple[str, int] | None:
        """Sound and ms, if anybody hears it now."""
        streaming = self.running and not self.held and self.mode == "playing"
        if not (self.joined and streaming) or self.muted or self.offset < 0 or self.end_reason:
            return None
        return self.sound, self.offset + self._ran()

    # ---- what comes from outside ---------------------------------------------------------------

    def redirect(self, extension: str) -> None:
        """One verb. Before the leg runs its dialplan it goes astray."""
        if not self.running:
            return
        _cue, verb, number, *place = extension.split("-")
        if self.waits:
            assert verb == "start", f"{verb} before its start"
            self.waits = False
            self.start(number)
            return
        again, self.number = number == self.number, number
        self.alone = False
        match "again" if again else verb:
            case "again":
                pass
            case "pause":
                self.mode = "paused"
            case "resume":
                self.mode = "playing"
            case "restart":
                self.mode, self.jump = "playing", (1, 1, 0)
            case "seek":
                self.jump = (int(place[0]), self.round, int(place[1]))
            case _:
                raise ValueError(f"the dialplan has no {extension}")
        self._settle()

    def begin(self, extension: str) -> None:
        """``ready-N`` or ``start-N``: what Originate runs once the leg is answered."""
        first, number = extension.split("-")
        if first == "start":
            self.start(number)
        else:
            self.running = self.waits = True
            self._time_out_after(FORGOTTEN_AFTER)

    def start(self, number: str) -> None:
        """``start-N``: the list, from its start."""
        self.running, self.number, self.mode = True, number, "playing"
        self.item = int(self.variables["CALLCUE_FIRST"])
        self.left = int(self.variables["CALLCUE_LEFT"])
        self._playing()

    def set_function(self, function: str, value: str) -> None:
        """``Setvar`` of a dialplan function."""
        if function == "VOLUME(TX)":
            self.gain = value
        elif function == "MUTEAUDIO(out)":
            self.muted = value == "on"
        elif function == "TIMEOUT(absolute)":
            self._time_out_after(float(value))

    def finish_item(self) -> None:
        """Its clip, or the gap, is over now, as if it were shorter."""
        if self.running and not self.held:
            self._next() if self.offset >= 0 else self._gap_over()

    def die(self) -> None:
        """It goes, and says nothing."""
        self._stop_timers()
        self.end_reason = self.end_reason or "dead"
        self.hang_up(self)

    def status(self) -> dict[str, str]:
        """Its variables as the dialplan keeps them."""
        if not self.running or self.waits:
            return dict(self.variables)
        return {
            **self.variables,
            "CALLCUE_NUMBER": self.number,
            "CALLCUE_MODE": self.mode,
            "CALLCUE_AT": "held" if self.held else "running",
            "CALLCUE_ITEM": str(self.item),
            "CALLCUE_ROUND": str(self.round),
            "CALLCUE_OFFSET": str(self.offset),
            "CALLCUE_CLOCK": str(self.clock),
            "CALLCUE_END": self.end_reason,
        }

    # ---- the dialplan ---------------------------------------------------------------------------

    def _settle(self) -> None:
        if self.end_reason:
            return
        if not self.held:
            ran = self._ran()
            self.offset = min(self.offset + ran, 0) if self.offset < 0 else self.offset + ran
            self.left -= ran
            self.held = True
        self._go()

    def _go(self) -> None:
        self._stop_timers()
        if self.jump is not None:
            (self.item, self.round, self.offset), self.jump = self.jump, None
        if self.mode == "paused":
            self._paused()
        else:
            self._playing()

    def _playing(self) -> None:
        if self.left < 1:
            self._end("timed_out")
            return
        if self.sound == "*skip":
            self._next(0)
            return
        if not self.sound and self.offset >= 0:
            self._lacking()
            return
        inside = self.offset > 0
        self.held, self.clock = False, asterisk_ms() + (20 if inside else 0)
        self.muted = inside and not self.alone
        self._announce(
            "playing", Clock=str(self.clock), **({"Left": str(self.left)} if inside else {})
        )
        self._time_out_after(MUTE_FOR if self.muted else self.left / 1000)
        if self.offset < 0:
            self._after(-self.offset, self._gap_over)
        elif self.sound not in self.clips:
            self._end("failed")
        else:
            self._after(max(self.clips[self.sound] - self.offset, 0), self._next)

    def _gap_over(self) -> None:
        self.left, self.offset, self.held = self.left + self.offset, 0, True
        self._go()

    def _paused(self) -> None:
        self._announce("paused")
        self._time_out_after(int(self.variables["CALLCUE_HOLD"]))

    def _lacking(self) -> None:
        self._announce("waiting")
        self._time_out_after(120)

    def set_variable(self, name: str, value: str) -> None:
        """``Setvar`` of a variable; a leg that waits for a clip looks for it all the time."""
        lacks = self.running and self.held and self.mode == "playing" and not self.sound
        self.variables[name] = value
        if lacks and self.sound:
            self._go()

    def _next(self, ran: int | None = None) -> None:
        self.left -= self._ran() if ran is None else ran
        self.held = True
        if self.item < int(self.variables["CALLCUE_COUNT"]):
            self.item += 1
        elif (rounds := int(self.variables["CALLCUE_ROUNDS"])) == 0 or self.round < rounds:
            self.item, self.round = 1, self.round + 1
        else:
            self._end("finished")
            return
        self.offset = -int(self.variables["CALLCUE_GAP"])
        self._go()

    def _time_is_up(self) -> None:
        """``T``: the short limit of a leg that nobody opened or started, or the true one."""
        if self.waits:
            self.die()
        elif self.muted and not self.held:
            self.alone, self.muted = True, False
            self._settle()
        else:
            self._end("timed_out")

    def _end(self, reason: str) -> None:
        self._stop_timers()
        self.end_reason = reason
        place = {"Item": str(self.item), "Round": str(self.round)}
        self._user_event({"State": "ended", "Reason": reason, **place})
        self.hang_up(self)

    # ---- its means ------------------------------------------------------------------------------

    def _announce(self, state: str, **more: str) -> None:
        place = {"Item": str(self.item), "Round": str(self.round), "Offset": str(self.offset)}
        self._user_event({"State": state, **place, **more})

    def _user_event(self, fields: dict[str, str]) -> None:
        head = {"UserEvent": "CallcueLeg", "Channel": self.channel, "Uniqueid": self.uniqueid}
        playback = self.variables["CALLCUE_PLAYBACK"]
        self.tell("UserEvent", {**head, "Playback": playback, "Number": self.number, **fields})

    def _ran(self) -> int:
        return max(asterisk_ms() - self.clock, 0)

    def _after(self, ms: int, step: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(ms / 1000, step))

    def _time_out_after(self, seconds: float) -> None:
        """A new limit takes the place of the one before; the clip's own timer stays."""
        loop = asyncio.get_running_loop()
        if self._limit is not None:
            self._limit.cancel()
        self._limit = loop.call_later(seconds, self._time_is_up)

    _limit: asyncio.TimerHandle | None = None

    def _stop_timers(self) -> None:
        for timer in [*self._timers, *([self._limit] if self._limit is not None else [])]:
            timer.cancel()
        self._timers.clear()
