"""Every verb in every kind of place, by ear: who is meant hears it, and nothing else changes.

The places of one test are played into side by side. What was heard is looked at when all is over:
a look takes time, and the ears speak meanwhile.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
from ears import clips, hearing
from ears.ear import Ear, Frame
from numpy.typing import NDArray
from real.hand import Hand
from real.picture import picture, until_as
from real.scenes import BRIDGES, PLACES, Scene, Scenes

pytestmark = pytest.mark.alone

HEAD = 160
"""Samples: the first 20 ms of a clip. A busy machine may lose a later frame."""

NEAR = 0.040
"""Seconds: two frames, the precision that is promised for a position."""

HIGH = 1500
"""Hz of the clip "high"."""

LATE = 0.1
"""Seconds in which what was on its way may still come to an ear."""

SOUGHT_IN_BRIDGES = ("barge", "member", "called")
SOUGHT_IN_PLACES = ("conference", "wait")


class Listening:
    """What was heard in a scene, cut at the moments that a test has marked."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._marks: list[tuple[str, float]] = []

    def mark(self, name: str) -> None:
        """From here on it is this part."""
        self._marks.append((name, time.monotonic()))

    def at(self, name: str) -> float:
        """When that part began."""
        return next(moment for mark, moment in self._marks if mark == name)

    async def listen(self, seconds: float) -> None:
        """Let everybody hear so much."""
        await asyncio.gather(*(ear.listen(seconds) for ear in self.scene.parties))

    def part(self, ear: Ear, name: str) -> list[Frame]:
        """What that party heard in that part."""
        end = next((moment for _, moment in self._marks if moment > self.at(name)), np.inf)
        return [frame for frame in ear.since(self.at(name)) if frame.at < end]

    def parts(self, name: str) -> Iterator[list[Frame]]:
        """What each listener heard in that part, the voices of the others left out."""
        return (self.scene.behind(e, self.part(e, name)) for e in self.scene.listeners)

    def whole(self, ear: Ear) -> list[Frame]:
        """All that party heard from the first part on."""
        return ear.since(self._marks[0][1])


@contextmanager
def named(kind: str) -> Iterator[None]:
    """What fails in here is told to be of that kind of place."""
    try:
        yield
    except Exception as failure:
        failure.add_note(f"in this kind of place: {kind}")
        raise


async def until_music(scene: Scene, ear: Ear) -> None:
    """Wait until what is heard in this place while nothing plays is heard again."""
    await ear.until(
        lambda: all(hearing.strength(ear.frames[-1].samples, hz) > 1000 for hz in scene.music)
    )


async def until_heard(scene: Scene) -> None:
    await asyncio.gather(
        *(ear.until(lambda ear=ear: scene.hears(ear)) for ear in scene.listeners)  # type: ignore[misc]
    )


def places(frames: Sequence[Frame]) -> list[float]:
    """Where in the sweep each audible frame is."""
    return [hearing.sweep_position(f) for f in frames if hearing.audible(f)]


def is_silent_soon(frames: Sequence[Frame]) -> bool:
    """Whether nothing is heard any more, but for what was on its way to the ear."""
    return not any(hearing.audible(f) for f in frames if f.at > frames[0].at + LATE)


def check_lands(listening: Listening, name: str, target: float) -> None:
    """From that mark on the sweep is heard from there on.

    What is heard later than it should be has lost its beginning, and no more: see decision 0004.
    """
    for frames in listening.parts(name):
        there = [f for f in frames if hearing.audible(f)]
        first = next(f for f in there if abs(hearing.sweep_position(f) - target) < 1)
        lost = hearing.sweep_position(first) - target
        assert -NEAR < lost < max(NEAR, first.at - listening.at(name)), name


def check_head(listening: Listening, ear: Ear) -> None:
    """The clip's very first samples are heard, and nothing of it before."""
    scene, frames = listening.scene, listening.whole(ear)
    first = next(n for n, f in enumerate(scene.behind(ear, frames)) if hearing.audible(f))
    heard = hearing.samples_of(frames[max(0, first - 2) : first + 6]).astype(np.int32)
    head = clips.sweep(0.02).astype(np.int32)

    def besides(samples: NDArray[np.int32]) -> float:
        frame = Frame(0, samples.astype(np.int16))
        return hearing.loudness(hearing.without(frame, *scene.voices(ear)))

    fits = [besides(heard[at : at + HEAD] - head) for at in range(len(heard) - HEAD)]
    at = int(np.argmin(fits))
    assert fits[at] < 0.01 * clips.LOUDNESS
    if at >= HEAD and not scene.music:  # which is broken off somewhere
        assert besides(heard[at - HEAD : at]) < hearing.AUDIBLE


def check_voices(listening: Listening) -> None:
    """Everybody heard the others all the time; a busy machine may lose a frame."""
    for ear in listening.scene.parties:
        frames = listening.whole(ear)
        for voice in listening.scene.others_of(ear):
            missed = [f for f in frames if hearing.strength(f.samples, voice.pitch) < 1000]
            assert len(missed) < 0.1 * len(frames)


@pytest.mark.parametrize("kinds", [BRIDGES, PLACES], ids="-".join)
async def test_given_places_when_played_into_then_those_meant_hear_every_verb_and_all_is_as_before(
    scenes: Scenes, hand: Hand, kinds: Sequence[str]
) -> None:
    played = await asyncio.gather(*map(scenes.make, kinds))
    twins = await asyncio.gather(*map(scenes.make, kinds))
    before, first_event = await picture(hand), len(hand.events)
    listenings = [Listening(scene) for scene in played]

    await asyncio.gather(*map(every_verb, listenings))
    await until_as(hand, before)
    await asyncio.gather(*(until_music(s, ear) for s in played for ear in s.listeners))
    assert hand.of("NewConnectedLine", first_event) == []
    await asyncio.gather(*(scene.leave() for scene in [*played, *twins]))

    for kind, listening in zip(kinds, listenings, strict=True):
        with named(kind):
            check_every_verb(listening)
    for kind, scene, twin in zip(kinds, played, twins, strict=True):
        with named(kind):
            await until_on_record_alike(hand, scenes, scene, twin)
    assert not [r for r in hand.of("Cdr") if "@callcue-" in r["Channel"] + r["DestinationChannel"]]


async def until_on_record_alike(hand: Hand, scenes: Scenes, one: Scene, other: Scene) -> None:
    await hand.until(lambda: scenes.records(one) == scenes.records(other) != [])


async def every_verb(listening: Listening) -> None:
    """Play, and do all that can be done to what plays; the last part is from its end on."""
    scene, bird = listening.scene, listening.scene.bird
    assert (await bird.call())["join"] == scene.way

    listening.mark("play")
    status, answer = await bird.play("sweep", audience=scene.audience)
    assert status == 202, answer
    await until_heard(scene)
    await listening.listen(0.4)
    await bird.control("pause")
    listening.mark("pause")
    await listening.listen(0.4)
    listening.mark("resume")
    await bird.control("resume")
    await listening.listen(0.4)
    listening.mark("restart")
    await bird.control("restart")
    await listening.listen(0.4)
    await bird.control("stop")
    listening.mark("stop")
    await listening.listen(0.4)
    listening.mark("end")


def check_every_verb(listening: Listening) -> None:
    """Who was meant heard just that, and nobody else heard any of it."""
    scene = listening.scene
    for ear in scene.listeners:
        check_head(listening, ear)
        if scene.music:
            assert is_silent_soon(listening.part(ear, "pause"))
    assert all(map(is_silent_soon, listening.parts("pause")))
    stood = [
        places([*played, *paused])[-1] + 0.020
        for played, paused in zip(listening.parts("play"), listening.parts("pause"), strict=True)
    ]
    check_lands(listening, "resume", max(stood))
    assert max(stood) - min(stood) < NEAR
    assert all(min(places(restarted)) < NEAR for restarted in listening.parts("restart"))
    assert all(map(is_silent_soon, listening.parts("stop")))
    for ear in scene.others:
        assert not any(map(hearing.audible, scene.behind(ear, listening.whole(ear))))
    check_voices(listening)


@pytest.mark.parametrize("kinds", [SOUGHT_IN_BRIDGES, SOUGHT_IN_PLACES], ids="-".join)
async def test_given_places_when_sought_then_heard_from_there_and_as_loud_as_was_asked(
    scenes: Scenes, kinds: Sequence[str]
) -> None:
    listenings = [Listening(scene) for scene in await asyncio.gather(*map(scenes.make, kinds))]

    reasons = await asyncio.gather(*map(every_seek, listenings))

    for kind, listening, reason in zip(kinds, listenings, reasons, strict=True):
        with named(kind):
            check_every_seek(listening)
            assert reason == "finished"


async def every_seek(listening: Listening) -> str:
    """Play, go everywhere in it, and past its end; why it ended."""
    scene, bird = listening.scene, listening.scene.bird

    async def seek(name: str, to: int, **item: int) -> None:
        listening.mark(name)
        await bird.control("seek", {"positionMilliseconds": to, **item})
        await listening.listen(0.3)

    listening.mark("play")
    _, accepted = await bird.play("sweep", "high", audience=scene.audience)
    await until_heard(scene)
    await listening.listen(0.2)
    await seek("forward", 6000)
    await seek("backward", 1000)
    await bird.control("volume", {"decibels": -12})
    listening.mark("soft")
    await listening.listen(0.2)
    await bird.control("volume", {"decibels": 0})
    await seek("other item", 2000, item=2)
    await bird.control("pause")
    await seek("while paused", 3000, item=1)
    listening.mark("resume")
    await bird.control("resume")
    await listening.listen(0.3)
    await seek("past its end", 60_000)
    await seek("past the end", 60_000)
    listening.mark("silence")
    ended = await bird.ended(accepted["id"])
    await listening.listen(0.2)
    reason: str = ended["endReason"]
    return reason


def check_every_seek(listening: Listening) -> None:
    """Who was meant heard just that, and nobody else heard any of it."""
    scene = listening.scene
    check_lands(listening, "forward", 6.0)
    check_lands(listening, "backward", 1.0)
    check_lands(listening, "resume", 3.0)
    for loud, soft in zip(listening.parts("backward"), listening.parts("soft"), strict=True):
        ratio = hearing.loudness(soft[-1]) / hearing.loudness(loud[-1])
        assert abs(ratio - 0.25) < 0.02
    for part in ("other item", "past its end"):
        for frames in listening.parts(part):
            last = [frame for frame in frames if hearing.audible(frame)][-1]
            assert abs(hearing.pitch(last.samples) - HIGH) < 5, part
    assert all(map(is_silent_soon, listening.parts("while paused")))
    assert all(map(is_silent_soon, listening.parts("silence")))
    for ear in scene.others:
        assert not any(map(hearing.audible, scene.behind(ear, listening.whole(ear))))
