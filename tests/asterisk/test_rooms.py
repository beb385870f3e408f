"""Rooms of every kind, and those who come, go and press keys while a clip plays."""

import asyncio
import time

import numpy as np
from ears import hearing
from ears.ear import Ear
from real.room import NewRoom
from real.service import Service


def hears(ear: Ear, since: float) -> bool:
    return any(hearing.audible(frame) for frame in ear.since(since))


async def test_given_a_locked_room_when_played_then_it_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    reply = await room.hand.do("ConfbridgeLock", Conference=room.number)
    assert reply["Response"] == "Success"
    start = time.monotonic()

    answer = await service.screen(room.agent).play("sweep")
    await ear.listen(0.3)

    assert answer == f"SUCCESS: audio_playback function sent - sweep|PLAY|{room.agent}"
    assert hears(ear, start)


async def test_given_a_full_room_when_played_then_it_is_heard(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room("full-")
    ear = await room.party(agent=True)
    await room.party()
    start = time.monotonic()

    answer = await service.screen(room.agent).play("sweep")
    await ear.listen(0.3)

    assert answer.startswith("SUCCESS")
    assert hears(ear, start)


async def test_given_parties_that_wait_for_a_marked_user_when_played_then_they_hear_it(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room("wait-")
    ear = await room.party(agent=True)
    start = time.monotonic()

    answer = await service.screen(room.agent).play("sweep")
    await ear.listen(0.3)

    assert answer.startswith("SUCCESS")
    assert hears(ear, start)


async def test_given_a_clip_when_the_last_party_leaves_then_playback_and_room_end(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    agent = await room.party(agent=True)
    caller = await room.party()
    integrator = service.integrator(agent.id)
    _, accepted = await integrator.play("sweep")
    await agent.listen(0.3)

    caller.hang_up()
    await agent.listen(0.3)
    assert (await integrator.status())["state"] == "playing"

    agent.hang_up()
    await room.hand.until(
        lambda: any(
            e.get("Event") == "ConfbridgeEnd" and e["Conference"] == room.number
            for e in room.hand.events
        )
    )
    ended = await integrator.ended(accepted["id"])
    assert ended["endReason"] == "hung_up"
    assert not [name for name in await room.hand.channels() if "@callcue-join" in name]


async def test_given_a_clip_when_a_party_presses_every_digit_then_the_position_stays(
    new_room: NewRoom, service: Service
) -> None:
    async def pressed(*, paused: bool) -> tuple[Ear, float]:
        room = await new_room("keys-")
        ear = await room.party(agent=True)
        screen = service.screen(room.agent)
        start = time.monotonic()
        await screen.play("sweep")
        await ear.listen(0.2)
        if paused:
            await screen.stage("PAUSE")

        await room.press("0123456789*#ABCD")
        if paused:
            await screen.stage("RESUME")
            await ear.listen(0.2)
        return ear, start

    for ear, start in await asyncio.gather(pressed(paused=False), pressed(paused=True)):
        check_position_stays(ear, start)


def check_position_stays(ear: Ear, start: float) -> None:
    # The keys' own sound goes to the others as tones or not at all; the clip is what remains.
    sweep = [
        hearing.sweep_position(f)
        for f in ear.since(start)
        if hearing.audible(f) and hearing.is_pure(f)
    ]
    steps = np.diff(sweep)
    assert len(sweep) > 15
    assert steps.min() > -0.005
    lost = sweep[-1] - sweep[0] - 0.020 * (len(sweep) - 1)
    assert abs(lost) <= 0.060


async def test_given_two_rooms_when_both_play_then_neither_hears_the_other(
    new_room: NewRoom, service: Service
) -> None:
    one, two = await new_room(), await new_room()
    first, second = await one.party(agent=True), await two.party(agent=True)
    start = time.monotonic()

    await service.screen(one.agent).play("low")
    await service.screen(two.agent).play("high")
    await first.listen(1)

    for ear, own, other in ((first, 440, 1500), (second, 1500, 440)):
        frames = [f for f in ear.since(start) if hearing.audible(f)]
        assert len(frames) > 30
        assert all(hearing.strength(f.samples, own) > 500 for f in frames[1:-1])
        assert all(hearing.strength(f.samples, other) < 500 for f in frames)


async def test_given_a_room_when_a_clip_was_played_then_the_leg_has_no_record_of_a_call(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    await service.screen(room.agent).play("blink")
    await ear.listen(0.5)
    await room.close()

    def records() -> list[dict[str, str]]:
        return [event for event in room.hand.events if event.get("Event") == "Cdr"]

    await room.hand.until(lambda: any(r["UniqueID"] == str(ear.id) for r in records()))
    assert [r for r in records() if "@callcue-" in r["Channel"]] == []


async def test_given_an_agent_variable_that_is_inherited_when_played_then_the_room_is_found(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    await room.party(agent=True, inherited="__")

    answer = await service.screen(room.agent).play("blink")

    assert answer.startswith("SUCCESS")


async def test_given_a_clip_for_the_customer_when_the_customer_leaves_then_it_ends_for_all(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    agent = await room.party(agent=True)
    customer = await room.party()
    _, accepted = await service.integrator(customer.id).play("sweep")
    await agent.listen(0.3)

    customer.hang_up()

    ended = await service.integrator(agent.id).ended(accepted["id"])
    assert ended["endReason"] == "hung_up"
    assert hearing.falls_silent(await agent.listen(0.3))
