"""Asterisk's wall clock is set while a clip plays: what is heard and what is reported stay right.

Afterwards Asterisk and the service have what they began with. The PBX is the test's own, with a
clock of its own. Nobody sets this machine's.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from chaos.remains import at_rest, until_as_it_began
from ears import clips, hearing
from ears.ear import Ear, Frame
from real.hand import open_hand
from real.parties import ears_for
from real.pbx import Pbx, running_pbx
from real.picture import picture, until_as
from real.restarting import service_process
from real.room import Room
from real.service import Integrator

STEP = 60
"""Seconds."""
LIMIT = 70
"""Seconds the playback may play: more than one step, so that Asterisk does not take it for over."""
LENGTH = 1.6
"""Seconds of the sweep."""
NEAR = 0.080
"""Seconds between what is reported and what is heard."""
VERY_POSITION = 0.040
"""Seconds: two frames, the precision that is promised for a resume."""
FRAME = 0.020


@dataclass
class Scene:
    """One who hears a callcue on an Asterisk whose clock can be set."""

    pbx: Pbx
    ear: Ear
    bird: Integrator

    async def plays(self, item: int) -> None:
        """Wait until it is well inside that item of the list."""
        await self.ear.listen(FRAME)
        while (await self.bird.status())["item"] != item or _place(self.ear.frames[-1]) < 0.3:
            await self.ear.listen(FRAME)

    async def reports_what_is_heard(self) -> None:
        seen = await self.bird.status()
        asked = time.monotonic()
        frame = next(f for f in reversed(self.ear.frames) if hearing.audible(f))
        heard = _place(frame) + asked - frame.at
        assert seen["state"] == "playing"
        assert abs(seen["positionMilliseconds"] / 1000 - heard) < NEAR

    async def pauses_and_goes_on_from_there(self) -> None:
        paused = await self.bird.control("pause")
        await self.ear.listen(0.2)
        before = [f for f in self.ear.frames if hearing.audible(f)][-1]
        resumed = time.monotonic()
        await self.bird.control("resume")
        await self.ear.listen(0.2)
        after = hearing.first_audible(self.ear.since(resumed))
        assert after is not None
        assert abs(_place(after) - _place(before) - FRAME) < VERY_POSITION
        assert abs(paused["positionMilliseconds"] / 1000 - _place(after)) < NEAR
        await self.reports_what_is_heard()


@pytest_asyncio.fixture
async def scene(pbx: Pbx, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        own = stack.enter_context(running_pbx("--asterisk", str(pbx.major), "--own-clock"))
        clips.write_sln(own.sounds / "swept.sln", clips.sweep(LENGTH))
        clips.write_sln(own.sounds / "short-high.sln", clips.tone(3000, 0.3))
        hand = await stack.enter_async_context(open_hand(own))
        ears = await stack.enter_async_context(ears_for(own, hand))
        process = await stack.enter_async_context(service_process(own, tmp_path))
        await process.start()
        empty = await picture(hand)
        room = Room("8600950", hand, ears, agent="agent-950")
        ear = await room.party(agent=True)
        await process.knows(ear)
        began = await at_rest(process)
        yield Scene(own, ear, process.integrator(ear.id))
        await until_as_it_began(process, began)
        await room.close()
        await until_as(hand, empty)


async def test_given_a_clip_when_asterisks_clock_is_set_then_nothing_is_cut_or_heard_twice(
    scene: Scene,
) -> None:
    names = ("swept", "swept", "swept", "short-high")
    _, accepted = await scene.bird.play(*names, timeout=LIMIT)

    for item, ahead in ((1, STEP), (2, 2 * STEP), (3, STEP)):
        await scene.plays(item)
        scene.pbx.set_clock(ahead)
        await scene.ear.listen(0.2)
        await scene.reports_what_is_heard()
        await scene.pauses_and_goes_on_from_there()
    scene.pbx.set_clock(0)  # back once more, and no verb before the clip's end

    assert (await scene.bird.ended(accepted["id"]))["endReason"] == "finished"
    await scene.ear.listen(0.2)
    heard = [frame for frame in scene.ear.frames if hearing.audible(frame)]
    assert _beginnings(heard) == 3
    assert len(heard) == pytest.approx((3 * LENGTH + 0.3) / FRAME, abs=6)


def _place(frame: Frame) -> float:
    return hearing.sweep_position(frame) if hearing.audible(frame) else -1.0


def _beginnings(heard: list[Frame]) -> int:
    """How often the sweep is heard to begin; the last clip is above it."""
    places = [LENGTH, *map(_place, heard)]
    return sum(after < 0.1 < before for before, after in pairwise(places))
