"""What a party hears of each verb, asked through HTTP. Nothing here trusts a reply."""

import asyncio
import time

import numpy as np
from ears import clips, hearing
from ears.ear import Ear
from real.room import NewRoom
from real.service import Screen, Service

HALF_SECOND = 0.5
FRAME = 160
"""Samples: the first 20 ms. A busy machine may lose a later frame, and that is not asked here."""

NEAR = 0.040
"""Seconds: two frames, the precision that is promised for a position."""


async def a_room_that_listens(new_room: NewRoom, service: Service) -> tuple[Ear, Screen]:
    room = await new_room()
    ear, _ = await asyncio.gather(room.party(agent=True), room.party())
    return ear, service.screen(room.agent)


def places(ear: Ear, since: float) -> list[float]:
    """Where in the sweep each audible frame since then is."""
    return [hearing.sweep_position(f) for f in ear.since(since) if hearing.audible(f)]


async def test_given_a_room_when_a_clip_is_played_then_its_first_sample_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    start = time.monotonic()

    await screen.play("sweep")
    await ear.listen(HALF_SECOND)

    heard = hearing.samples_of(ear.since(start))
    head = clips.sweep(10)[:FRAME]
    at = hearing.onset(heard, head)
    assert np.abs(heard[at : at + FRAME].astype(int) - head).mean() < 0.02 * clips.LOUDNESS
    assert np.abs(heard[:at]).max(initial=0) < hearing.AUDIBLE


async def test_given_a_clip_when_paused_then_silence_and_resume_goes_on_at_the_very_position(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    await screen.play("sweep")
    await ear.listen(HALF_SECOND)

    await screen.stage("PAUSE")
    silence = await ear.listen(HALF_SECOND)
    resumed = time.monotonic()
    await screen.stage("RESUME")
    await ear.listen(HALF_SECOND)

    assert hearing.falls_silent(silence)
    before = hearing.sweep_position(
        [f for f in ear.frames if hearing.audible(f) and f.at < resumed][-1]
    )
    after = places(ear, resumed)[0]
    assert abs(after - (before + 0.020)) < NEAR


async def test_given_a_clip_when_paused_twice_then_one_resume_plays_it(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    await screen.play("sweep")
    await ear.listen(HALF_SECOND)

    assert (await screen.stage("PAUSE")).startswith("SUCCESS")
    assert (await screen.stage("PAUSE")).startswith("SUCCESS")
    assert hearing.falls_silent(await ear.listen(0.3))

    await screen.stage("RESUME")
    resumed = time.monotonic()
    await ear.listen(0.3)
    assert places(ear, resumed)


async def test_given_a_clip_that_plays_when_resumed_then_it_does_not_rewind(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    start = time.monotonic()
    await screen.play("sweep")
    await ear.listen(HALF_SECOND)

    await screen.stage("RESUME")
    await ear.listen(HALF_SECOND)

    steps = np.diff(places(ear, start))
    assert steps.min() > 0
    assert steps.max() < 0.1


async def test_given_a_clip_that_plays_when_restarted_then_it_starts_at_0(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    await screen.play("sweep")
    await ear.listen(HALF_SECOND)

    restarted = time.monotonic()
    await screen.stage("RESTART")
    await ear.listen(HALF_SECOND)

    assert min(places(ear, restarted)) < NEAR


async def test_given_a_paused_clip_when_restarted_then_it_plays_from_0(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    await screen.play("sweep")
    await ear.listen(HALF_SECOND)
    await screen.stage("PAUSE")
    await ear.listen(0.2)

    restarted = time.monotonic()
    await screen.stage("RESTART")
    await ear.listen(HALF_SECOND)

    assert min(places(ear, restarted)) < NEAR


async def test_given_a_clip_when_stopped_then_silence(new_room: NewRoom, service: Service) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    await screen.play("sweep")
    await ear.listen(HALF_SECOND)

    await screen.stage("STOP")

    assert hearing.falls_silent(await ear.listen(HALF_SECOND))


async def test_given_a_clip_when_overridden_then_never_both_and_at_most_150_ms_none(
    new_room: NewRoom, service: Service
) -> None:
    ear, screen = await a_room_that_listens(new_room, service)
    start = time.monotonic()
    await screen.play("low")
    await ear.listen(HALF_SECOND)

    answer = await screen.play("high", override=True)
    await ear.listen(HALF_SECOND)

    assert answer.splitlines()[0].startswith("NOTICE: audio_playback previous playback stopped")
    frames = ear.since(start)
    both = [f for f in frames if min(hearing.strength(f.samples, hz) for hz in (440, 1500)) > 500]
    assert both == []
    assert hearing.strength(frames[-1].samples, 1500) > 500
    assert max(hearing.quiet_runs(frames), default=0) * 20 <= 150


async def test_given_a_list_when_played_then_it_is_heard_in_order(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    start = time.monotonic()

    status, _ = await service.integrator(ear.id).play("short-low", "short-mid", "short-high")
    await ear.listen(1.3)

    assert status == 202
    heard = [round(hz / 10) * 10 for hz in hearing.pitches(ear.since(start))]
    changes = [hz for n, hz in enumerate(heard) if n == 0 or hz != heard[n - 1]]
    assert changes == [440, 900, 1500]
