"""What must be so after a fault: nothing was cut, doubled or lost, and nothing is left."""

import asyncio
import time
from collections.abc import Sequence

from ears import hearing
from ears.ear import Ear, Frame
from real.hand import Hand
from real.restarting import FRAME

from .faults import Fault
from .remains import until_as_it_began
from .scene import Ground, Scene, scene

NEAR = 0.080
"""Seconds between what is reported and what is heard."""

EDGE = 0.06
"""Seconds from a full one where the clock cannot be read: a frame may have both sides of it."""

END_SECONDS = 5.0


async def meets(fault: Fault, ground: Ground) -> None:
    """Let a callcue of its own meet that fault, and judge it."""
    own = ground.folder / fault.__name__
    own.mkdir()
    try:
        async with scene(ground, own) as played:
            await _judged(fault, played)
            await _no_leg_of(played.ids, ground.hand)
    except BaseException as failure:
        failure.add_note(f"fault: {fault.__name__}")
        raise


async def _judged(fault: Fault, scene: Scene) -> None:
    since = time.monotonic()
    await fault(scene)
    await scene.is_back()

    seen = await scene.bird.status()
    asked = time.monotonic()
    frame = await _readable(scene.ear)
    heard = hearing.clock_ms(frame) / 1000 - (frame.at - asked)
    assert seen["state"] == "playing", seen
    assert abs(seen["positionMilliseconds"] / 1000 - heard) < NEAR, (seen, heard)
    gaps = hearing.quiet_runs(scene.ear.since(since))
    assert max(gaps, default=0) <= hearing.LOST_FRAME, gaps
    strays = _strays(scene.ear.since(since))
    assert strays == [], strays
    assert (await scene.paused.status())["state"] == "paused"
    assert not any(map(hearing.audible, scene.still.since(since)))

    assert (await scene.bird.control("pause"))["state"] == "paused"
    assert (await scene.bird.control("resume"))["state"] == "playing"
    assert (await scene.paused.control("resume"))["state"] == "playing"
    await scene.still.listen(0.1)
    assert any(map(hearing.audible, scene.still.since(since)))
    await scene.paused.control("stop")
    await scene.bird.control("stop")
    for playback in scene.ids:
        end = (await scene.bird.ended(playback))["endReason"]
        assert end == "stopped", end
    await _all_on_record(scene)
    await until_as_it_began(scene.process, scene.began)


async def _all_on_record(scene: Scene) -> None:
    """Each has one end there, also those that could not be written at first."""
    async with asyncio.timeout(END_SECONDS):
        while not all(end is not None for _, end in scene.process.ends().values()):
            await asyncio.sleep(0.05)
    assert sorted(scene.process.ends()) == sorted(scene.ids)


async def _no_leg_of(playbacks: Sequence[str], hand: Hand) -> None:
    """Wait until Asterisk has no channel that was made for these."""
    async with asyncio.timeout(END_SECONDS):
        while [
            channel
            for channel in await hand.items("CoreShowChannels")
            if any(playback in channel["Uniqueid"] for playback in playbacks)
        ]:
            await asyncio.sleep(0.02)


async def _readable(ear: Ear) -> Frame:
    """The next frame that is within a second of the clock: at its edge it cannot be read."""
    while True:
        (frame,) = await ear.listen(0.02)
        if EDGE < hearing.clock_ms(frame) / 1000 % 1 < 1 - EDGE:
            return frame


def _strays(frames: Sequence[Frame]) -> list[float]:
    """Readings of the clock that are not where they would be if it had run evenly, in seconds."""
    heard = [(n, frame) for n, frame in enumerate(frames) if hearing.audible(frame)]
    readings = [(n, hearing.clock_ms(frame) / 1000) for n, frame in heard]
    inside = [(n, seconds) for n, seconds in readings if EDGE < seconds % 1 < 1 - EDGE]
    first = inside[0]
    return [s for n, s in inside if abs(s - first[1] - (n - first[0]) * FRAME) > FRAME]
