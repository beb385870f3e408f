"""What is changed in VICIdial's tables is seen within a second, whatever was known before."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from real.mariadb import NAME, PASSWORD, USER, MariaDB
from real.vicidial_tables import add

from callcue.api.agents import AgentsOutOfReach
from callcue.api.users import UsersOutOfReach
from callcue.core.errors import CannotPlayHere
from callcue.vicidialdb.agents import VicidialAgents
from callcue.vicidialdb.database import Database, address
from callcue.vicidialdb.users import VicidialUsers

IP = "10.10.10.15"
LONGEST = 1.0
TIME_OUT = 0.3
OUT_OF_REACH = (UsersOutOfReach, AgentsOutOfReach, CannotPlayHere)

Ask = Callable[[VicidialUsers, VicidialAgents], Awaitable[object]]


async def _level(users: VicidialUsers, _: VicidialAgents) -> object:
    user = await users.find("6666")
    return user and user.level


async def _from_elsewhere(users: VicidialUsers, _: VicidialAgents) -> object:
    user = await users.find("6666")
    return user and user.may_come_from("10.9.9.9")


async def _alt_user(users: VicidialUsers, _: VicidialAgents) -> object:
    return await users.named_by("crm1")


async def _switch(users: VicidialUsers, _: VicidialAgents) -> object:
    return await users.api_active()


async def _room(_: VicidialUsers, agents: VicidialAgents) -> object:
    found = await agents.find("1000")
    return found and found.place.name


async def _context(_: VicidialUsers, agents: VicidialAgents) -> object:
    return await agents.context("main")


CHANGES: list[tuple[Ask, object, str, object]] = [
    (_level, 1, "UPDATE vicidial_users SET user_level = 9", 9),
    (_level, 1, "DELETE FROM vicidial_users", None),
    (_from_elsewhere, True, "UPDATE system_settings SET allow_ip_lists = '1'", False),
    (_from_elsewhere, True, "UPDATE vicidial_users SET user = '7777'", None),
    (_alt_user, "6666", "UPDATE vicidial_users SET custom_three = ''", None),
    (_switch, True, "UPDATE system_settings SET vdc_agent_api_active = '0'", False),
    (_room, "8600051", "UPDATE vicidial_live_agents SET conf_exten = '8600052'", "8600052"),
    (_context, "default", "UPDATE servers SET ext_context = 'other'", "other"),
]


@pytest.fixture
def known(tables: MariaDB) -> MariaDB:
    """One row of each kind."""
    person = {"user": "6666", "pass": "1234", "custom_three": "crm1", "user_group": "SALES"}
    add(tables, "vicidial_users", **person)
    add(tables, "vicidial_user_groups", user_group="SALES", api_ip_list="OFFICE")
    add(tables, "vicidial_ip_list_entries", ip_list_id="OFFICE", ip_address="10.1.2.3")
    add(tables, "vicidial_live_agents", user="1000", conf_exten="8600051", server_ip=IP)
    add(tables, "servers", server_ip=IP)
    return tables


async def _comes(
    ask: Callable[[], Awaitable[object]], wanted: object, within: float = LONGEST
) -> None:
    """Ask on and on: whoever asks so many seconds from now, or later, is told *wanted*."""
    began, told = time.monotonic(), 0
    while told < 20:
        late = time.monotonic() - began >= within
        found = await ask()
        if late:
            assert found == wanted
            told += 1
        await asyncio.sleep(0.005)


@pytest.mark.parametrize(("ask", "before", "change", "after"), CHANGES)
async def test_given_a_change_in_the_tables_then_it_is_seen_at_most_a_second_later(
    known: MariaDB, database: Database, ask: Ask, before: object, change: str, after: object
) -> None:
    users, agents = VicidialUsers.of(database), VicidialAgents(database, {IP: "main"})

    async def asked() -> object:
        return await ask(users, agents)

    # At its worst: it is changed just after it was asked for, and others ask all the time.
    assert await asked() == before
    known.do(change)
    await _comes(asked, after)


@pytest.mark.parametrize("way", ["stop", "freeze"])
async def test_given_a_database_that_goes_away_then_nothing_is_believed_a_second_later(
    known: MariaDB, way: str
) -> None:
    url = address(known.host, known.port, NAME, USER, PASSWORD)
    database = Database(url, pool=5, timeout=TIME_OUT)
    users, agents = VicidialUsers.of(database), VicidialAgents(database, {IP: "main"})
    # The switch says nothing then, which is that it is not off.
    known.do("UPDATE system_settings SET vdc_agent_api_active = '0'")
    asks = (_level, _from_elsewhere, _alt_user, _room, _context, _switch)
    for ask in asks:
        assert not isinstance(await _what(ask, users, agents), Exception)

    async def nothing_is_known() -> object:
        found = [await _what(ask, users, agents) for ask in asks]
        return [isinstance(one, OUT_OF_REACH) for one in found[:-1]] + [found[-1]]

    getattr(known, way)()
    try:
        await _comes(nothing_is_known, [True] * len(asks))
    finally:
        known.thaw() if way == "freeze" else known.start()
    known.do("UPDATE servers SET ext_context = 'other'")

    async def all_is_known() -> object:
        return [await _what(ask, users, agents) for ask in (_level, _context, _switch)]

    # A failure is believed for a second, and may be of just now.
    await _comes(all_is_known, [1, "other", False], LONGEST + TIME_OUT)
    await database.close()


async def _what(ask: Ask, users: VicidialUsers, agents: VicidialAgents) -> object:
    """The answer, or why there is none."""
    try:
        return await ask(users, agents)
    except OUT_OF_REACH as error:
        return error
