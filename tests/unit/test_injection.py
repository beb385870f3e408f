"""All of callcue but Asterisk: what hostile clients send, and what arrives at the AMI socket."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fake_ami.pbx import FakePbx
from fakes.service import CHANNEL, KEY, PASSWORD, WORKSPACE, settings

from callcue.api.keys import digest
from callcue.app import make_app
from callcue.asterisk.server import AsteriskAddress, AsteriskServer
from callcue.serving import LONGEST_LINE
from callcue.store.ledger import MemoryLedger

AUTHORIZED = {"Authorization": f"AccessKey {KEY}"}
AGENTS = {"1000": "8600051"}

HOSTILE = [
    "x\r\nAction: UserEvent\r\nUserEvent: owned",
    "x\nVariable: CALLCUE_ROOM=1",
    "x\0y",
    "${SHELL(id)}",
    "a,CALLCUE_ROOM=1",
    "'a\"b`c;d",
    "x" * 10_000,
]
EXPECTED_ACTIONS = {
    "Login",
    "Ping",
    "CoreSettings",
    "BridgeList",
    "ConfbridgeListRooms",
    "ConfbridgeList",
    "Status",
    "Originate",
    "Redirect",
    "Hangup",
    "Setvar",
}
SAFE_VALUE = re.compile(r"[A-Za-z0-9_./:@+-]{0,100}")
SAFE_HEADER = re.compile(r"[A-Za-z0-9 _./:@+,()-]{0,400}")

PARAMETERS = ["source", "user", "pass", "agent_user", "function", "value", "stage"]
PARAMETERS += ["dial_override", "alt_user", "close_window_link", "format", "agent_debug"]

Client = TestClient[Any, Any]

OPEN_WORKSPACE = [
    {
        "id": str(WORKSPACE),
        "channels": [{"id": str(CHANNEL)}],
        "keys": [{"name": "k", "sha256": digest(KEY), "scopes": ["calls:read", "playback:write"]}],
    }
]


@asynccontextmanager
async def everything() -> AsyncIterator[tuple[FakePbx, Client, str]]:
    """The app over its real link, the PBX behind it, and the path of a live call's playback."""
    async with FakePbx({"sound": 60_000}) as pbx:
        belief = pbx.ami.belief
        address = AsteriskAddress(
            "main", "127.0.0.1", pbx.ami.port, belief.username, belief.secret, agents=AGENTS
        )
        server = AsteriskServer(address)
        pbx.enter("8600051")
        app = make_app(settings(workspaces=OPEN_WORKSPACE), [server], MemoryLedger())
        http = TestServer(app)
        await http.start_server(max_line_size=LONGEST_LINE)
        async with TestClient(http) as client:
            async with asyncio.timeout(5):
                while not server.readiness().ready:
                    await asyncio.sleep(0.005)
            (call,) = server.directory.calls()
            calls = f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls"
            yield pbx, client, f"{calls}/{call.id}/playback"


def assert_harmless(pbx: FakePbx) -> None:
    """Only our actions came, and in them only what matches a strict pattern."""
    assert pbx.ami.actions
    for action in pbx.ami.actions:
        assert action.name in EXPECTED_ACTIONS
        assert all(SAFE_VALUE.fullmatch(value) for value in action.variables.values())
        assert all(SAFE_HEADER.fullmatch(value.replace("=", ":")) for _, value in action.headers)


@pytest.mark.parametrize("name", PARAMETERS)
async def test_given_hostile_parameters_of_api_php_when_sent_then_none_reaches_ami(
    name: str,
) -> None:
    good = {"source": "test", "user": "6666", "pass": PASSWORD, "agent_user": "1000"}
    good |= {"function": "audio_playback", "value": "sound", "stage": "PLAY", "dial_override": "Y"}
    async with everything() as (pbx, client, _):
        for hostile in HOSTILE:
            async with client.get("/agc/api.php", params={**good, name: hostile}) as response:
                assert response.status == 200
        assert_harmless(pbx)


@pytest.mark.parametrize("field", ["media", "loop", "timeout", "pauseMilliseconds", "other"])
async def test_given_hostile_fields_of_birds_body_when_sent_then_none_reaches_ami(
    field: str,
) -> None:
    async with everything() as (pbx, client, playback):
        for hostile in HOSTILE:
            value: Any = [f"sound:{hostile}"] if field == "media" else hostile
            body = {"media": ["sound:sound"], field: value}
            async with client.post(playback, json=body, headers=AUTHORIZED) as response:
                assert response.status == 422
                assert (await response.json())["code"] == "invalid_request"
        assert_harmless(pbx)


async def test_given_hostile_paths_and_bodies_of_verbs_when_sent_then_none_reaches_ami() -> None:
    async with everything() as (pbx, client, playback):
        for hostile in HOSTILE:
            place = quote(hostile[:2000], safe="")
            for path in (f"{playback}/{place}", playback.replace(str(CHANNEL), place)):
                async with client.post(path, json={}, headers=AUTHORIZED) as response:
                    assert response.status in (404, 405)
            bad = {"positionMilliseconds": hostile}
            async with client.post(f"{playback}/seek", json=bad, headers=AUTHORIZED) as response:
                assert response.status == 422
        assert_harmless(pbx)
