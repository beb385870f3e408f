"""Settings that are read again: what is taken over while calls go on, and what is not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.service import CHANNEL, HOST, KEY, ROOM, WORKSPACE, Service, cheap_hash, serving

from callcue.api.keys import digest
from callcue.core.playback import Playback
from callcue.core.types import EndReason
from callcue.reloading import RELOADED
from callcue.settings import Settings, SettingsError

EAST_HOST = "10.10.10.16"
MAIN = {"name": "main", "host": HOST, "secret": "ami-s3cret"}
EAST = {"name": "east", "host": EAST_HOST, "secret": "ami-s3cret"}
SUCCESS = "SUCCESS: audio_playback function sent - "
MANUAL = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest_asyncio.fixture
async def alone() -> AsyncIterator[Service]:
    """One Asterisk."""
    async with serving(asterisk=[MAIN]) as service:
        yield service


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Service]:
    """Two, with agent 2000 in a room of the second one."""
    async with serving(asterisk=[MAIN, EAST]) as service:
        _seat_east(service)
        yield service


def _seat_east(service: Service) -> None:
    directory = service.servers[1].directory
    directory.enter(ROOM, "PJSIP/agent-0003", agent="2000")
    directory.enter(ROOM, "PJSIP/customer-0004")


async def _both_play(service: Service) -> tuple[Playback, Playback]:
    assert (await service.play()).startswith(SUCCESS)
    assert (await service.play(agent_user="2000")).startswith(SUCCESS)
    (main,), (east,) = (server.player.started for server in service.servers)
    return main, east


# ---- Asterisks come, go and change --------------------------------------------------------------


async def test_given_a_clip_that_plays_when_an_asterisk_is_added_then_both_are_commanded(
    alone: Service,
) -> None:
    await alone.play()
    reloaded = await alone.reload(asterisk=[MAIN, EAST])
    assert reloaded.lines == ("asterisk east is added",)
    _seat_east(alone)
    assert await alone.play(agent_user="2000") == f"{SUCCESS}ss-noservice|PLAY|2000\n"
    assert await alone.vicidial(stage="PAUSE") == f"{SUCCESS}|PAUSE|1000\n"
    assert alone.servers[0].moves == []
    assert all(server.running for server in alone.servers)
    async with alone.client.get("/health/ready") as response:
        assert (await response.json())["asterisk"].keys() == {"main", "east"}
    _, body = await alone.bird("GET", alone.calls_path())
    assert {call["server"] for call in body["results"]} == {"main", "east"}


async def test_given_clips_on_both_when_one_asterisk_is_removed_then_its_own_plays_on_unwatched(
    pair: Service,
) -> None:
    main, east = await _both_play(pair)
    reloaded = await pair.reload(asterisk=[MAIN])
    assert reloaded.lines == (
        "asterisk east is removed; 1 playing there play to their end, without callcue",
    )
    assert pair.ledger.ends == [east]
    assert (east.reason, east.detail) == (
        EndReason.FAILED,
        "its Asterisk was taken out of the settings; what plays there plays to its end",
    )
    assert pair.servers[1].player.taken == [("start", east.id)]
    assert not pair.servers[1].running
    assert not main.ended
    assert await pair.vicidial(stage="PAUSE") == f"{SUCCESS}|PAUSE|1000\n"
    assert "not logged in" in await pair.play(agent_user="2000")


async def test_given_a_removed_asterisk_when_added_again_then_its_rooms_are_played_to(
    pair: Service,
) -> None:
    await _both_play(pair)
    await pair.reload(asterisk=[MAIN])
    await pair.reload(asterisk=[MAIN, EAST])
    pair.servers[2].directory.enter(ROOM, "PJSIP/agent-0005", agent="2000")
    assert await pair.play(agent_user="2000") == f"{SUCCESS}ss-noservice|PLAY|2000\n"


async def test_given_another_address_when_reloaded_then_that_one_alone_is_connected_anew(
    pair: Service,
) -> None:
    main, east = await _both_play(pair)
    reloaded = await pair.reload(asterisk=[MAIN, {**EAST, "secret": "another"}])
    assert reloaded.lines == ("asterisk east has changed, and is connected anew",)
    assert pair.servers[0].moves == []
    (moved,) = pair.servers[1].moves
    assert (moved.host, moved.secret) == (EAST_HOST, "another")
    assert not main.ended
    assert not east.ended


async def test_given_agents_of_the_settings_when_reloaded_then_they_are_seated(
    alone: Service,
) -> None:
    reloaded = await alone.reload(asterisk=[MAIN], agents={"3000": ROOM})
    assert reloaded.lines == ("[agents] is in force",)
    assert alone.servers[0].seats == {"3000": ROOM}


# ---- who may ------------------------------------------------------------------------------------


async def test_given_other_users_and_keys_when_reloaded_then_they_alone_may(alone: Service) -> None:
    new_key = {"name": "new", "sha256": digest("new-key"), "scopes": ["calls:read"]}
    workspace = {"id": str(WORKSPACE), "channels": [{"id": str(CHANNEL)}], "keys": [new_key]}
    users = [{"user": "8888", "password_hash": cheap_hash("another-Pass")}]
    reloaded = await alone.reload(asterisk=[MAIN], users=users, workspaces=[workspace])
    assert reloaded.lines == ("[users] is in force", "[workspaces] is in force")
    assert (await alone.bird("GET", alone.calls_path(), key="new-key"))[0] == 200
    assert (await alone.bird("GET", alone.calls_path(), key=KEY))[0] == 401
    assert "BAD" in await alone.play()
    right = {"user": "8888", "pass": "another-Pass"}
    assert (await alone.play(**right)).startswith(SUCCESS)


# ---- what is refused, and what waits for a restart ----------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"tls": True, "tls_ca": "/nowhere/ca.pem"},
        {"media_url": "http://10.10.10.5:8080"},
    ],
)
async def test_given_one_mistake_when_reloaded_then_nothing_of_it_is_in_force(
    alone: Service, fault: dict[str, Any]
) -> None:
    await alone.play()
    with pytest.raises(SettingsError):
        await alone.reload(asterisk=[MAIN, {**EAST, **fault}], users=[])
    assert (await alone.vicidial(stage="PAUSE")).startswith(SUCCESS)
    assert not any(server.running for server in alone.servers[1:])
    async with alone.client.get("/health/ready") as response:
        assert (await response.json())["asterisk"].keys() == {"main"}
    assert (await alone.reload(asterisk=[MAIN])).lines == ("nothing has changed",)


async def test_given_what_needs_a_restart_when_reloaded_then_it_says_so_each_time(
    alone: Service,
) -> None:
    changes: dict[str, Any] = {
        "asterisk": [{**MAIN, "media_folder": "clips"}],
        "http": {"port": 9090},
        "playback": {"hold_seconds": 60},
        "agents": {"3000": ROOM},
    }
    stays = "[http], [playback], media_folder of asterisk main"
    told = f"needs a restart, and stays as it was: {stays}"
    assert (await alone.reload(**changes)).lines == ("[agents] is in force", told)
    assert (await alone.reload(**changes)).lines == (told,)
    assert alone.servers[0].moves == []


def test_given_the_manual_then_it_says_of_every_table_whether_it_is_reloaded() -> None:
    section = MANUAL.read_text().partition("## Reading them again")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    said = {row[1].strip(" `[]"): row[2].strip() for row in rows}
    assert said.keys() == Settings.model_fields.keys()
    assert {name for name, how in said.items() if how == "reload"} == RELOADED
    assert set(said.values()) == {"reload", "restart"}
