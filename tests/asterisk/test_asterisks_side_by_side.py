"""One service beside two Asterisks, of both versions: VICIdial's servers, each with its rooms.

The agents and the servers they sit at come from a real MariaDB. The rooms have the same number on
both, as VICIdial's have.
"""

import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from ears import hearing
from ears.ear import Ear
from real import vicidial_tables
from real.hand import Hand, open_hand
from real.mariadb import NAME, PASSWORD, USER, MariaDB
from real.parties import ears_for
from real.pbx import Pbx
from real.room import Room
from real.service import Service, running_service

from callcue.settings.vicidial import Vicidial

ROOM = "8600091"
MAIN_IP, EAST_IP = "10.10.10.15", "10.10.10.16"
MAIN_AGENT, EAST_AGENT = "2001", "2002"
LOW, HIGH = 440, 1500
"""Hz, of the clips of these names."""

SUCCESS = "SUCCESS: audio_playback function sent - "


@dataclass
class Seat:
    """An agent whom only the database knows, alone with her ear, and her screen."""

    service: Service
    agent: str
    ear: Ear
    hand: Hand

    async def ask(self, stage: str, **more: str) -> str:
        return await self.service.screen(self.agent).send(stage=stage, **more)

    async def play(self, clip: str) -> str:
        return await self.ask("PLAY", value=clip)

    async def heard(self, seconds: float) -> set[float]:
        """Which of both clips is heard now."""
        frames = await self.ear.listen(seconds)
        return {hz for frame in frames for hz in hearing.identities(frame, (LOW, HIGH))}


@pytest.fixture
def tables(mariadb: MariaDB) -> MariaDB:
    """One agent at each server."""
    vicidial_tables.make(mariadb)
    for agent, address in ((MAIN_AGENT, MAIN_IP), (EAST_AGENT, EAST_IP)):
        vicidial_tables.add(
            mariadb, "vicidial_live_agents", user=agent, conf_exten=ROOM, server_ip=address
        )
    return mariadb


@pytest_asyncio.fixture
async def service(pbx: Pbx, other_pbx: Pbx, tables: MariaDB) -> AsyncIterator[Service]:
    """A callcue that is connected to both."""
    vicidial = Vicidial.model_validate(
        {
            "servers": {MAIN_IP: "main", EAST_IP: "east"},
            "database": {
                "host": tables.host,
                "port": tables.port,
                "name": NAME,
                "user": USER,
                "password": PASSWORD,
                "users": False,
            },
        }
    )
    async with running_service(pbx, {"east": other_pbx}, vicidial=vicidial) as running:
        yield running


@pytest_asyncio.fixture
async def seats(pbx: Pbx, other_pbx: Pbx, service: Service) -> AsyncIterator[tuple[Seat, Seat]]:
    """The agent of main, and the one of east. Afterwards their rooms are closed."""
    async with (
        open_hand(pbx) as main,
        open_hand(other_pbx) as east,
        ears_for(pbx, main) as main_ears,
        ears_for(other_pbx, east) as east_ears,
    ):
        rooms = [Room(ROOM, main, main_ears), Room(ROOM, east, east_ears)]
        ears = [await room.party() for room in rooms]
        yield (
            Seat(service, MAIN_AGENT, ears[0], main),
            Seat(service, EAST_AGENT, ears[1], east),
        )
        for room in rooms:
            await room.close()


async def test_given_rooms_of_one_number_when_played_then_each_is_heard_on_its_own_asterisk(
    seats: tuple[Seat, Seat],
) -> None:
    main, east = seats
    assert await main.play("low") == f"{SUCCESS}low|PLAY|{MAIN_AGENT}"
    assert await east.heard(0.3) == set()
    assert await east.play("high") == f"{SUCCESS}high|PLAY|{EAST_AGENT}"
    assert (await main.heard(0.3), await east.heard(0.3)) == ({LOW}, {HIGH})

    assert await east.ask("PAUSE") == f"{SUCCESS}|PAUSE|{EAST_AGENT}"
    await east.ear.listen(0.1)
    assert (await main.heard(0.3), await east.heard(0.3)) == ({LOW}, set())

    assert await main.ask("STOP") == f"{SUCCESS}|STOP|{MAIN_AGENT}"
    assert await east.ask("RESUME") == f"{SUCCESS}|RESUME|{EAST_AGENT}"
    await main.ear.listen(0.1)
    assert (await main.heard(0.3), await east.heard(0.3)) == (set(), {HIGH})

    assert await east.ask("STOP") == f"{SUCCESS}|STOP|{EAST_AGENT}"
    assert f" - {ROOM}|{EAST_IP}|" in await east.ask("STOP")
    for seat in seats:
        assert [name for name in await seat.hand.channels() if "@callcue-join" in name] == []


async def test_given_one_that_stands_still_then_the_other_is_commanded_as_ever(
    seats: tuple[Seat, Seat], other_pbx: Pbx
) -> None:
    main, east = seats
    await main.play("low")
    await east.play("high")
    os.kill(other_pbx.pid, signal.SIGSTOP)
    try:
        assert (await east.ask("PAUSE")).startswith("ERROR: audio_playback error - ")
        assert await main.ask("PAUSE") == f"{SUCCESS}|PAUSE|{MAIN_AGENT}"
        await main.ear.listen(0.1)
        assert await main.heard(0.3) == set()
    finally:
        os.kill(other_pbx.pid, signal.SIGCONT)
    # The answer was that nobody knows; now it is obeyed.
    assert await east.ask("PAUSE") == f"{SUCCESS}|PAUSE|{EAST_AGENT}"
    await east.ear.listen(0.1)
    assert await east.heard(0.3) == set()
    assert await east.ask("STOP") == f"{SUCCESS}|STOP|{EAST_AGENT}"
    assert await main.ask("STOP") == f"{SUCCESS}|STOP|{MAIN_AGENT}"
