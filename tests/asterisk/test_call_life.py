"""A call lives on while a clip plays, by ear and by picture: hang-ups, transfers, holds, moves.

Each scenario is run twice, without a playback and with one, and must give the same pictures.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import pytest
from phones.exchange import Exchange
from phones.phone import Call, Phone
from phones.picture import OURS, Picture
from phones.stage import LONG_CLIP, Stage, until_heard
from phones.talking import HIGH, LOW, MUSIC, each_hears_only, hears_only, talking
from real.service import Service

pytest_plugins = ["phones.fixtures"]

Scenario = Callable[[Stage], Awaitable[list[Call]]]
"""Plays one, and tells who still talks at its end."""


async def caller_hangs_up(stage: Stage) -> list[Call]:
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    await stage.play(two, one, two)

    await one.hang_up()
    await two.ended()

    await stage.ends("hung_up")
    return []


async def called_hangs_up(stage: Stage) -> list[Call]:
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    await stage.play(two, two, others=(one,))

    await two.hang_up()
    await one.ended()

    await stage.ends("hung_up")
    return []


async def listener_hangs_up(stage: Stage) -> list[Call]:
    """The clip was asked for by the other side, and only the one who leaves hears it."""
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    await stage.play(two, one, others=(two,))

    await one.hang_up()
    await two.ended()

    await stage.ends("hung_up")
    return []


async def caller_transfers(stage: Stage) -> list[Call]:
    first, second, third = stage.named("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)
    await stage.play(two, one, two)

    await one.blind_transfer(third.name)
    await stage.ends("hung_up")
    return await _connected(one, two, third, LOW)


async def called_transfers(stage: Stage) -> list[Call]:
    first, second, third = stage.named("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)
    await stage.play(one, one, two)

    await two.blind_transfer(third.name)
    await stage.ends("hung_up")
    return await _connected(two, one, third, HIGH)


async def called_transfers_the_listener(stage: Stage) -> list[Call]:
    first, second, third = stage.named("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)
    await stage.play(two, one, others=(two,))

    await two.blind_transfer(third.name)
    await stage.ends("hung_up")
    return await _connected(two, one, third, HIGH)


async def _connected(left: Call, stays: Call, third: Phone, says: float) -> list[Call]:
    """Who was transferred talks to the third, and nobody else is there."""
    three = await third.answer()
    three.handset.says(says)
    await left.ended()
    await hears_only(stays, says)
    return [stays, three]


async def caller_transfers_after_a_word(stage: Stage) -> list[Call]:
    first, second, third = stage.named("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)
    await stage.play(two, one, two)

    await one.hold()
    await until_heard(two, MUSIC)
    asked, three = await talking(first, third)
    three.handset.says(LOW)
    await stage.hears(two)
    await one.attended_transfer(asked)

    await stage.ends("hung_up")
    await each_hears_only((two, LOW), (three, HIGH))
    return [two, three]


async def called_transfers_after_a_word(stage: Stage) -> list[Call]:
    first, second, third = stage.named("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)
    await two.hold()
    asked, three = await talking(second, third)
    await stage.play(three, asked, three)

    await two.attended_transfer(asked)

    await stage.ends("hung_up")
    await each_hears_only((three, LOW), (one, HIGH))
    return [one, three]


async def caller_holds_and_the_clip_ends(stage: Stage) -> list[Call]:
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    await stage.play(one, one, two)

    await one.hold()
    await until_heard(two, MUSIC)
    await stage.hears(two)
    await stage.stop()
    await hears_only(two, MUSIC)
    await one.unhold()
    await hears_only(two, LOW)
    await hears_only(one, HIGH)
    return [one, two]


async def called_holds_and_unholds(stage: Stage) -> list[Call]:
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    await stage.play(two, one, others=(two,))

    await two.hold()
    await until_heard(one, MUSIC)
    await stage.hears(one)
    await two.unhold()
    await until_heard(one, HIGH)
    await stage.hears(one)
    await stage.stop()
    await each_hears_only((one, HIGH), (two, LOW))
    return [one, two]


async def played_to_the_held(stage: Stage) -> list[Call]:
    """It begins while they hold, in a simple bridge."""
    one, two = await talking(*stage.named("phone-a", "phone-b"), extension="keys-phone-b")
    await one.hold()
    await hears_only(two, MUSIC)
    await stage.play(one, two)

    await until_heard(two, MUSIC)
    await stage.stop()
    await hears_only(two, MUSIC)
    await one.unhold()
    await hears_only(two, LOW)
    await hears_only(one, HIGH)
    return [one, two]


async def parked_and_fetched(stage: Stage) -> list[Call]:
    first, second, third = stage.named("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)
    await stage.play(one, one, two)

    await two.blind_transfer("750")
    await stage.ends("hung_up")
    await hears_only(one, MUSIC)
    await stage.cannot_be_asked(one)
    three = await third.call(stage.since("ParkedCall")["ParkingSpace"])
    await three.talks()
    three.handset.says(HIGH)
    await each_hears_only((one, HIGH), (three, LOW))
    return [one, three]


async def third_joins(stage: Stage) -> list[Call]:
    """The two go on hearing it; the third hears them, and not it."""
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    three = await stage.alone("phone-c")
    await stage.play(one, one, two)

    await stage.redirect(three, "callcue-test-calls", "third", WITH=await stage.channel(one))
    await until_heard(three, HIGH)
    await stage.hears(one, two)
    await stage.stop()
    return [one, two, three]


async def moved_to_a_bridge(stage: Stage) -> list[Call]:
    """By AMI `Bridge`, to somebody who was alone."""
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    three = await stage.alone("phone-c")
    three.handset.says(HIGH)
    await stage.play(one, one, two)

    await stage.do("Bridge", Channel1=await stage.channel(one), Channel2=await stage.channel(three))

    await stage.ends("hung_up")
    await two.ended()
    await each_hears_only((one, HIGH), (three, LOW))
    return [one, three]


async def moved_to_a_room(stage: Stage) -> list[Call]:
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    await stage.play(one, one, two)

    where = {"Context": "callcue-test-rooms", "Exten": "8600810", "Priority": "1"}
    extra = {f"Extra{key}": value for key, value in where.items()}
    extra["ExtraChannel"] = await stage.channel(two)
    await stage.do("Redirect", Channel=await stage.channel(one), **where, **extra)

    await stage.ends("hung_up")
    await until_heard(one, HIGH)
    await until_heard(two, LOW)
    return [one, two]


async def queue(stage: Stage) -> list[Call]:
    one, two = await talking(*stage.named("phone-a", "phone-b"), extension="queue")
    await stage.play(two, one, two)
    await stage.stop()
    return [one, two]


@pytest.mark.parametrize(
    ("scenario", "owners"),
    [
        (caller_hangs_up, "701"),
        (called_hangs_up, "701"),
        (listener_hangs_up, "701"),
        (caller_transfers, "701 702"),
        (called_transfers, "701 701"),
        (called_transfers_the_listener, "701 701"),
        (caller_transfers_after_a_word, "701 701 702"),
        (called_transfers_after_a_word, "701 701 702"),
        (caller_holds_and_the_clip_ends, "701"),
        (called_holds_and_unholds, "701"),
        (played_to_the_held, "701"),
        (parked_and_fetched, "701 701 703"),
        (third_joins, "701 701 703"),
        (moved_to_a_bridge, "701 701 703"),
        (moved_to_a_room, "701 701"),  # whether the second has one too: who enters first decides
        (queue, "701"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_given_a_clip_when_the_call_lives_on_then_all_is_as_without_a_clip(
    phones: Exchange, service: Service, scenario: Scenario, owners: str
) -> None:
    """*owners*: whose records of the call there are, at least."""

    async def pictures(clip: str) -> list[Picture]:
        stage = Stage(phones, service, clip)
        stay = await scenario(stage)
        await stage.nobody_hears_it(*stay)
        last = await stage.picture()
        for call in stay:
            await call.hang_up()
        await phones.close()
        await stage.until_recorded(*owners.split())
        over = await stage.picture()
        # Who is told of whom while the test hangs up one after the other is a race of its own.
        return [last, replace(over, displays=())]

    without = await pictures("")
    played = await pictures(LONG_CLIP)

    assert OURS not in repr(played)
    if " " in owners:
        # How Asterisk pairs the parties of more than one bridge in its records, and what it calls
        # their last application, is its own toss, with and without a clip.
        sources = owners.split()
        assert [paired_anyhow(p, sources) for p in played] == [
            paired_anyhow(p, sources) for p in without
        ]
    else:
        assert played == without


def paired_anyhow(picture: Picture, sources: Collection[str]) -> tuple[object, ...]:
    """All of it; of the records only whose of these there are."""
    owners = {
        (record.source, record.channel, record.disposition)
        for record in picture.records
        if record.source in sources
    }
    return picture.channels, picture.bridges, picture.displays, owners


async def test_given_a_hold_in_a_native_bridge_when_asked_for_a_clip_then_refused_until_it_is_over(
    phones: Exchange, service: Service
) -> None:
    """A clip would end the music there, and not be heard itself."""
    stage = Stage(phones, service)
    one, two = await talking(*stage.named("phone-a", "phone-b"))
    await one.hold()
    await hears_only(two, MUSIC)

    assert "on hold" in await stage.refused(two, audience="everyone")
    assert "on hold" in await stage.refused(two, audience=str(await stage.id(two)))
    await hears_only(two, MUSIC)

    await one.unhold()
    await hears_only(two, LOW)
    await stage.play(one, one, two)
