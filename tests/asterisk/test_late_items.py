"""Items that come late, by ear: the list begins with what is there and waits for the rest."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from ears import hearing
from ears.ear import Ear, Frame
from real.room import NewRoom
from real.service import Integrator, Service

from callcue.core.errors import ClipFailed
from callcue.core.limits import Limits
from callcue.core.ports import MediaLibrary
from callcue.core.types import Milliseconds, Missing, SoundName

pytestmark = pytest.mark.alone

LOW, MID, HIGH = 440, 900, 1500
"""Hz, of the clips short-low, short-mid and short-high: 300 ms each."""
LENGTH = 15
"""Frames of each of them."""
ITEMS = ("short-low", "short-mid", "short-high")


class Origin:
    """Sounds as if they were fetched: some come when their event is set, some cannot be had."""

    def __init__(self, there: MediaLibrary) -> None:
        self._there = there
        self.slow: dict[str, asyncio.Event] = {}
        self.failing: dict[str, str] = {}

    async def check(self, media: Sequence[str]) -> None:
        await self._there.check(media)

    async def prepare(self, media: str) -> SoundName:
        if media in self.slow:
            await self.slow[media].wait()
        if media in self.failing:
            raise ClipFailed(0, media, self.failing[media])
        return await self._there.prepare(media)

    def length(self, clip: SoundName) -> Milliseconds | None:
        return self._there.length(clip)

    def retain(self, clips: Collection[SoundName]) -> None:
        self._there.retain(clips)

    def release(self, clips: Collection[SoundName]) -> None:
        self._there.release(clips)

    def forget(self, media: Sequence[str]) -> None:
        self._there.forget(media)


@pytest.fixture
def origin(service: Service) -> Origin:
    """What the service fetches from; nothing is slow yet."""
    made = service.server.sounds = Origin(service.server.sounds)
    return made


def tones(frames: Sequence[Frame]) -> list[float]:
    """What was heard, one after the other."""
    heard = [hz for frame in frames for hz in hearing.identities(frame, (LOW, MID, HIGH))]
    return [hz for n, hz in enumerate(heard) if n == 0 or hz != heard[n - 1]]


def length(frames: Sequence[Frame], hertz: float) -> int:
    """In how many frames that tone was heard."""
    return sum(hertz in hearing.identities(frame, (LOW, MID, HIGH)) for frame in frames)


async def ask_until(bird: Integrator, **wanted: Any) -> None:
    async with asyncio.timeout(5):
        while not wanted.items() <= (await bird.status()).items():
            await asyncio.sleep(0.01)


async def in_a_room(new_room: NewRoom, service: Service) -> tuple[Ear, Integrator]:
    room = await new_room()
    ear = await room.party()
    await room.party()
    return ear, service.integrator(ear.id)


async def test_given_a_slow_second_item_when_it_comes_then_it_is_heard_whole(
    new_room: NewRoom, service: Service, origin: Origin
) -> None:
    ear, bird = await in_a_room(new_room, service)
    comes = origin.slow["short-mid"] = asyncio.Event()
    _, answer = await bird.play(*ITEMS)
    await ask_until(bird, state="playing", item=2, positionMilliseconds=0)
    silence = await ear.listen(0.5)
    assert hearing.falls_silent(silence)
    assert (await bird.status())["positionMilliseconds"] == 0
    comes.set()
    ended = await bird.ended(answer["id"])
    assert (ended["endReason"], ended["detail"]) == ("finished", "")
    assert tones(ear.frames) == [LOW, MID, HIGH]
    for hertz in (LOW, MID, HIGH):
        assert abs(length(ear.frames, hertz) - LENGTH) <= 2


async def test_given_a_list_that_waits_when_commanded_then_each_verb_does_what_it_says(
    new_room: NewRoom, service: Service, origin: Origin
) -> None:
    ear, bird = await in_a_room(new_room, service)
    comes = origin.slow["short-mid"] = asyncio.Event()
    _, answer = await bird.play(*ITEMS)
    await ask_until(bird, state="playing", item=2)

    assert (await bird.control("pause"))["state"] == "paused"
    comes.set()
    assert hearing.falls_silent(await ear.listen(0.3))
    assert (await bird.control("resume"))["state"] == "playing"
    await bird.ended(answer["id"])
    assert tones(ear.frames) == [LOW, MID, HIGH]

    ear.frames.clear()
    origin.slow["short-mid"] = asyncio.Event()
    _, answer = await bird.play(*ITEMS)
    await ask_until(bird, state="playing", item=2)
    await bird.control("seek", {"positionMilliseconds": 0, "item": 3})
    ended = await bird.ended(answer["id"])
    assert ended["endReason"] == "finished"
    assert tones(ear.frames) == [LOW, HIGH]

    _, answer = await bird.play(*ITEMS)
    await ask_until(bird, state="playing", item=2)
    ear.frames.clear()
    await bird.control("restart")
    await ask_until(bird, state="playing", item=2)
    assert tones(ear.frames) == [LOW]
    await bird.control("stop")
    assert (await bird.ended(answer["id"]))["endReason"] == "stopped"


async def test_given_an_item_that_cannot_be_had_then_those_before_are_heard_and_the_end_says_why(
    new_room: NewRoom, service: Service, origin: Origin
) -> None:
    ear, bird = await in_a_room(new_room, service)
    origin.failing["short-mid"] = "too large"
    _, answer = await bird.play(*ITEMS)
    ended = await bird.ended(answer["id"])
    assert (ended["endReason"], ended["detail"]) == ("failed", "item 2: too large")
    await ear.listen(0.1)
    assert tones(ear.frames) == [LOW]


@pytest.mark.parametrize(("item", "rest"), [(1, [MID, HIGH]), (2, [LOW, HIGH])])
async def test_given_the_setting_when_an_item_cannot_be_had_then_it_is_passed_over(
    new_room: NewRoom, service: Service, origin: Origin, item: int, rest: list[float]
) -> None:
    ear, bird = await in_a_room(new_room, service)
    service.controller._limits = Limits(missing=Missing.SKIPPED)
    origin.failing[ITEMS[item - 1]] = "too large"
    _, answer = await bird.play(*ITEMS, loop=2, pauseMilliseconds=200)
    ended = await bird.ended(answer["id"])
    assert (ended["endReason"], ended["detail"]) == ("finished", f"item {item}: too large")
    assert tones(ear.frames) == rest * 2
    # One pause where it was, not two. A busy machine loses a frame here and there: no pause.
    pauses = [gap for gap in hearing.quiet_runs(ear.frames) if gap > 4]
    assert len(pauses) == 3
    assert all(abs(gap - 10) <= 3 for gap in pauses)
