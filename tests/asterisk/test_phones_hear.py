"""What phones hear of a clip, each way into a call: wideband, both in one call, direct media.

A frame in which the clip is and its pitch is right is one that has the clip's own tone in it.
"""

import asyncio

import pytest
from phones.exchange import Exchange
from phones.phone import Call
from phones.stage import Stage
from phones.talking import HIGH, LOW, MUSIC, each_hears_only, hears_only, talking
from real.service import Service

pytest_plugins = ["phones.fixtures"]

WIDEBAND = ("wide-a", "wide-b")
"""They call each other where `#` transfers. Else Asterisk's own RTP takes over from the other
phone's when a clip begins, with numbers that begin anew anywhere; see phones/narrow.py."""

MIXED = ("phone-a", "wide-a")
MIXED_BACK = ("wide-a", "phone-a")


@pytest.mark.parametrize("names", [WIDEBAND, MIXED, MIXED_BACK], ids="-".join)
async def test_given_phones_when_all_are_played_to_then_each_hears_it_and_the_other(
    phones: Exchange, service: Service, names: tuple[str, str]
) -> None:
    stage = Stage(phones, service)
    one, two = await talking(*stage.named(*names), extension=f"keys-{names[1]}")

    await stage.play(one, one, two)

    await stage.hear_all_along([one, HIGH], [two, LOW])
    await stage.stop()
    await each_hears_only((one, HIGH), (two, LOW))


@pytest.mark.parametrize("listener", [0, 1])
@pytest.mark.parametrize("names", [WIDEBAND, MIXED], ids="-".join)
async def test_given_phones_when_one_is_played_to_then_only_that_one_hears_it(
    phones: Exchange, service: Service, names: tuple[str, str], listener: int
) -> None:
    stage = Stage(phones, service)
    talk = await talking(*stage.named(*names), extension=f"keys-{names[1]}")
    hears, other = talk[listener], talk[1 - listener]
    says = (LOW, HIGH)

    await stage.play(other, hears, others=(other,))

    await stage.hear_all_along([hears, says[1 - listener]])
    await hears_only(other, says[listener])


async def test_given_three_phones_in_a_bridge_when_played_to_then_all_hear_it(
    phones: Exchange, service: Service
) -> None:
    stage = Stage(phones, service)
    one, two = await talking(*stage.named(*MIXED), extension="keys-wide-a")
    three = await stage.third("phone-c", beside=one)

    await stage.play(three, one, two, three, way="member")

    await stage.hear_all_along([one, HIGH], [two, LOW], [three, LOW, HIGH])
    await stage.stop()
    await stage.nobody_hears_it(one, two, three)


async def test_given_direct_media_when_a_clip_is_played_then_it_is_heard_and_media_is_direct_again(
    phones: Exchange, service: Service
) -> None:
    stage = Stage(phones, service)
    one, two = await talking(*stage.named("direct-a", "direct-b"))
    await _until_direct(one, two, direct=True)

    await stage.play(one, one, two)
    await _until_direct(one, two, direct=False)
    await stage.hear_all_along([one, HIGH], [two, LOW])
    await stage.stop()

    await _until_direct(one, two, direct=True)
    await each_hears_only((one, HIGH), (two, LOW))


async def _until_direct(one: Call, two: Call, *, direct: bool) -> None:
    """Wait until each phone sends its RTP to the other, or neither does."""
    async with asyncio.timeout(5):
        for left, right in ((one, two), (two, one)):
            while (await left.rtp("dest") == await right.rtp("src")) is not direct:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("name", ["phone-a", "wide-a"])
@pytest.mark.parametrize(("extension", "music"), [("wait", 0), ("music", MUSIC)])
async def test_given_a_phone_alone_when_played_to_then_it_hears_it_and_is_back_where_it_was(
    phones: Exchange, service: Service, name: str, extension: str, music: float
) -> None:
    stage = Stage(phones, service)
    (phone,) = stage.named(name)
    call = await phone.call(extension)
    await call.talks()
    await hears_only(call, music)
    before = await stage.picture()

    await stage.play(call, call, way="beside")
    await stage.hear_all_along([call])
    await stage.stop()

    await hears_only(call, music)
    assert await stage.picture() == before
