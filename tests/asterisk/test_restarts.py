"""The service dies and comes again; what plays is not touched, by ear, and obeys the new one."""

import asyncio
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from ears import hearing
from ears.ear import Ear
from real.hand import Hand
from real.pbx import Pbx
from real.restarting import (
    ServiceProcess,
    jumps,
    legs,
    no_leg_is_left,
    service_process,
)
from real.room import Room
from real.talk import Telephone

pytestmark = pytest.mark.usefixtures("before_all_others")

FRAME = 0.020
SOON = 2.0
"""Seconds after the start in which a command must be obeyed."""


async def _listener(room: Room, process: ServiceProcess) -> Ear:
    """The agent's ear, which callcue knows."""
    ear = await room.party(agent=True)
    await process.knows(ear)
    return ear


async def test_given_a_clip_when_the_service_is_killed_then_it_plays_on_and_obeys_the_next_one(
    process: ServiceProcess, room: Room
) -> None:
    ear = await _listener(room, process)
    bird, screen = process.integrator(ear.id), process.screen(room.agent)
    _, accepted = await bird.play("sweep")
    await ear.listen(0.5)
    since = time.monotonic()
    await process.kill()
    await process.start()
    ready = time.monotonic()

    seen = await bird.status()
    heard = hearing.sweep_position(ear.frames[-1])
    assert (seen["state"], seen["id"]) == ("playing", accepted["id"])
    assert abs(seen["positionMilliseconds"] / 1000 - heard) < 0.060
    paused = await bird.control("pause")
    assert jumps(ear.since(since)) == []
    assert hearing.falls_silent(await ear.listen(0.3))
    stood = paused["positionMilliseconds"] / 1000
    resumed = time.monotonic()
    assert (await screen.stage("RESUME")).startswith("SUCCESS")
    await ear.listen(0.3)
    again = hearing.first_audible(ear.since(resumed))
    assert again is not None
    assert abs(hearing.sweep_position(again) - stood) < 0.060
    assert (await screen.stage("STOP")).startswith("SUCCESS")
    assert time.monotonic() - ready < SOON

    ended = await bird.ended(accepted["id"])
    assert (ended["endReason"], ended["detail"]) == ("stopped", "")
    await process.kill()
    await process.start()
    assert (await bird.ended(accepted["id"]))["endReason"] == "stopped"
    assert [reason for reason, _ in process.ends().values()] == ["stopped"]


async def test_given_a_pause_when_the_service_is_killed_then_the_next_one_goes_on_from_there(
    process: ServiceProcess, room: Room
) -> None:
    ear = await _listener(room, process)
    bird = process.integrator(ear.id)
    await bird.play("sweep")
    await ear.listen(0.5)
    paused = await bird.control("pause")
    await bird.control("seek", {"positionMilliseconds": 4000})
    await process.kill()
    await process.start()

    seen = await bird.status()
    assert (seen["state"], seen["positionMilliseconds"]) == ("paused", 4000)
    assert hearing.falls_silent(await ear.listen(0.2))
    resumed = time.monotonic()
    await bird.control("resume")
    await ear.listen(0.3)
    again = hearing.first_audible(ear.since(resumed))
    assert again is not None
    assert abs(hearing.sweep_position(again) - 4.0) < 0.060
    assert paused["state"] == "paused"
    await bird.control("stop")


async def test_given_a_list_that_ends_meanwhile_when_started_again_then_its_end_is_known(
    process: ServiceProcess, room: Room
) -> None:
    ear = await _listener(room, process)
    bird = process.integrator(ear.id)
    _, first = await bird.play("short-low", "short-mid")
    _, second = await bird.play("short-high")
    await process.kill()
    await ear.listen(1.0)
    started = time.monotonic()
    await process.start()
    ended = await bird.ended(first["id"])
    assert (ended["endReason"], ended["detail"]) == ("finished", "")
    assert (await bird.ended(second["id"]))["endReason"] == "finished"
    await ear.listen(0.2)
    before = [f for f in ear.frames if f.at < started and hearing.audible(f)]
    after = [f for f in ear.since(started) if hearing.audible(f)]
    assert abs(len(before) - 30) <= 2
    assert abs(len(after) - 15) <= 2
    assert {hz for f in after for hz in hearing.identities(f, (440, 900, 1500))} == {1500}


async def test_given_all_left_meanwhile_when_started_again_then_it_ended_with_them(
    process: ServiceProcess, room: Room, hand: Hand
) -> None:
    ear = await _listener(room, process)
    bird = process.integrator(ear.id)
    _, accepted = await bird.play("sweep")
    await ear.listen(0.3)
    await process.kill()
    ear.hang_up()
    await hand.until(ear.gone.is_set)
    assert await legs(hand)  # nobody was there to end it
    await process.start()
    assert (await bird.ended(accepted["id"]))["endReason"] == "hung_up"
    await no_leg_is_left(hand)


async def test_given_legs_that_nobody_knows_when_started_again_then_ours_go_and_others_stay(
    process: ServiceProcess, room: Room, pbx: Pbx, tmp_path: Path, hand: Hand
) -> None:
    ear = await _listener(room, process)
    others = tmp_path / "others"
    others.mkdir()
    async with service_process(pbx, others) as other:
        await other.start()
        _, ours = await process.integrator(ear.id).play("sweep")
        await other.knows(ear)
        _, theirs = await other.integrator(ear.id).play("sweep")
        await ear.listen(0.2)
        await process.kill()
        with closing(sqlite3.connect(process.store)) as store, store:
            store.execute("DELETE FROM playbacks")
        await process.start()
        async with asyncio.timeout(3):
            while await legs(hand) != [f"callcue-p-{theirs['id']}"]:
                await asyncio.sleep(0.02)
        assert (await other.integrator(ear.id).status())["state"] == "playing"
        assert ours["id"] != theirs["id"]
        await other.integrator(ear.id).control("stop")


async def test_given_one_alone_when_the_service_is_killed_then_the_next_one_sends_it_back(
    process: ServiceProcess, telephone: Telephone, hand: Hand
) -> None:
    caller = await telephone.alone()
    await process.knows(caller)
    bird = process.integrator(caller.id)
    _, accepted = await bird.play("sweep")
    await caller.listen(0.6)
    await process.kill()
    await process.start()
    assert (await bird.status())["state"] == "playing"
    await bird.control("stop")
    assert (await bird.ended(accepted["id"]))["endReason"] == "stopped"
    assert hearing.falls_silent(await caller.listen(0.3))
    assert not caller.gone.is_set()
    await no_leg_is_left(hand)


async def test_given_a_talk_of_two_when_the_service_is_killed_then_the_next_one_ends_the_clip(
    process: ServiceProcess, telephone: Telephone, hand: Hand
) -> None:
    caller, called = await telephone.talk()
    await process.knows(caller)
    bird = process.integrator(caller.id)
    await bird.play("sweep")
    await called.listen(0.5)
    await process.kill()
    await process.start()
    assert (await bird.control("pause"))["state"] == "paused"
    assert (await bird.control("resume"))["state"] == "playing"
    caller.hang_up()
    await hand.until(called.gone.is_set)  # the clip does not keep the call open
    await no_leg_is_left(hand)


async def test_given_a_side_that_leaves_meanwhile_when_started_again_then_the_call_is_over(
    process: ServiceProcess, telephone: Telephone, hand: Hand
) -> None:
    caller, called = await telephone.talk()
    await process.knows(caller)
    bird = process.integrator(caller.id)
    _, accepted = await bird.play("sweep")
    await called.listen(0.3)
    await process.kill()
    caller.hang_up()
    await hand.until(caller.gone.is_set)
    await process.start()
    assert (await bird.ended(accepted["id"]))["endReason"] == "hung_up"
    await hand.until(called.gone.is_set)
    await no_leg_is_left(hand)


@pytest.mark.parametrize("waits", [False, True])
async def test_given_a_clip_when_told_to_end_then_no_play_is_taken_and_the_clip_is_not_cut(
    pbx: Pbx, tmp_path: Path, room: Room, waits: bool
) -> None:
    setting = f"[playback]\nat_end = '{'await' if waits else 'leave'}'\n"
    async with service_process(pbx, tmp_path, setting) as process:
        await process.start()
        ear = await _listener(room, process)
        bird = process.integrator(ear.id)
        _, accepted = await bird.play("low", "short-high")
        await ear.listen(0.3)
        process.tell(signal.SIGTERM)
        if waits:
            async with asyncio.timeout(2):
                while await process.is_ready():
                    await asyncio.sleep(0.01)
            status, answer = await bird.play("high")
            assert (status, answer["code"]) == (503, "service_ending")
            assert "about to end" in await process.screen(room.agent).play("high")
            await bird.control("seek", {"positionMilliseconds": 3500})
        assert await process.gone() == 0
        await ear.listen(0.2 if waits else 4.5)
        heard = [hz for f in ear.frames for hz in hearing.identities(f, (440, 1500))]
        assert {440, 1500} == set(heard)
        assert abs(heard.count(1500) - 15) <= 2
        if not waits:
            assert abs(heard.count(440) - 200) <= 3
            await process.start()
        else:
            assert process.ends()[accepted["id"]][0] == "finished"
            return
        assert (await bird.ended(accepted["id"]))["endReason"] == "finished"


async def test_given_a_stop_when_killed_at_random_moments_then_one_end_each(
    process: ServiceProcess, room: Room, hand: Hand
) -> None:
    """Killed between acceptance, start, verbs and end: each that was accepted has one end."""
    ear = await _listener(room, process)
    bird = process.integrator(ear.id)
    ids = []
    for n in range(6):
        _, accepted = await bird.play("sweep", if_playing="replace")
        ids.append(accepted["id"])
        killing = asyncio.create_task(process.kill())
        if n % 2:
            await asyncio.gather(bird.refused("stop"), return_exceptions=True)
        await killing
        await process.start()
    await bird.refused("stop")
    for each in ids:
        assert (await bird.ended(each))["endReason"] in ("stopped", "replaced", "failed")
    await no_leg_is_left(hand)
    rows = process.ends()
    assert set(ids) <= set(rows)
    assert all(reason and ended for reason, ended in rows.values())
    assert uuid4() not in rows
