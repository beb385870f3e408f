"""A channel that is alone belongs to the customer: it listens, goes back, and is never hung up."""

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest_asyncio
from ears import clips, hearing
from ears.ear import Ear, Frame
from ears.rtp import RtpServer
from real.hand import Hand
from real.pbx import Pbx
from real.picture import picture, until_back
from real.process import demonstration
from real.service import Integrator, Service
from real.talk import Telephone

LOW, HIGH = 440.0, 1500.0
"""Hz of the clips."""

LONGEST_GAP = 0.2
"""Seconds that a key may cost its presser."""

ELSEWHERE = "8600099"


@pytest_asyncio.fixture
async def keypads(hand: Hand) -> AsyncIterator[RtpServer]:
    """Ears that can press keys; an AudioSocket cannot."""
    async with RtpServer(hand) as server:
        yield server


def hears(ear: Ear, hertz: float) -> bool:
    return hearing.strength(ear.frames[-1].samples, hertz) > 2000


async def until_hears(ear: Ear, hertz: float) -> None:
    await ear.until(lambda: hears(ear, hertz))


def heard_tones(frames: list[Frame]) -> list[float]:
    """The tones that were heard, in order."""
    found = [round(hz, -1) for hz in hearing.pitches([f for f in frames if hearing.is_pure(f)])]
    return [hz for n, hz in enumerate(found) if n == 0 or hz != found[n - 1]]


async def play(bird: Integrator, *clips: str, limit: int = 0) -> str:
    """Have it played to the one who is alone; returns the playback's id."""
    status, answer = await bird.play(*clips, timeout=limit)
    assert status == 202, answer
    playback: str = answer["id"]
    return playback


async def place_of(hand: Hand, ear: Ear) -> tuple[str, ...]:
    """Where in the dialplan that channel is."""
    return (await picture(hand))[str(ear.id)]


async def dialplan(hand: Hand, *commands: str) -> None:
    """Change the dialplan of the running Asterisk."""
    for command in commands:
        reply = await hand.do("Command", Command=f"dialplan {command}")
        assert reply["Response"] == "Success", reply


async def add_waiting(hand: Hand, context: str) -> None:
    """Add a context with an extension `wait` like the others'."""
    await dialplan(
        hand,
        f"add extension wait,1,Answer() into {context}",
        f"add extension wait,2,Wait(60) into {context}",
    )


async def test_given_a_channel_alone_when_the_clip_ends_in_any_way_then_it_is_back_and_hears_more(
    telephone: Telephone, hand: Hand, service: Service
) -> None:
    async def ends(reason: str, clip: str, limit: int = 0) -> None:
        ear = await telephone.alone()
        place, bird = await place_of(hand, ear), service.integrator(ear.id)
        playback = await play(bird, clip, limit=limit)
        await until_hears(ear, LOW)
        if reason == "stopped":
            await bird.control("stop")
        assert (await bird.ended(playback))["endReason"] == reason

        again = await play(bird, "short-high")
        await until_hears(ear, HIGH)
        assert (await bird.ended(again))["endReason"] == "finished"
        await until_back(hand, ear.id, place)
        assert hearing.falls_silent(await ear.listen(0.3))

    await asyncio.gather(
        ends("stopped", "low"), ends("finished", "blink"), ends("timed_out", "low", 1)
    )


async def test_given_a_channel_alone_when_the_service_is_killed_then_it_hears_all_and_goes_back(
    pbx: Pbx, telephone: Telephone, hand: Hand
) -> None:
    ear = await telephone.alone()
    place = await place_of(hand, ear)
    start = time.monotonic()
    async with demonstration(pbx) as (client, process):
        await play(Integrator(client, "", ear.id), "short-low", "short-mid", "short-high")
        await until_hears(ear, LOW)
        process.kill()
        await process.wait()

    await until_hears(ear, HIGH)
    await until_back(hand, ear.id, place)
    await ear.listen(0.1)
    frames = ear.since(start)
    assert heard_tones(frames) == [440, 900, 1500]
    assert abs(sum(map(hearing.audible, frames)) * 0.020 - 0.9) <= 0.060


async def test_given_a_channel_alone_when_the_customer_hangs_up_then_the_playback_ends(
    telephone: Telephone, hand: Hand, service: Service
) -> None:
    gone, stays = await telephone.alone(), await telephone.alone()
    bird = service.integrator(gone.id)
    playback = await play(bird, "low")
    await until_hears(gone, LOW)

    gone.hang_up()

    ended = await service.integrator(stays.id).ended(playback)
    assert ended["endReason"] == "hung_up"
    assert not [name for name in await hand.channels() if "@callcue-join" in name]


async def test_given_a_channel_alone_when_somebody_else_moves_it_then_it_is_not_fetched_back(
    telephone: Telephone, hand: Hand, service: Service
) -> None:
    ear, stays = await telephone.alone(), await telephone.alone()
    playback = await play(service.integrator(ear.id), "low")
    await until_hears(ear, LOW)

    reply = await hand.do(
        "Redirect",
        Channel=str(ear.id),
        Context="callcue-test-rooms",
        Exten=ELSEWHERE,
        Priority="1",
    )
    assert reply["Response"] == "Success"

    ended = await service.integrator(stays.id).ended(playback)
    assert ended["endReason"] == "hung_up"
    assert hearing.falls_silent(await ear.listen(0.7))
    names = ("callcue-test-rooms", ELSEWHERE, "1", "ConfBridge")
    assert (await place_of(hand, ear))[2:6] == names
    # And it can be played to where it is now.
    await play(service.integrator(ear.id), "short-high")
    await until_hears(ear, HIGH)


async def test_given_a_listener_alone_when_every_key_is_pressed_then_the_clip_goes_on_as_it_was(
    keypads: RtpServer, hand: Hand, service: Service
) -> None:
    phone = Telephone(hand, keypads)
    ear = await phone.alone()
    place, bird = await place_of(hand, ear), service.integrator(ear.id)
    await play(bird, "sweep")
    start = time.monotonic()
    await ear.until(lambda: hearing.audible(ear.frames[-1]))

    for key in "0123456789*#":
        await hand.do("PlayDTMF", Channel=str(ear.id), Digit=key, Duration="80", Receive="true")
        await ear.listen(0.2)

    frames = [f for f in ear.since(start) if hearing.audible(f)]
    received = [e["Digit"] for e in hand.of("DTMFEnd") if e["Uniqueid"] == str(ear.id)]
    assert "".join(received) == "0123456789*#"
    assert (await bird.status())["state"] == "playing"
    assert max(hearing.quiet_runs(ear.since(start)), default=0) * 0.020 <= LONGEST_GAP
    whole = [f for f in frames if hearing.is_pure(f)]
    early = [hearing.sweep_position(f) - (f.at - frames[0].at) for f in whole]
    assert max(np.abs(early)) < 0.1
    assert max(map(hearing.loudness, frames)) < 1.05 * clips.LOUDNESS / np.sqrt(2)
    assert hearing.loudness(whole[-1]) > 0.95 * clips.LOUDNESS / np.sqrt(2)
    await bird.control("stop")
    await until_back(hand, ear.id, place)
    await phone.close()


async def test_given_a_channel_that_could_not_go_back_when_played_to_then_refused_and_why(
    telephone: Telephone, hand: Hand, service: Service
) -> None:
    await add_waiting(hand, "macro-callcue-test")
    await add_waiting(hand, "callcue-test-fleeting")
    refused = {
        "in Echo, which cannot be resumed": await telephone.alone("echo"),
        "no dialplan of its own": await telephone.without_dialplan("Wait", "60"),
        "could not go back": await telephone.alone(context="macro-callcue-test"),
        "does not exist any more": await telephone.alone(context="callcue-test-fleeting"),
    }
    await dialplan(hand, "remove extension wait@callcue-test-fleeting")

    for why, ear in refused.items():
        place, bird = await place_of(hand, ear), service.integrator(ear.id)
        status, answer = await bird.play("low")
        assert (status, answer["code"]) == (409, "cannot_play_here"), why
        assert why in answer["message"]
        call = await bird.call()
        assert call["join"] is None
        assert why in call["cannotPlay"]
        assert await place_of(hand, ear) == place


async def test_given_a_place_that_is_taken_away_when_the_clip_ends_then_the_call_is_still_up(
    telephone: Telephone, hand: Hand, service: Service
) -> None:
    await add_waiting(hand, "callcue-test-doomed")
    ear = await telephone.alone(context="callcue-test-doomed")
    bird = service.integrator(ear.id)
    playback = await play(bird, "short-low")
    await until_hears(ear, LOW)

    await dialplan(hand, "remove extension wait@callcue-test-doomed")

    assert (await bird.ended(playback))["endReason"] == "finished"
    assert hearing.falls_silent(await ear.listen(0.3))
    assert (await place_of(hand, ear))[1] == "Up"
    await play(bird, "short-high")
    await until_hears(ear, HIGH)


async def test_given_a_channel_alone_when_clips_are_queued_or_replaced_then_one_after_the_other(
    telephone: Telephone, hand: Hand, service: Service
) -> None:
    async def queued() -> None:
        ear = await telephone.alone()
        place, bird = await place_of(hand, ear), service.integrator(ear.id)
        start = time.monotonic()
        await play(bird, "short-low")
        last = await play(bird, "short-high")
        assert (await bird.ended(last))["endReason"] == "finished"
        await until_back(hand, ear.id, place)
        assert heard_tones(ear.since(start)) == [LOW, HIGH]

    async def replaced() -> None:
        ear = await telephone.alone()
        place, bird = await place_of(hand, ear), service.integrator(ear.id)
        start = time.monotonic()
        first = await play(bird, "low")
        await until_hears(ear, LOW)
        status, _ = await bird.play("high", if_playing="replace")
        assert status == 202
        await until_hears(ear, HIGH)
        assert (await bird.ended(first))["endReason"] == "replaced"
        await bird.control("stop")
        await until_back(hand, ear.id, place)
        assert heard_tones(ear.since(start)) == [LOW, HIGH]

    await asyncio.gather(queued(), replaced())
