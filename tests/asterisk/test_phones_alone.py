"""The phones of the tests work, without callcue: what a call is when nobody plays into it."""

import asyncio
import socket

import pytest
from phones import picture
from phones.exchange import Exchange
from phones.talking import HIGH, LOW, MUSIC, each_hears_only, hears_only, talking
from real.pbx import Pbx

pytest_plugins = ["phones.fixtures"]


SIMPLE_BRIDGE = "keys-wide-b"
"""A wideband handset decodes, and Debian's Asterisk then drops packets with lower numbers than
before. When a bridge becomes a native one, those of the far end begin anew anywhere, and nothing
more may be heard."""


@pytest.mark.parametrize(
    ("kind", "extension"), [("phone", ""), ("wide", SIMPLE_BRIDGE), ("direct", "")]
)
async def test_given_two_phones_when_they_talk_then_each_hears_the_other(
    phones: Exchange, kind: str, extension: str
) -> None:
    one, two = await talking(*phones.phones(f"{kind}-a", f"{kind}-b"), extension=extension)

    await each_hears_only((one, HIGH), (two, LOW))


async def test_given_wideband_phones_when_they_talk_then_5_khz_pass(phones: Exchange) -> None:
    one, two = await talking(*phones.phones("wide-a", "wide-b"), extension=SIMPLE_BRIDGE)

    one.handset.says(5000)

    await hears_only(two, 5000)
    assert "g722" in await one.farm_channel("audionativeformat")


async def test_given_phones_with_direct_media_when_they_talk_then_rtp_passes_the_pbx_by(
    phones: Exchange,
) -> None:
    one, two = await talking(*phones.phones("direct-a", "direct-b"))

    async with asyncio.timeout(5):
        while await one.rtp("dest") != await two.rtp("src"):
            await asyncio.sleep(0.02)
        while await two.rtp("dest") != await one.rtp("src"):
            await asyncio.sleep(0.02)

    await each_hears_only((one, HIGH), (two, LOW))


async def test_given_phones_without_direct_media_when_they_talk_then_rtp_passes_through_the_pbx(
    phones: Exchange,
) -> None:
    one, two = await talking(*phones.phones("phone-a", "phone-b"))

    await hears_only(two, LOW)

    assert await one.rtp("dest") != await two.rtp("src")


async def test_given_a_call_when_held_then_music_and_unheld_then_the_caller_again(
    phones: Exchange,
) -> None:
    one, two = await talking(*phones.phones("phone-a", "phone-b"))

    await one.hold()
    await hears_only(two, MUSIC)

    await one.unhold()
    await hears_only(two, LOW)
    await hears_only(one, HIGH)


async def test_given_a_call_when_blindly_transferred_then_the_other_two_talk(
    phones: Exchange,
) -> None:
    first, second, third = phones.phones("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)

    await two.blind_transfer(third.name)
    three = await third.answer()
    three.handset.says(HIGH)
    await two.ended()

    await each_hears_only((one, HIGH), (three, LOW))
    seen = await picture.take(phones.hand)
    assert [(c.name, c.mates) for c in seen.channels] == [
        ("PJSIP/phone-a", ("PJSIP/phone-c",)),
        ("PJSIP/phone-c", ("PJSIP/phone-a",)),
    ]


async def test_given_a_held_call_when_transferred_after_a_word_then_the_other_two_talk(
    phones: Exchange,
) -> None:
    first, second, third = phones.phones("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)
    await one.hold()
    asked, three = await talking(first, third)
    three.handset.says(LOW)

    await one.attended_transfer(asked)

    await each_hears_only((two, LOW), (three, HIGH))
    seen = await picture.take(phones.hand)
    assert [(c.name, c.mates) for c in seen.channels] == [
        ("PJSIP/phone-b", ("PJSIP/phone-c",)),
        ("PJSIP/phone-c", ("PJSIP/phone-b",)),
    ]
    assert picture.Display("PJSIP/phone-b", "703", "Phone C") in seen.displays


async def test_given_a_call_when_parked_then_another_phone_fetches_it(phones: Exchange) -> None:
    first, second, third = phones.phones("phone-a", "phone-b", "phone-c")
    one, two = await talking(first, second)

    await two.blind_transfer("750")
    await hears_only(one, MUSIC)
    parked = next(e for e in phones.hand.events if e.get("Event") == "ParkedCall")
    three = await third.call(parked["ParkingSpace"])
    await three.talks()
    three.handset.says(HIGH)

    await each_hears_only((one, HIGH), (three, LOW))


async def test_given_a_queue_when_its_member_answers_then_they_talk(phones: Exchange) -> None:
    one, two = await talking(*phones.phones("phone-a", "phone-b"), extension="queue")

    await each_hears_only((one, HIGH), (two, LOW))


@pytest.mark.parametrize(("extension", "heard"), [("wait", 0), ("music", MUSIC)])
async def test_given_a_phone_alone_when_it_listens_then_it_hears_what_is_there(
    phones: Exchange, extension: str, heard: int
) -> None:
    (phone,) = phones.phones("phone-a")
    call = await phone.call(extension)
    await call.talks()

    await hears_only(call, heard)
    (channel,) = (await picture.take(phones.hand)).channels
    assert channel.mates == ()
    assert channel.application == {"wait": "Wait", "music": "MusicOnHold"}[extension]


async def test_given_a_call_when_hung_up_then_a_record_is_all_that_is_left(
    phones: Exchange,
) -> None:
    one, two = await talking(*phones.phones("phone-a", "phone-b"))
    during = await picture.take(phones.hand)

    await one.hang_up()
    await two.ended()

    assert [c.name for c in during.channels] == ["PJSIP/phone-a", "PJSIP/phone-b"]
    assert [b.members for b in during.bridges] == [("PJSIP/phone-a", "PJSIP/phone-b")]
    after = await picture.take(phones.hand, records=1)
    assert (after.channels, after.bridges) == ((), ())
    assert after.records == (
        picture.Record(
            source="701",
            destination="phone-b",
            context="callcue-test-phones",
            channel="PJSIP/phone-a",
            destination_channel="PJSIP/phone-b",
            application="Dial",
            disposition="ANSWERED",
        ),
    )


async def test_given_the_same_call_twice_when_pictured_then_the_pictures_are_equal(
    phones: Exchange,
) -> None:
    async def pictures() -> list[picture.Picture]:
        since = len(phones.hand.events)
        one, two = await talking(*phones.phones("phone-a", "phone-b"))
        await hears_only(two, LOW)
        during = await picture.take(phones.hand, since)
        await two.hang_up()
        await one.ended()
        return [during, await picture.take(phones.hand, since, records=1)]

    assert await pictures() == await pictures()


def test_given_no_password_when_calling_then_the_pbx_refuses(pbx: Pbx) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.settimeout(5)
        here = f"127.0.0.1:{stranger.getsockname()[1]}"
        there = f"127.0.0.1:{pbx.sip_port}"
        lines = [
            f"INVITE sip:wait@{there} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bKstranger",
            f"From: <sip:phone-a@{there}>;tag=stranger",
            f"To: <sip:wait@{there}>",
            f"Contact: <sip:phone-a@{here}>",
            "Call-ID: stranger",
            "CSeq: 1 INVITE",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        stranger.sendto("\r\n".join([*lines, "", ""]).encode(), ("127.0.0.1", pbx.sip_port))
        answer = stranger.recv(4096).decode()
    assert answer.startswith("SIP/2.0 401 ")
