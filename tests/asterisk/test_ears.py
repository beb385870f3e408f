"""The ears themselves, against Asterisk and without callcue: both kinds hear the same."""

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
from ears import clips, hearing
from ears.ear import EarServer
from ears.rtp import RtpServer
from real.hand import Hand
from real.room import Room

FRAME = 160
"""Samples: the first 20 ms. A busy machine may lose a later frame."""


@pytest_asyncio.fixture(params=["by version", "rtp"])
async def ears(
    request: pytest.FixtureRequest, hand: Hand, ears: EarServer
) -> AsyncIterator[EarServer]:
    """The kind that this version's tests have, and the one that every version could have."""
    if request.param == "by version":
        yield ears
        return
    async with RtpServer(hand) as server:
        yield server


async def test_given_a_party_when_the_room_hears_a_sound_then_its_ear_has_its_very_samples(
    hand: Hand, ears: EarServer
) -> None:
    room = Room("8600095", hand, ears)
    ear = await room.party()
    start = time.monotonic()

    await hand.do(
        "Originate",
        Channel="Local/8600095@callcue-test-rooms/n",
        Application="ControlPlayback",
        Data="sweep",
        Async="true",
        ChannelId="loudspeaker",
    )
    await ear.until(lambda: hearing.first_audible(ear.since(start)) is not None)
    await ear.listen(0.3)
    await hand.do("Hangup", Channel="loudspeaker")

    heard, head = hearing.samples_of(ear.since(start)), clips.sweep(10)[:FRAME]
    at = hearing.onset(heard, head)
    assert np.abs(heard[at : at + FRAME].astype(int) - head).max() <= 1
    await room.close()


async def test_given_a_party_when_it_hangs_up_or_is_hung_up_then_it_is_gone(
    hand: Hand, ears: EarServer
) -> None:
    room = Room("8600096", hand, ears)
    leaver, sent_away = await room.party(), await room.party()

    leaver.hang_up()
    await hand.do("Hangup", Channel=str(sent_away.id))

    async with asyncio.timeout(5):
        await leaver.gone.wait()
        await sent_away.gone.wait()
