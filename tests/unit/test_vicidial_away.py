"""VICIdial's database is away: nothing old is believed, and whom others know is found."""

from typing import Any, NamedTuple, cast

import pytest
from fakes.directory import FakeDirectory

from callcue.api.agents import AgentsOutOfReach, RoomsInOrder
from callcue.api.users import UsersOutOfReach
from callcue.core.errors import CannotPlayHere
from callcue.core.ports import AgentSession
from callcue.core.types import Conference
from callcue.vicidialdb.agents import VicidialAgents
from callcue.vicidialdb.database import Database, OutOfReach
from callcue.vicidialdb.users import VicidialUsers

IP = "10.10.10.15"


class Server(NamedTuple):
    """A row of VICIdial's servers."""

    ext_context: str


class Seat(NamedTuple):
    """Where an agent is."""

    room: str
    address: str


class User(NamedTuple):
    """A row of VICIdial's users, and of its settings."""

    user: str
    plain: str = "1234"
    user_level: int = 1
    active: str = "Y"
    user_group: str = ""
    api_allowed_functions: str = ""
    custom_three: str = ""
    vdc_agent_api_access: str = "1"
    locked: int = 0
    pass_hash_enabled: str = "0"
    has_address_lists: int = 0


class FakeDatabase:
    """Answers every question with one row, or none at all."""

    def __init__(self, row: Any) -> None:
        self.row = row
        self.away = False

    async def rows(self, *_: object) -> list[Any]:
        if self.away:
            raise OutOfReach("away")
        return [self.row]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_given_a_known_context_when_the_database_is_away_then_unknown_a_second_later() -> (
    None
):
    database, clock = FakeDatabase(Server("outbound")), Clock()
    agents = VicidialAgents(cast("Database", database), {IP: "main"}, clock=clock)
    assert await agents.context("main") == "outbound"
    database.away, clock.now = True, 0.999
    assert await agents.context("main") == "outbound"
    clock.now = 1.0
    with pytest.raises(CannotPlayHere, match="VICIdial's database"):
        await agents.context("main")
    database.away, database.row, clock.now = False, Server("other"), 2.0
    assert await agents.context("main") == "other"


async def test_given_vicidials_switch_off_when_the_database_is_away_then_it_says_nothing() -> None:
    database, clock = FakeDatabase((0,)), Clock()
    users = VicidialUsers.of(cast("Database", database), clock=clock)
    assert not await users.api_active()
    database.away, clock.now = True, 0.999
    assert not await users.api_active()
    clock.now = 1.0
    assert await users.api_active()
    database.away, clock.now = False, 2.0
    assert not await users.api_active()


async def test_given_a_user_and_a_seat_when_the_database_is_away_then_unknown_a_second_later() -> (
    None
):
    user = User("6666")
    database, clock = FakeDatabase(user), Clock()
    users = VicidialUsers.of(cast("Database", database), clock=clock)
    agents = VicidialAgents(cast("Database", database), {IP: "main"}, clock=clock)
    for now, away in ((0.0, False), (0.999, True)):
        database.away, clock.now = away, now
        database.row = user
        assert (found := await users.find("6666")) is not None
        assert found.name == "6666"
        assert await users.named_by("crm1") == "6666"
        database.row = Seat("8600051", IP)
        assert await agents.find("1000") is not None
    clock.now = 1.0
    for asking in (users.find("6666"), users.named_by("crm1")):
        with pytest.raises(UsersOutOfReach):
            await asking
    with pytest.raises(AgentsOutOfReach):
        await agents.find("1000")


async def test_given_an_agent_of_the_table_when_the_database_is_away_then_the_table_is_right() -> (
    None
):
    directory, database = FakeDirectory(), FakeDatabase(None)
    database.away = True
    known = AgentSession(Conference("main", "8600051"), "settings", None)
    directory.agents["1000"] = known
    rooms = RoomsInOrder(directory, VicidialAgents(cast("Database", database), {IP: "main"}))
    assert await rooms.find("1000") is known
    with pytest.raises(AgentsOutOfReach):
        await rooms.find("2000")
