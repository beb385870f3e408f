"""Where VICIdial's agents are, read from a real MariaDB."""

import pytest
from real.mariadb import MariaDB
from real.vicidial_tables import add

from callcue.api.agents import RoomUnnamed, ServerUnknown
from callcue.core.errors import CannotPlayHere
from callcue.core.types import Conference
from callcue.vicidialdb.agents import VicidialAgents
from callcue.vicidialdb.database import Database

IP, OTHER_IP = "10.10.10.15", "10.10.10.16"
ROOM = "8600051"


def agents(database: Database) -> VicidialAgents:
    return VicidialAgents(database, {IP: "main"})


def log_in(tables: MariaDB, user: str, room: str = ROOM, address: str = IP, lead: int = 0) -> None:
    add(
        tables,
        "vicidial_live_agents",
        user=user,
        conf_exten=room,
        server_ip=address,
        lead_id=lead,
        last_call_time=f"2026-01-01 00:00:{int(user) % 60:02d}",
    )


async def test_given_an_agent_when_asked_then_the_room_and_who_said_so(
    tables: MariaDB, database: Database
) -> None:
    log_in(tables, "1000")
    found = await agents(database).find("1000")
    assert found is not None
    assert found.place == Conference("main", ROOM)
    assert (found.source, found.address, found.call) == ("vicidial", IP, None)


async def test_given_nobody_when_asked_then_none(tables: MariaDB, database: Database) -> None:
    log_in(tables, "1000")
    assert await agents(database).find("1001") is None
    assert await agents(database).find("") is None


@pytest.mark.parametrize(
    ("room", "address"),
    [
        ("", IP),
        ("86000", IP),
        ("8600051,x", IP),
        ("${EXTEN}1", IP),
        ("8600051\r\nA: b", IP),
        (ROOM, ""),
        (ROOM, "1.2.3"),
        (ROOM, "main.example"),
    ],
)
async def test_given_a_room_or_a_server_that_is_none_then_it_goes_no_further(
    tables: MariaDB, database: Database, room: str, address: str
) -> None:
    log_in(tables, "1000", room, address)
    with pytest.raises(RoomUnnamed):
        await agents(database).find("1000")


async def test_given_a_server_that_the_settings_do_not_name_then_that_is_said(
    tables: MariaDB, database: Database
) -> None:
    log_in(tables, "1000", address=OTHER_IP)
    with pytest.raises(ServerUnknown) as unknown:
        await agents(database).find("1000")
    assert unknown.value.address == OTHER_IP


async def test_given_the_table_of_servers_then_the_context_is_read(
    tables: MariaDB, database: Database
) -> None:
    add(tables, "servers", server_ip=IP, ext_context="outbound")
    assert await agents(database).context("main") == "outbound"
    with pytest.raises(CannotPlayHere):
        await agents(database).context("other")


async def test_given_agents_on_one_lead_when_asked_then_the_other_who_was_there_first(
    tables: MariaDB, database: Database
) -> None:
    for user in ("1003", "1000", "1002"):
        log_in(tables, user, lead=77)
    log_in(tables, "1001", lead=78)
    assert await agents(database).lead_of("1000") == 77
    assert await agents(database).lead_of("9999") is None
    other = await agents(database).other_on(77, "1000")
    assert other is not None
    assert (other.name, other.room, other.address) == ("1002", ROOM, IP)


async def test_given_a_fronter_who_has_left_the_lead_when_asked_then_the_one_of_the_last_minutes(
    tables: MariaDB, database: Database
) -> None:
    log_in(tables, "1000", lead=77)
    for user, minutes in (("1001", 4), ("1002", 2), ("1003", 6)):
        tables.do(
            "INSERT INTO vicidial_sessions_recent (user, lead_id, server_ip, conf_exten, call_date)"
            f" VALUES ('{user}', 77, '{IP}', '{ROOM}', NOW() - INTERVAL {minutes} MINUTE)"
        )
    other = await agents(database).other_on(77, "1000")
    assert other is not None
    assert other.name == "1002"
    assert await agents(database).other_on(78, "1000") is None


async def test_given_a_lead_of_another_cluster_then_that_is_known(
    tables: MariaDB, database: Database
) -> None:
    add(tables, "vicidial_ccc_log", lead_id=77, remote_lead_id=5)
    assert await agents(database).came_from_elsewhere(77)
    assert not await agents(database).came_from_elsewhere(78)
