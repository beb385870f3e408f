"""A playback as a whole, by ear: its list, its rounds and gaps, and what bounds it."""

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from ears import clips, hearing
from ears.clips import RATE
from ears.ear import Ear, EarServer, Frame
from real.hand import Hand
from real.pbx import Pbx
from real.picture import picture, until_back
from real.room import NewRoom, Room
from real.service import Service, running_service
from real.talk import Telephone

from callcue.settings.tables import PlaybackBounds

pytestmark = pytest.mark.alone

ITEMS = 80
FRAME = 0.021
"""Seconds: 20 ms, and what of a tone is too soft to be heard where it begins and ends."""

QUIET = RATE * 25 // 1000
"""Samples: 25 ms. A frame that a busy machine lost, or a seam of less than one, is no silence."""


def sounds(frames: Sequence[Frame]) -> list[tuple[float, float]]:
    """When each sound began and ended, in seconds of what was heard, to the ms."""
    loud = np.flatnonzero(np.abs(hearing.samples_of(frames)) > hearing.AUDIBLE)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > QUIET)
    begins = [loud[0], *loud[breaks + 1]]
    ends = [*loud[breaks], loud[-1]]
    return [(begin / RATE, (end + 1) / RATE) for begin, end in zip(begins, ends, strict=True)]


def gaps(frames: Sequence[Frame]) -> list[float]:
    """Seconds of silence between the sounds."""
    found = sounds(frames)
    return [after[0] - before[1] for before, after in pairwise(found)]


async def until_heard(ear: Ear) -> None:
    await ear.until(lambda: hearing.audible(ear.frames[-1]))


def tones(frames: Sequence[Frame]) -> list[float]:
    """The tones that were heard, in order, to the nearest 5 Hz."""
    pure = [frame for frame in frames if hearing.audible(frame) and hearing.is_pure(frame)]
    found = [5 * round(hearing.pitch(frame.samples) / 5) for frame in pure]
    return [hz for n, hz in enumerate(found) if n == 0 or hz != found[n - 1]]


async def test_given_a_list_of_80_when_played_then_all_are_heard_in_order(
    new_room: NewRoom, service: Service, pbx: Pbx
) -> None:
    # Far from those before and after, so that a frame with two items in it is no pure tone.
    pitches = [400.0 + 35 * (n * 29 % ITEMS) for n in range(ITEMS)]
    names = [f"item-{n}" for n in range(ITEMS)]
    for name, hertz in zip(names, pitches, strict=True):
        clips.write_sln(pbx.sounds / f"{name}.sln", clips.tone(hertz, 0.06))
    room = await new_room()
    ear = await room.party()
    bird = service.integrator(ear.id)
    start = time.monotonic()

    status, answer = await bird.play(*names)
    assert status == 202, answer
    ended = await bird.ended(answer["id"], within=20)
    await ear.listen(0.1)

    assert ended["endReason"] == "finished"
    assert tones(ear.since(start)) == pitches


async def test_given_rounds_and_gaps_when_played_then_both_are_as_asked(
    new_room: NewRoom, service: Service
) -> None:
    async def heard(rounds: int, gap: int) -> None:
        room = await new_room()
        ear = await room.party()
        bird = service.integrator(ear.id)
        start = time.monotonic()
        _, answer = await bird.play("short-low", "short-high", loop=rounds, pauseMilliseconds=gap)
        assert (await bird.ended(answer["id"], within=10))["endReason"] == "finished"
        await ear.listen(0.1)

        frames = ear.since(start)
        assert tones(frames) == [440, 1500] * rounds
        assert all(end - begin > 0.295 for begin, end in sounds(frames)) or not gap
        assert len(gaps(frames)) == (2 * rounds - 1 if gap else 0)
        # A busy machine may add a frame of silence to one of them.
        assert not gap or abs(float(np.median(gaps(frames))) - gap / 1000) <= FRAME

    await asyncio.gather(heard(4, 0), heard(3, 80), heard(3, 250), heard(2, 600))


async def test_given_a_time_limit_when_it_is_reached_then_it_is_cut_and_pauses_do_not_count(
    new_room: NewRoom, service: Service
) -> None:
    async def cut_at(
        clip: str, *, rounds: int = 1, gap: int = 0, pause: float = 0
    ) -> list[tuple[float, float]]:
        room = await new_room()
        ear = await room.party()
        bird = service.integrator(ear.id)
        start = time.monotonic()
        _, answer = await bird.play(clip, timeout=1, loop=rounds, pauseMilliseconds=gap)
        if pause:
            await until_heard(ear)
            await ear.listen(0.3)
            await bird.control("pause")
            await ear.listen(pause)
            await bird.control("resume")
        assert (await bird.ended(answer["id"]))["endReason"] == "timed_out"
        await ear.listen(0.2)
        return sounds(ear.since(start))

    plain, gapped, paused = await asyncio.gather(
        cut_at("low"),
        cut_at("blink", rounds=10, gap=100),
        cut_at("low", pause=1.2),
    )

    for found in (plain, gapped):
        assert abs(found[-1][1] - found[0][0] - 1) <= 0.050
    assert len(paused) == 2
    assert abs(sum(end - begin for begin, end in paused) - 1) <= 0.050


async def test_given_no_service_when_its_bounds_are_reached_then_asterisk_ends_it_by_itself(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    rooms = [Room("8600092", hand, ears), Room("8600093", hand, ears)]
    telephone = Telephone(hand, ears)
    bounds = PlaybackBounds(bound_seconds=1.5, hold_seconds=1)
    async with running_service(pbx, playback=bounds) as service:
        bounded, held = [await room.party() for room in rooms]
        alone = await telephone.alone()
        place = (await picture(hand))[str(alone.id)]
        start = time.monotonic()
        for ear in (bounded, held, alone):
            assert (await service.integrator(ear.id).play("low"))[0] == 202
            await until_heard(ear)
        for ear in (held, alone):
            await service.integrator(ear.id).control("pause")

    await until_back(hand, alone.id, place)
    async with asyncio.timeout(5):
        while any("@callcue-join" in name for name in await hand.channels()):
            await asyncio.sleep(0.02)
    heard = sounds(bounded.since(start))
    assert abs(heard[-1][1] - heard[0][0] - 1.5) <= 0.050
    await telephone.close()
    for room in rooms:
        await room.close()


async def test_given_a_bridge_when_clips_are_queued_refused_or_replaced_then_it_is_so(
    telephone: Telephone, service: Service
) -> None:
    ears = await telephone.talk()
    bird = service.integrator(ears[0].id)
    start = time.monotonic()

    await bird.play("short-low")
    status, queued = await bird.play("low")
    refused = await bird.play("short-mid", if_playing="reject")
    assert (await bird.status())["queue"] == [queued["id"]]
    await asyncio.gather(*map(until_heard, ears))
    await ears[0].listen(0.5)
    last, waits = await bird.play("short-high", if_playing="replace"), await bird.play("short-mid")
    assert (await bird.ended(queued["id"]))["endReason"] == "replaced"
    for _, answer in (last, waits):
        assert (await bird.ended(answer["id"]))["endReason"] == "finished"

    assert status == 202
    assert (refused[0], refused[1]["code"]) == (409, "already_playing")
    for ear in ears:
        assert tones(ear.since(start)) == [440, 1500, 900]
