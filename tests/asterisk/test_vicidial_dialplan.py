"""Into a room by the extension of VICIdial's own dialplan, found in VICIdial's own database.

Nothing in front of the room is callcue's here: the agent's room, the server and its dialplan's
context come from a real MariaDB, and the leg joins by `47378217` and the room's number.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from itertools import count

import numpy as np
import pytest
import pytest_asyncio
from ears import clips, hearing
from ears.ear import Ear, Frame
from real import vicidial_tables
from real.hand import Hand
from real.mariadb import NAME, PASSWORD, USER, MariaDB
from real.pbx import Pbx
from real.room import NewRoom, Room
from real.service import Service, running_service

from callcue.core.types import Conference
from callcue.settings.vicidial import Vicidial

SERVER_IP = "10.10.10.15"
CONTEXT = "callcue-test-vici"
SUCCESS = "SUCCESS: audio_playback function sent - "
HEAD = 160
"""Samples: the first 20 ms, of the 40 that VICIdial lets nobody hear. A busy machine may lose a
later frame, and that is not asked here."""

NEAR = 0.040
LIMIT = 0.02 * clips.LOUDNESS

_agents = count(2000)


@pytest.fixture
def tables(mariadb: MariaDB) -> MariaDB:
    """A system with hashed passwords, one API user and one server."""
    vicidial_tables.make(mariadb)
    vicidial_tables.hash_passwords(mariadb)
    kept = vicidial_tables.hashed("Their.pass1")
    vicidial_tables.add(mariadb, "vicidial_users", user="8888", pass_hash=kept)
    vicidial_tables.add(mariadb, "servers", server_ip=SERVER_IP, ext_context=CONTEXT)
    return mariadb


@pytest_asyncio.fixture
async def service(pbx: Pbx, tables: MariaDB) -> AsyncIterator[Service]:
    """A callcue that finds everything in the database."""
    settings = Vicidial.model_validate(
        {
            "join": "dialplan",
            "servers": {SERVER_IP: "main"},
            "database": {
                "host": tables.host,
                "port": tables.port,
                "name": NAME,
                "user": USER,
                "password": PASSWORD,
            },
        }
    )
    async with running_service(pbx, vicidial=settings) as running:
        yield running


class Seat:
    """An agent whom only the database knows, in a room with a customer; and her screen."""

    def __init__(self, service: Service, room: Room, agent: str, ear: Ear) -> None:
        self.room, self.agent, self.ear = room, agent, ear
        self._screen = service.screen(agent)

    async def ask(self, stage: str, **more: str) -> str:
        login = {"user": "8888", "pass": "Their.pass1"}
        return await self._screen.send(stage=stage, **login, **more)

    async def play(self, clip: str, **more: str) -> str:
        return await self.ask("PLAY", value=clip, **more)


async def seat(new_room: NewRoom, service: Service, tables: MariaDB) -> Seat:
    room, agent = await new_room(), str(next(_agents))
    ear, _ = await asyncio.gather(room.party(), room.party())
    vicidial_tables.add(
        tables,
        "vicidial_live_agents",
        user=agent,
        conf_exten=room.number,
        server_ip=SERVER_IP,
    )
    return Seat(service, room, agent, ear)


def legs(channels: Sequence[str]) -> list[str]:
    return [name for name in channels if name.startswith("Local/47378217")]


def places(frames: Sequence[Frame]) -> list[float]:
    return [hearing.sweep_position(frame) for frame in frames if hearing.audible(frame)]


async def test_given_an_agent_of_the_database_when_played_then_heard_from_the_first_sample(
    new_room: NewRoom, service: Service, tables: MariaDB, hand: Hand
) -> None:
    her = await seat(new_room, service, tables)
    start = time.monotonic()

    assert await her.play("sweep") == f"{SUCCESS}sweep|PLAY|{her.agent}"
    await her.ear.listen(0.5)

    there = legs(await hand.channels())
    assert len(there) == 2
    assert all(name.startswith(f"Local/47378217{her.room.number}@{CONTEXT}-") for name in there)
    heard, head = hearing.samples_of(her.ear.since(start)), clips.sweep(10)[:HEAD]
    at = hearing.onset(heard, head)
    assert np.abs(heard[at : at + HEAD].astype(int) - head).mean() < LIMIT
    assert np.abs(heard[:at]).max(initial=0) < hearing.AUDIBLE


async def test_given_the_five_stages_when_asked_then_each_is_heard_and_nothing_is_left(
    new_room: NewRoom, service: Service, tables: MariaDB, hand: Hand
) -> None:
    her = await seat(new_room, service, tables)
    before = len(await hand.channels())

    await her.play("sweep")
    await her.ear.listen(0.4)
    assert await her.ask("PAUSE") == f"{SUCCESS}|PAUSE|{her.agent}"
    silence = await her.ear.listen(0.4)
    stopped_at = places(her.ear.frames)[-1]
    resumed = time.monotonic()
    assert await her.ask("RESUME") == f"{SUCCESS}|RESUME|{her.agent}"
    await her.ear.listen(0.4)
    restarted = time.monotonic()
    assert await her.ask("RESTART") == f"{SUCCESS}|RESTART|{her.agent}"
    await her.ear.listen(0.4)
    assert await her.ask("STOP") == f"{SUCCESS}|STOP|{her.agent}"
    end = await her.ear.listen(0.4)

    assert hearing.falls_silent(silence)
    assert hearing.falls_silent(end)
    again = [frame for frame in her.ear.since(resumed) if frame.at < restarted]
    assert abs(places(again)[0] - (stopped_at + 0.020)) < NEAR
    assert min(places(her.ear.since(restarted))) < NEAR
    assert legs(await hand.channels()) == []
    assert len(await hand.channels()) == before
    assert f"no audio playing in agent session - {her.room.number}|{SERVER_IP}|" in (
        await her.ask("STOP")
    )


async def test_given_two_agents_rooms_when_both_play_then_each_hears_its_own(
    new_room: NewRoom, service: Service, tables: MariaDB
) -> None:
    one, other = await asyncio.gather(*(seat(new_room, service, tables) for _ in range(2)))
    start = time.monotonic()

    assert (await one.play("low")).startswith("SUCCESS")
    assert (await other.play("high")).startswith("SUCCESS")
    await other.ear.listen(0.4)

    for her, own, strange in ((one, 440, 1500), (other, 1500, 440)):
        frames = [frame for frame in her.ear.since(start) if hearing.audible(frame)]
        assert frames
        assert all(hearing.strength(frame.samples, strange) < 500 for frame in frames)
        assert hearing.strength(frames[-1].samples, own) > 500


async def test_given_an_override_when_played_then_the_new_clip_alone(
    new_room: NewRoom, service: Service, tables: MariaDB, hand: Hand
) -> None:
    her = await seat(new_room, service, tables)
    start = time.monotonic()
    await her.play("low")
    await her.ear.listen(0.4)

    answer = await her.play("high", dial_override="Y")
    await her.ear.listen(0.4)

    assert answer.splitlines()[0].startswith("NOTICE: audio_playback previous playback stopped")
    frames = her.ear.since(start)
    both = [f for f in frames if min(hearing.strength(f.samples, hz) for hz in (440, 1500)) > 500]
    assert both == []
    assert hearing.strength(frames[-1].samples, 1500) > 500
    assert len(legs(await hand.channels())) == 2


async def test_given_a_room_that_all_have_left_when_played_then_no_room_is_opened(
    new_room: NewRoom, service: Service, tables: MariaDB, hand: Hand
) -> None:
    her = await seat(new_room, service, tables)
    await her.room.close()
    room = Conference("main", her.room.number)
    await service.until(lambda: not service.server.directory.parties(room))

    answer = await her.play("sweep")

    assert answer == (
        f"ERROR: audio_playback error - audio not started - nobody is in the room|PLAY|{her.agent}"
    )
    assert legs(await hand.channels()) == []


async def test_given_everybody_leaves_while_it_plays_then_the_leg_goes_too(
    new_room: NewRoom, service: Service, tables: MariaDB, hand: Hand
) -> None:
    her = await seat(new_room, service, tables)
    await her.play("sweep")
    await her.ear.listen(0.2)

    await her.room.close()

    await hand.until(lambda: not _alive(hand))


async def test_given_a_dialplan_without_that_extension_when_played_then_that_is_no_success(
    new_room: NewRoom, service: Service, tables: MariaDB
) -> None:
    her = await seat(new_room, service, tables)
    tables.do("UPDATE servers SET ext_context = 'callcue-test-parties'")

    answer = await her.play("sweep")

    assert answer.startswith("ERROR: audio_playback error - audio not started - ")


def _alive(hand: Hand) -> set[str]:
    """Halves of legs that have come and not gone, by the events alone."""
    born = {e["Uniqueid"] for e in hand.of("Newchannel") if legs([e["Channel"]])}
    return born - {e["Uniqueid"] for e in hand.of("Hangup")}
