"""Fixtures of the tests that need a real Asterisk. None is skipped when there is none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from ears.ear import EarServer
from real.hand import Hand, open_hand
from real.mariadb_fixture import mariadb
from real.parties import ears_for
from real.pbx import NoAsterisk, Pbx, as_debian_starts_it, running_pbx
from real.restarting import ServiceProcess, nothing_left_behind, service_process
from real.room import NewRoom, Room
from real.scenes import Scenes
from real.service import Service, running_service
from real.sounds import make_clips
from real.talk import Telephone
from real.world import make_sounds

__all__ = ["mariadb"]

_numbers = count(100)

LEGS = ("@callcue-join", "@callcue-test-vici")
"""What the names of player legs have in them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs an Asterisk; each version has a process of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asterisk)
            callspec = getattr(item, "callspec", None)
            version = callspec.params.get("pbx") if callspec is not None else None
            item.add_marker(pytest.mark.xdist_group(version or item.path.stem))


@pytest.fixture(scope="session", params=["22", "16"])
def pbx(request: pytest.FixtureRequest) -> Iterator[Pbx]:
    """One PBX of each version, with the clips of the tests; `-k 22` and `-k 16` pick one."""
    with _pbx_of(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def other_pbx(pbx: Pbx) -> Iterator[Pbx]:
    """A second one beside it, of the other version."""
    with _pbx_of("16" if pbx.major > 16 else "22") as found:
        yield found


@contextmanager
def _pbx_of(version: str) -> Iterator[Pbx]:
    try:
        with running_pbx("--asterisk", version) as found:
            make_clips(found.sounds)
            make_sounds(found.sounds)
            yield found
    except NoAsterisk as missing:
        pytest.exit(f"no Asterisk for the tests: {missing}", returncode=1)


@pytest.fixture
def before_all_others(pbx: Pbx) -> Iterator[None]:
    """What is heard does not depend on how busy this machine is."""
    with as_debian_starts_it(pbx):
        yield


@pytest_asyncio.fixture
async def ears(pbx: Pbx, hand: Hand) -> AsyncIterator[EarServer]:
    """Where Asterisk brings what the parties hear."""
    async with ears_for(pbx, hand) as server:
        yield server


@pytest_asyncio.fixture
async def hand(pbx: Pbx) -> AsyncIterator[Hand]:
    """The tests' own AMI connection."""
    async with open_hand(pbx) as hand:
        yield hand


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
    await asyncio.gather(*(room.close() for room in rooms))
    await _no_leg_is_left(hand)


@pytest_asyncio.fixture
async def process(pbx: Pbx, tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    """A callcue in a process of its own, up: to be killed and started again."""
    async with service_process(pbx, tmp_path) as process:
        await process.start()
        yield process


@pytest_asyncio.fixture
async def room(hand: Hand, ears: EarServer) -> AsyncIterator[Room]:
    """A room with an agent, for a callcue of whatever process; nobody is in it yet."""
    number = next(_numbers)
    room = Room(f"8600{number}", hand, ears, agent=f"agent-{number}")
    async with nothing_left_behind(hand):
        yield room
        await room.close()


@pytest_asyncio.fixture
async def telephone(hand: Hand, ears: EarServer, service: Service) -> AsyncIterator[Telephone]:
    """Brings parties into calls of two, or alone. Afterwards nothing of ours is left."""
    assert service.server.readiness().ready
    telephone = Telephone(hand, ears)
    yield telephone
    await telephone.close()
    await _no_leg_is_left(hand)


@pytest_asyncio.fixture
async def scenes(
    hand: Hand, telephone: Telephone, new_room: NewRoom, service: Service
) -> AsyncIterator[Scenes]:
    """Makes places of every kind, with parties in them."""
    scenes = Scenes(hand, telephone, new_room, service)
    yield scenes
    scenes.close()


async def _no_leg_is_left(hand: Hand) -> None:
    """Every test ends with the channels it began with: legs go when their room goes."""
    async with asyncio.timeout(5):
        while any(mark in name for name in await hand.channels() for mark in LEGS):
            await asyncio.sleep(0.02)
