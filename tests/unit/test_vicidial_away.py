"""VICIdial's database is away: what was known stays, and whom others know is found."""

from typing import Any, NamedTuple, cast

import pytest
from fakes.directory import FakeDirectory

from callcue.api.agents import AgentsOutOfReach, RoomsInOrder
from callcue.core.errors import CannotPlayHere
from callcue.core.ports import AgentSession
from callcue.core.types import Conference
from callcue.vicidialdb import kept
from callcue.vicidialdb.agents import VicidialAgents
from callcue.vicidialdb.database import Database, OutOfReach
from callcue.vicidialdb.users import VicidialUsers

IP = "10.10.10.15"


class Server(NamedTuple):
    """A row of VICIdial's servers."""

    ext_context: str


class FakeDatabase:
    """Answers every question with one row, or none at all."""

    def __init__(self, row: Any) -> None:
        self.row = row
        self.away = False

    async def rows(self, *_: object) -> list[Any]:
        if self.away:
            raise OutOfReach("away")
        return [self.row]


@pytest.fixture(autouse=True)
def nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question is asked anew."""
    monkeypatch.setattr(kept.Kept, "__init__", _forgetful(kept.Kept.__init__))


def _forgetful(init: Any) -> Any:
    def made(self: Any, look_up: Any, **_: object) -> None:
        init(self, look_up, seconds=0.0)

    return made


async def test_given_a_known_context_when_the_database_is_away_then_it_is_as_before() -> None:
    database = FakeDatabase(Server("outbound"))
    agents = VicidialAgents(cast("Database", database), {IP: "main"})
    assert await agents.context("main") == "outbound"
    database.away = True
    assert await agents.context("main") == "outbound"
    with pytest.raises(CannotPlayHere):
        await VicidialAgents(cast("Database", database), {IP: "main"}).context("main")


@pytest.mark.parametrize("count", [0, 1])
async def test_given_a_known_switch_when_the_database_is_away_then_it_is_as_before(
    count: int,
) -> None:
    database = FakeDatabase((count,))
    users = VicidialUsers.of(cast("Database", database))
    assert await users.api_active() is bool(count)
    database.away = True
    assert await users.api_active() is bool(count)


async def test_given_a_switch_that_was_never_known_then_it_is_on() -> None:
    database = FakeDatabase((0,))
    database.away = True
    assert await VicidialUsers.of(cast("Database", database)).api_active()


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
