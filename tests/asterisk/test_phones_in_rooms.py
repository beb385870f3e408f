"""What real phones in a room hear of a clip, G.711 and wideband; asked through HTTP."""

import time
from dataclasses import replace

import pytest
from ears import hearing
from ears.clips import RATE, SWEEP_SLOPE, SWEEP_START
from phones import picture
from phones.exchange import Exchange
from phones.handset import Handset
from phones.phone import Call
from phones.picture import Picture, Record
from real.service import Screen, Service

pytestmark = pytest.mark.alone

pytest_plugins = ["phones.fixtures"]

A_WHILE = 0.5
ON_ITS_WAY = 0.15
"""Seconds: what may still reach an ear after a verb is confirmed (frames, RTP, a busy machine)."""


async def in_a_room(phones: Exchange, service: Service, number: str) -> tuple[Call, Call, Screen]:
    """A G.711 phone, the room's agent, and a wideband phone; and the agent's screen."""
    agent, other = phones.phones("phone-a", "wide-a")
    one, two = await agent.call(f"agent-{number}"), await other.call(number)
    await one.talks()
    await two.talks()
    await one.handset.until(lambda: len(one.handset.frames) > 2)
    await two.handset.until(lambda: len(two.handset.frames) > 2)
    return one, two, service.screen(number)


def places(ear: Handset, since: float, until: float) -> list[float]:
    """Where in the sweep each frame of that time is, in seconds; frames cut by a verb left out."""
    heard = [f for f in ear.since(since) if f.at < until and hearing.audible(f)]
    pitches = (hearing.pitch(f.samples) * ear.rate / RATE for f in heard if hearing.is_pure(f))
    return [(hertz - SWEEP_START) / SWEEP_SLOPE for hertz in pitches]


async def test_given_phones_in_a_room_when_a_clip_is_played_then_both_hear_every_verb(
    phones: Exchange, service: Service
) -> None:
    one, two, screen = await in_a_room(phones, service, "8600800")
    ears = (one.handset, two.handset)

    assert (await screen.play("phones-sweep")).startswith("SUCCESS")
    played = time.monotonic()
    await one.handset.listen(A_WHILE)
    assert (await screen.stage("PAUSE")).startswith("SUCCESS")
    paused = time.monotonic()
    await one.handset.listen(A_WHILE)
    assert (await screen.stage("RESUME")).startswith("SUCCESS")
    resumed = time.monotonic()
    await one.handset.listen(A_WHILE)
    assert (await screen.stage("STOP")).startswith("SUCCESS")
    stopped = time.monotonic()
    await one.handset.listen(A_WHILE)

    for ear in ears:
        before = places(ear, played, paused + ON_ITS_WAY)
        after = places(ear, resumed, stopped)
        assert len(before) * 0.020 > 0.8 * A_WHILE
        assert len(after) * 0.020 > 0.8 * A_WHILE
        assert abs(after[0] - before[-1] - 0.020) < 0.060
        silence = [f for f in ear.since(paused + ON_ITS_WAY) if f.at < resumed]
        assert len(silence) > 10
        assert not any(map(hearing.audible, silence))
        assert len(ear.since(stopped + ON_ITS_WAY)) > 10
        assert not any(map(hearing.audible, ear.since(stopped + ON_ITS_WAY)))


async def a_call(phones: Exchange, service: Service, clip: str) -> tuple[Picture, Picture]:
    """Two phones meet in a room, perhaps hear a clip, and leave: while they talk, and after."""
    since = len(phones.hand.events)
    one, two, screen = await in_a_room(phones, service, "8600801")
    if clip:
        assert (await screen.play(clip)).startswith("SUCCESS")
        await one.handset.listen(0.1)
        assert (await screen.stage("STOP")).startswith("SUCCESS")
    during = await picture.take(phones.hand, since)
    await one.hang_up()
    await two.hang_up()
    return during, await picture.take(phones.hand, since, records=2)


async def test_given_a_room_when_a_clip_was_played_then_its_picture_is_as_without(
    phones: Exchange, service: Service
) -> None:
    without, _ = await a_call(phones, service, "")
    played, after = await a_call(phones, service, "phones-low")

    assert [channel.name for channel in without.channels] == ["PJSIP/phone-a", "PJSIP/wide-a"]
    assert played == without
    assert (after.channels, after.bridges) == ((), ())


async def test_given_a_room_when_a_clip_was_played_then_the_records_are_as_without(
    phones: Exchange, service: Service
) -> None:
    _, without = await a_call(phones, service, "")
    _, played = await a_call(phones, service, "phones-low")

    # Which of two parties' records names the other is Asterisk's own toss, with and without a clip.
    parties = {record.channel for record in without.records}
    assert len(parties) == 2
    for after in (without, played):
        assert {record.destination_channel for record in after.records} <= {"", *parties}
    assert tossed(played.records) == tossed(without.records)


def tossed(records: tuple[Record, ...]) -> list[Record]:
    return [replace(record, destination_channel="") for record in records]
