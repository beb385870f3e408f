"""By ear: from sending a command to the frame in which it is heard, and to its answer.

All contestants take turns in the same room, heard by the same ear, in an order that is shuffled
for each round. The mixer works in steps of 20 ms, so that when in a step a command is sent matters
more than who sends it. Everybody sends each verb at the same moments, evenly spread over a step.
"""

import asyncio
import math
import random
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from ears import hearing
from ears.ear import Ear, Frame

from . import effects
from .contestant import Contestant, Place, Refused
from .effects import Effect
from .plan import Plan
from .process import cpu_seconds, resident_kib
from .rig import CLIP, Rig, end

SETTLE_SECONDS = 0.08
FRAME_SECONDS = 0.020
PATIENCE_SECONDS = 2.0
SEEK_TO = 6.0
MORE = ("play", "stop") * 2
"""Before the others: when a PLAY is heard has the whole 20 ms of a frame as its spread."""
VOLUME = -12
GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of the golden section, without their whole part, leave no large gap anywhere."""


@dataclass
class Samples:
    """What one verb of one contestant took, in ms."""

    heard: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    missed: int = 0
    """How often it was not heard at all, or not where it should have been."""


async def measure(rig: Rig, plan: Plan) -> dict[str, Any]:
    """All verbs of all contestants, with more and more playbacks live."""
    place, ear = await rig.room_with_ear()
    levels = {}
    playing: list[Place] = []
    for wanted in plan.live:
        more = (await rig.rooms(wanted - 1))[len(playing) :]
        playing += await rig.play_in_all(rig.screen, more)
        live = len(playing) + 1
        await asyncio.sleep(1)
        rig.say(f"{live} live: what they cost")
        resting = await _rest(rig, plan, live)
        rig.say(f"{live} live: verbs by ear")
        levels[str(live)] = {
            "resting": resting,
            "verbs": await _Level(place, ear, rig.contestants, plan).measure(),
        }
        if live < wanted:
            break
    await rig.stop_in_all(rig.screen, playing)
    ear.hang_up()
    return levels


async def _rest(rig: Rig, plan: Plan, live: int) -> dict[str, float]:
    """What it costs just to have that many playbacks."""
    pids = {"callcue": rig.service.pid, "asterisk": rig.pbx.pid}
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    began = time.monotonic()
    await asyncio.sleep(plan.rest_seconds)
    seconds = time.monotonic() - began
    spent = {name: (cpu_seconds(pid) - before[name]) / seconds for name, pid in pids.items()}
    return {
        "live": live,
        "callcue_cores": spent["callcue"],
        "asterisk_cores": spent["asterisk"],
        "callcue_kib": resident_kib(rig.service.pid),
    }


class _Level:
    def __init__(self, place: Place, ear: Ear, contestants: list[Contestant], plan: Plan) -> None:
        self._place = place
        self._ear = ear
        self._contestants = contestants
        self._plan = plan
        self._random = random.Random(1)
        self._moments: defaultdict[tuple[str, str], Iterator[float]] = defaultdict(_moments)
        self._samples: dict[str, dict[str, Samples]] = {}

    async def measure(self) -> dict[str, dict[str, dict[str, Any]]]:
        end = time.monotonic() + self._plan.level_seconds
        for number in range(self._plan.rounds):
            if number > self._plan.warm_up and time.monotonic() > end:
                break
            if number <= self._plan.warm_up:
                self._samples = {c.name: defaultdict(Samples) for c in self._contestants}
            self._random.shuffle(self._contestants)
            for contestant in self._contestants:
                await self._turn(contestant)
        return {
            name: {verb: vars(samples) for verb, samples in verbs.items()}
            for name, verbs in self._samples.items()
        }

    async def _turn(self, contestant: Contestant) -> None:
        """All verbs of one contestant, once. One that goes wrong is counted, and ends the turn."""
        self._ear.frames.clear()
        samples = self._samples[contestant.name]
        for verb in (*MORE, *contestant.verbs):
            await self._settle(next(self._moments[contestant.name, verb]))
            measured = _Command(self._ear, self._effect(contestant, verb))
            if not await measured.run(self._action(contestant, verb)):
                samples[verb].missed += 1
                await end(contestant, self._place)
                return
            samples[verb].heard.append(measured.heard)
            samples[verb].answered.append(measured.answered)
            if verb == "stop":
                await contestant.clear(self._place)

    async def _settle(self, moment: float) -> None:
        """Let what was before be over, and wait for that moment between two frames."""
        await asyncio.sleep(SETTLE_SECONDS)
        last = self._ear.frames[-1].at
        await asyncio.sleep((last - time.monotonic()) % FRAME_SECONDS + moment * FRAME_SECONDS)

    def _action(self, contestant: Contestant, verb: str) -> Coroutine[Any, Any, None]:
        match verb:
            case "play":
                return contestant.play(self._place, CLIP)
            case "seek":
                return contestant.seek(self._place, SEEK_TO)
            case "volume":
                return contestant.volume(self._place, VOLUME)
            case _:
                action: Coroutine[Any, Any, None] = getattr(contestant, verb)(self._place)
                return action

    def _effect(self, contestant: Contestant, verb: str) -> Effect:
        """What must be heard of that verb, judged by what was heard last before it."""
        match verb:
            case "play":
                return effects.sound
            case "pause" | "stop":
                return effects.silence
            case "resume":
                return effects.place(effects.position(self._last_heard()) + FRAME_SECONDS)
            case "seek":
                before = effects.position(self._last_heard())
                return effects.place(contestant.lands(before, SEEK_TO))
            case "restart":
                return effects.place(0.0)
            case "volume":
                return effects.quieter(self._last_heard())
        raise AssertionError(verb)

    def _last_heard(self) -> Frame:
        return next(frame for frame in reversed(self._ear.frames) if hearing.audible(frame))


def _moments() -> Iterator[float]:
    """Parts of a frame, as evenly spread as can be after however many."""
    return ((n * GOLDEN) % 1 for n in count())


class _Command:
    """One command on its way: when it was heard and when it was answered, in ms."""

    heard = 0.0
    answered = 0.0

    def __init__(self, ear: Ear, effect: Effect) -> None:
        self._ear = ear
        self._effect = effect

    async def run(self, action: Coroutine[Any, Any, None]) -> bool:
        """Send it; whether all went as it should."""
        sent = time.monotonic()
        answer = asyncio.create_task(self._answer(action, sent))
        try:
            await self._ear.until(lambda: self._found(sent), within=PATIENCE_SECONDS)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await answer
        except (TimeoutError, Refused):
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)
            return False
        return True

    def _found(self, sent: float) -> bool:
        frame = self._effect(self._ear.since(sent))
        if frame is None:
            return False
        self.heard = (frame.at - sent) * 1000
        return True

    async def _answer(self, action: Coroutine[Any, Any, None], sent: float) -> None:
        await action
        self.answered = (time.monotonic() - sent) * 1000
