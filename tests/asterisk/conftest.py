"""Fixtures of the tests that need a real Asterisk. None is skipped when there is none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from ears import clips
from ears.ear import EarServer
from real.hand import Hand
from real.pbx import NoAsterisk, Pbx, running_pbx
from real.room import NewRoom, Room
from real.service import Service, running_service
from real.world import make_sounds

_numbers = count(100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs an Asterisk."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asterisk)


@pytest.fixture(scope="session")
def pbx() -> Iterator[Pbx]:
    """One PBX for the whole run, with the clips of the tests."""
    try:
        with running_pbx() as found:
            _make_clips(found.sounds)
            make_sounds(found.sounds)
            yield found
    except NoAsterisk as missing:
        pytest.exit(f"no Asterisk for the tests: {missing}", returncode=1)


def _make_clips(sounds: Path) -> None:
    for name, samples in {
        "sweep": clips.sweep(10),
        "low": clips.tone(440, 4),
        "high": clips.tone(1500, 4),
        "short-low": clips.tone(440, 0.3),
        "short-mid": clips.tone(900, 0.3),
        "short-high": clips.tone(1500, 0.3),
        "blink": clips.tone(440, 0.2),
        "tick": clips.tone(440, 0.02),
    }.items():
        clips.write_wav(sounds / f"{name}.wav", samples)


@pytest_asyncio.fixture
async def ears() -> AsyncIterator[EarServer]:
    """Where Asterisk brings what the parties hear."""
    async with EarServer() as server:
        yield server


@pytest_asyncio.fixture
async def hand(pbx: Pbx) -> AsyncIterator[Hand]:
    """The tests' own AMI connection."""
    hand = Hand()
    await hand.open(pbx.host, pbx.port, pbx.secret)
    yield hand
    await hand.close()


@pytest_asyncio.fixture
async def service(pbx: Pbx) -> AsyncIterator[Service]:
    """A callcue of the test's own."""
    async with running_service(pbx) as running:
        yield running


@pytest_asyncio.fixture
async def new_room(hand: Hand, ears: EarServer, service: Service) -> AsyncIterator[NewRoom]:
    """Makes rooms, each with a number and an agent of its own. Afterwards nothing of ours is left.

    A room made with `profile` ("full-", "wait-", "keys-") has the parties of that extension.
    """
    assert service.server.readiness().ready  # it ends the playbacks of rooms that are closed
    rooms: list[Room] = []

    async def make(profile: str = "") -> Room:
        number = next(_numbers)
        room = Room(f"8600{number}", hand, ears, agent=f"agent-{number}", profile=profile)
        rooms.append(room)
        return room

    yield make
    for room in rooms:
        await room.close()
    await _no_leg_is_left(hand)


async def _no_leg_is_left(hand: Hand) -> None:
    """Every test ends with the channels it began with: legs go when their room goes."""
    async with asyncio.timeout(5):
        while any("@callcue-join" in name for name in await hand.channels()):
            await asyncio.sleep(0.02)
