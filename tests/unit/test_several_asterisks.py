"""Several Asterisks in one service: each has its own rooms, and none speaks for another."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fakes.directory import FakeDirectory
from fakes.service import CHANNEL, HOST, KEY, ROOM, WORKSPACE, Service, serving
from fakes.telephony import FakeReadiness, FakeTelephony

from callcue.api.keys import digest
from callcue.core.directories import Directories
from callcue.core.ports import AgentSession
from callcue.core.types import Alone, Conference

EAST_HOST = "10.10.10.16"
ASTERISKS = [
    {"name": "main", "host": HOST, "secret": "ami-s3cret"},
    {"name": "east", "host": EAST_HOST, "secret": "ami-s3cret"},
]
SUCCESS = "SUCCESS: audio_playback function sent - "


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    """Two Asterisks, each with a room of that number: 1000 is in main's, 2000 in east's."""
    async with serving(asterisk=ASTERISKS) as service:
        _east(service).directory.enter(ROOM, "PJSIP/agent-0003", agent="2000")
        _east(service).directory.enter(ROOM, "PJSIP/customer-0004")
        yield service


def _east(service: Service) -> FakeTelephony:
    return service.servers[1]


# ---- commands ----------------------------------------------------------------------------------


async def test_given_rooms_of_the_same_number_when_played_then_each_on_its_own_asterisk(
    service: Service,
) -> None:
    assert await service.play() == f"{SUCCESS}ss-noservice|PLAY|1000\n"
    # The other room is another session: nothing plays in it yet.
    assert await service.play(agent_user="2000") == f"{SUCCESS}ss-noservice|PLAY|2000\n"
    for server in service.servers:
        (started,) = server.player.started
        assert started.place == Conference(server.name, ROOM)
    assert await service.play(agent_user="2000") == (
        "ERROR: audio_playback error - audio already playing in agent session"
        f" - {ROOM}|{EAST_HOST}|PLAY||2000\n"
    )
    assert await service.vicidial(stage="STOP") == f"{SUCCESS}|STOP|1000\n"
    assert await service.vicidial(agent_user="2000", stage="PAUSE") == f"{SUCCESS}|PAUSE|2000\n"


async def test_given_one_link_down_then_the_others_calls_are_played_to(service: Service) -> None:
    await service.play()
    await service.play(agent_user="2000")
    _east(service).lose_link()
    assert await service.vicidial(stage="PAUSE") == f"{SUCCESS}|PAUSE|1000\n"
    answer = await service.vicidial(agent_user="2000", stage="PAUSE")
    assert answer == (
        f"ERROR: audio_playback error - telephony server unavailable - {EAST_HOST}|PAUSE|2000\n"
    )
    # Who is nowhere may be where we cannot look, and the answer names that server.
    answer = await service.vicidial(agent_user="3000", stage="PAUSE")
    assert answer == (
        f"ERROR: audio_playback error - telephony server unavailable - {EAST_HOST}|PAUSE|3000\n"
    )


async def test_given_an_end_on_one_asterisk_then_the_other_plays_on(service: Service) -> None:
    await service.play()
    await service.play(agent_user="2000")
    directory = _east(service).directory
    for call in directory.calls():
        directory.leave(call)
    (main,) = service.telephony.player.started
    (east,) = _east(service).player.started
    await east.gone()
    assert service.ledger.ends == [east]
    assert not main.ended
    assert await service.vicidial(stage="PAUSE") == f"{SUCCESS}|PAUSE|1000\n"


async def test_given_calls_of_both_when_listed_then_all_and_each_says_where(
    service: Service,
) -> None:
    status, body = await service.bird("GET", service.calls_path())
    assert status == 200
    assert sorted(call["server"] for call in body["results"]) == ["east", "east", "main", "main"]


async def test_given_a_channel_of_one_asterisk_then_the_others_calls_are_not_in_it() -> None:
    workspace = {
        "id": str(WORKSPACE),
        "channels": [{"id": str(CHANNEL), "server": "main"}],
        "keys": [{"name": "all", "sha256": digest(KEY), "scopes": ["calls:read"]}],
    }
    async with serving(asterisk=ASTERISKS, workspaces=[workspace]) as service:
        _east(service).directory.enter(ROOM, "PJSIP/agent-0003")
        _east(service).lose_link()
        # What cannot be seen is not this channel's, so the list is whole.
        status, body = await service.bird("GET", service.calls_path())
        assert status == 200
        assert {call["server"] for call in body["results"]} == {"main"}


# ---- readiness ---------------------------------------------------------------------------------


async def test_given_one_of_two_away_then_ready_and_it_is_told(service: Service) -> None:
    _east(service).state = FakeReadiness(False, "down", "connection refused")
    async with service.client.get("/health/ready") as response:
        assert response.status == 200
        body = await response.json()
    assert body["asterisk"]["main"]["ready"]
    assert body["asterisk"]["east"] == {
        "ready": False,
        "phase": "down",
        "reason": "connection refused",
    }
    service.telephony.state = FakeReadiness(False, "down", "connection refused")
    async with service.client.get("/health/ready") as response:
        assert response.status == 503


async def test_given_the_app_then_it_runs_every_asterisk_side_as_long_as_itself() -> None:
    async with serving(asterisk=ASTERISKS) as service:
        assert all(server.running for server in service.servers)
    assert not any(server.running for server in service.servers)


# ---- the directory of all ----------------------------------------------------------------------


@pytest.fixture
def pair() -> tuple[FakeTelephony, FakeTelephony]:
    """Two Asterisks without a service."""
    return FakeTelephony("main"), FakeTelephony("east", directory=FakeDirectory("east"))


def test_given_an_agents_own_channel_anywhere_then_it_goes_before_the_settings(
    pair: tuple[FakeTelephony, FakeTelephony],
) -> None:
    main, east = pair
    main.directory.agents["1000"] = AgentSession(Conference("main", ROOM), "settings")
    both = Directories(pair)
    found = both.agent_session("1000")
    assert found is not None
    assert found.source == "settings"
    own = east.directory.enter(ROOM, "PJSIP/a-1", agent="1000")
    found = both.agent_session("1000")
    assert found is not None
    assert (found.call, found.place.server) == (own.id, "east")
    assert both.agent_session("nobody") is None


def test_given_a_call_of_the_same_id_on_both_then_the_one_that_can_be_seen(
    pair: tuple[FakeTelephony, FakeTelephony],
) -> None:
    main, east = pair
    # A call that one Asterisk hands to the other keeps the id its variable gives it.
    here, there = (server.directory.enter(ROOM, "PJSIP/trunk-1") for server in pair)
    assert here.id == there.id
    both = Directories(pair)
    assert both.call(here.id) == here
    main.directory.up = False
    assert both.call(here.id) == there
    east.directory.up = False
    assert both.call(here.id) == here
    assert len(both.calls()) == 2


def test_given_an_asterisk_that_is_none_of_ours_then_nobody_is_there(
    pair: tuple[FakeTelephony, FakeTelephony],
) -> None:
    both = Directories(pair)
    assert not both.available("west")
    assert list(both.parties(Alone("west", "1.1"))) == []
