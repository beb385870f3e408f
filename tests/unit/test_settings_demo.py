"""The demonstration mode: off by default; what it prints works when it is pasted."""

import asyncio
import shlex
from pathlib import Path
from typing import Any

import pytest
from fakes.directory import FakeDirectory
from fakes.service import Service, serving, settings
from fakes.telephony import FakeReadiness, FakeTelephony

from callcue import demo

CREDENTIALS = {"user": demo.USER, "pass": demo.PASSWORD}


async def test_given_no_demo_then_its_credentials_open_nothing() -> None:
    async with serving() as service:
        assert "|BAD|" in await service.play(**CREDENTIALS)
        status, _ = await service.bird("GET", service.calls_path(), key=demo.ACCESS_KEY)
        assert status == 401


async def test_given_no_users_and_no_keys_then_nobody_is_answered() -> None:
    async with serving(users=[], workspaces=[]) as service:
        assert "|BAD|" in await service.play()
        assert (await service.bird("GET", service.calls_path()))[0] == 401


def _demo_settings() -> dict[str, Any]:
    made = demo.with_demo_credentials(settings(users=[], workspaces=[]))
    return {"users": made.users, "workspaces": made.workspaces}


def test_given_the_demo_then_no_credential_is_kept_in_plain() -> None:
    made = demo.with_demo_credentials(settings())
    kept = [user.password_hash.get_secret_value() for user in made.users]
    kept += [k.sha256.get_secret_value() for w in made.workspaces for k in w.keys]
    assert not any(word in (demo.PASSWORD, demo.ACCESS_KEY) for word in kept)
    assert len(made.users) == len(settings().users)


async def test_given_the_printed_commands_then_each_works_as_it_stands() -> None:
    async with serving(**_demo_settings()) as service:
        base = "http://127.0.0.1:8080"
        lines = list(demo.invitation(base, service.telephony.directory, "Asterisk"))
        commands = [line for line in lines if line.startswith("curl ")]
        assert commands[0] == (
            "curl 'http://127.0.0.1:8080/agc/api.php?source=test&user=6666&pass=1234"
            "&agent_user=1000&function=audio_playback&value=ss-noservice&stage=PLAY'"
        )
        assert len(commands) == 13
        for command in commands:
            assert await _paste(service, command) in (200, 202), command


async def _paste(service: Service, command: str) -> int:
    """Do what curl would."""
    words = shlex.split(command)[1:]
    headers, data, method, url = {}, None, None, ""
    while words:
        match words.pop(0):
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                data = words.pop(0)
            case "-X":
                method = words.pop(0)
            case address:
                url = address.removeprefix("http://127.0.0.1:8080")
    method = method or ("POST" if data else "GET")
    async with service.client.request(method, url, headers=headers, data=data) as response:
        text = await response.text()
        assert "ERROR" not in text, text
        if data:
            await next(iter(service.ledger.playbacks.values())).settled()
        return response.status


def test_given_agents_then_the_customer_beside_agent_1000_is_chosen() -> None:
    directory = FakeDirectory()
    directory.enter("8600066", "PJSIP/z-1", agent="6666")
    directory.enter("8600051", "PJSIP/a-2", agent="1000")
    customer = directory.enter("8600051", "PJSIP/c-3")
    assert demo.choose(directory) == ("1000", customer)


def test_given_no_call_then_it_says_so_and_still_prints_the_rest() -> None:
    text = "\n".join(demo.invitation("http://x", FakeDirectory(), "Asterisk"))
    assert "no call is live yet" in text
    assert "no agent is in a room yet" in text
    assert "agent_user=1000" in text


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("fe80::1", "http://[fe80::1]:8080"),
        ("pbx.local", "http://pbx.local:8080"),
    ],
)
def test_given_where_we_listen_then_the_url_works_from_here(host: str, url: str) -> None:
    assert demo.base_url(host, 8080) == url


async def test_given_one_asterisk_of_two_then_any_is_waited_for_and_all_only_so_long() -> None:
    away = FakeTelephony(state=FakeReadiness(False, "down", "connection refused"))
    both = (away, FakeTelephony())
    async with asyncio.timeout(1):
        await demo.until_ready(both, any, float("inf"))
        await demo.until_ready(both, all, 0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await demo.until_ready(both, all, float("inf"))


def test_given_the_repository_then_no_settings_file_turns_the_demo_on() -> None:
    root = Path(__file__).parents[2]
    assert not (root / "callcue.toml").exists()
