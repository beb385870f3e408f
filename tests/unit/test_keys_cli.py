"""`callcue key`, beside a service that may be running."""

import asyncio
import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.service import OTHER_WORKSPACE, READ_KEY, WORKSPACE, cheap_hash, serving
from fakes.waiting import until
from typer.testing import CliRunner, Result

from callcue.api.keys import digest
from callcue.api.moments import moment_ahead
from callcue.cli import app
from callcue.store.store import Store

SETTINGS = f"""
[asterisk]
secret = "ami-s3cret"
[[users]]
user = "6666"
password_hash = "{cheap_hash("1234")}"
[[workspaces]]
id = "{WORKSPACE}"
name = "sales"
[[workspaces.keys]]
name = "reader"
sha256 = "{digest(READ_KEY)}"
scopes = ["calls:read"]
[[workspaces]]
id = "{OTHER_WORKSPACE}"
name = "support"
[[workspaces]]
id = "cccccccc-0000-4000-8000-000000000001"
name = "twin"
[[workspaces]]
id = "cccccccc-0000-4000-8000-000000000002"
name = "twin"
"""
CRM = ("--workspace", "sales", "--name", "crm", "--scope", "calls:read")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are, and so the store; the command is run elsewhere."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "callcue.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLCUE_SETTINGS", str(tmp_path / "etc" / "callcue.toml"))
    return tmp_path / "etc"


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, ["key", *words])


def _add(*words: str) -> str:
    """The key that was made."""
    result = _run("add", *words)
    assert result.exit_code == 0, result.stderr
    shown = re.fullmatch(r"access key \(shown once\): ([A-Za-z0-9_-]{43})\n", result.stdout)
    assert shown
    return shown[1]


def _keys() -> list[dict[str, Any]]:
    result = _run("list", "--json")
    assert result.exit_code == 0, result.stderr
    # A service in this process logs to what the command line writes to.
    return [json.loads(line) for line in result.stdout.splitlines() if line[:1] == "{"]


def _key(name: str) -> dict[str, Any]:
    (found,) = [row for row in _keys() if row["name"] == name]
    return found


def _complaint(result: Result) -> str:
    """One line, and no traceback."""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("callcue: ")
    return result.stderr


@pytest.mark.usefixtures("folder")
def test_given_a_key_added_with_everything_then_it_is_listed_with_everything() -> None:
    words = ["--workspace", str(OTHER_WORKSPACE).upper(), "--name", "crm.2"]
    words += ["--scope", "playback:write", "--scope", "calls:read", "--expires", "2099-01-31"]
    _add(*words)
    row = _key("crm.2")
    made = datetime.fromisoformat(row.pop("madeAt"))
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)
    assert row == {
        "name": "crm.2",
        "workspace": str(OTHER_WORKSPACE),
        "workspaceName": "support",
        "scopes": ["calls:read", "playback:write"],
        "state": "active",
        "expiresAt": "2099-01-31T00:00:00+00:00",
        "revokedAt": None,
        "lastUsedAt": None,
        "keptIn": "store",
    }
    assert _key("reader")["keptIn"] == "settings"


def test_given_a_key_then_it_is_shown_once_and_the_store_has_its_sha256_alone(
    folder: Path,
) -> None:
    key = _add(*CRM)
    assert key not in _run("list").output + _run("list", "--json").output
    for file in folder.iterdir():
        assert key.encode() not in file.read_bytes()
    with sqlite3.connect(folder / "callcue.db") as connected:
        ((kept,),) = connected.execute("SELECT digest FROM access_keys").fetchall()
    connected.close()
    assert kept == digest(key)
    assert kept not in _run("list", "--json").output


@pytest.mark.usefixtures("folder")
def test_given_two_keys_then_they_differ_and_the_list_is_a_table() -> None:
    assert _add(*CRM) != _add(*CRM[:2], "--name", "b", *CRM[4:])
    title, *lines = _run("list").stdout.splitlines()
    assert re.split(" {2,}", title) == [
        *("name", "workspace", "scopes", "state", "expires", "last used", "kept in")
    ]
    assert [line.split()[0] for line in lines] == ["reader", "b", "crm"]
    assert re.split(" {2,}", lines[2]) == [
        *("crm", "sales", "calls:read", "active", "never", "-", "store")
    ]


@pytest.mark.usefixtures("folder")
def test_given_a_key_revoked_then_it_stays_in_the_list_and_its_name_is_free() -> None:
    _add(*CRM)
    assert _run("revoke", "crm").stdout == "crm is revoked\n"
    assert _key("crm")["state"] == "revoked"
    assert _key("crm")["revokedAt"]
    _add(*CRM)
    assert [row["state"] for row in _keys() if row["name"] == "crm"] == ["revoked", "active"]


def test_given_a_key_that_has_expired_or_lost_its_workspace_then_the_list_says_so(
    folder: Path,
) -> None:
    _add(*CRM, "--expires", "1h")
    _add("--workspace", "support", "--name", "lost", "--scope", "operator")
    with sqlite3.connect(folder / "callcue.db") as file:
        file.execute("UPDATE access_keys SET expires = 1 WHERE name = 'crm'")
    file.close()
    text = (folder / "callcue.toml").read_text()
    (folder / "callcue.toml").write_text(text.replace(str(OTHER_WORKSPACE), "d" * 32))
    assert _key("crm")["state"] == "expired"
    assert (_key("lost")["state"], _key("lost")["workspaceName"]) == ("no workspace", "")
    assert _run("revoke", "lost", "--workspace", str(OTHER_WORKSPACE)).exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["add", *CRM], 1, "the workspace has a key crm already: revoke it first"),
        (
            ["add", *CRM[:2], "--name", "reader", *CRM[4:]],
            1,
            "a key reader already, in the settings file",
        ),
        (["add", *CRM[:2], "--name", "a b", *CRM[4:]], 2, "name: must be 1 to 64 of"),
        (["add", *CRM[:2], "--name", "x", "--scope", "calls:write"], 2, "scope: must be"),
        (["add", "--workspace", "nobody", *CRM[2:]], 2, "the settings have no workspace nobody"),
        (["add", "--workspace", "", *CRM[2:]], 2, "the settings have no workspace"),
        (["add", "--workspace", "twin", *CRM[2:]], 2, "several workspaces are called twin"),
        (
            ["add", "--workspace", "dddddddd-0000-4000-8000-000000000001", *CRM[2:]],
            2,
            "the settings have no workspace dddd",
        ),
        (["add", *CRM[:2], "--name", "x", *CRM[4:], "--expires", "2001-01-01"], 2, "to come"),
        (["add", *CRM[:2], "--name", "x", *CRM[4:], "--expires", "soon"], 2, "expires: must be"),
        (["revoke", "bob"], 1, "there is no key bob in the store that could be revoked"),
        (["revoke", "reader"], 1, "one of that name is in the settings file: remove it there"),
        (["revoke", "crm"], 1, "several workspaces have a key crm: say which by --workspace"),
        (["revoke", "crm", "--workspace", "x"], 2, "the settings have no workspace x"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_given_what_cannot_be_done_then_one_line_says_why(
    words: list[str], code: int, complaint: str
) -> None:
    _add(*CRM)
    _add("--workspace", "support", *CRM[2:])
    before = _keys()
    result = _run(*words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in _complaint(result)
    assert _keys() == before


@pytest.mark.usefixtures("folder")
def test_given_no_scope_no_name_or_no_workspace_then_it_is_no_command() -> None:
    for missing in range(0, len(CRM), 2):
        assert _run("add", *CRM[:missing], *CRM[missing + 2 :]).exit_code == 2


def test_given_no_store_yet_then_the_list_has_the_settings_alone_and_none_is_made(
    folder: Path,
) -> None:
    assert [row["name"] for row in _keys()] == ["reader"]
    assert "there is no key crm" in _complaint(_run("revoke", "crm"))
    assert not (folder / "callcue.db").exists()


@pytest.mark.usefixtures("folder")
def test_given_a_store_in_memory_then_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLCUE_STORE_PATH", ":memory:")
    for words in (["add", *CRM], ["revoke", "crm"], ["list"]):
        result = _run(*words)
        assert result.exit_code == 2
        assert "in the memory of the service" in _complaint(result)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2026-03-01T13:00+01:00", None),
        ("2026-03-01T13:01+01:00", NOW + timedelta(minutes=1)),
        ("30d", NOW + timedelta(days=30)),
        ("0d", None),
        ("999999w", None),
        ("", None),
        ("-1d", None),
    ],
)
def test_given_a_moment_to_come_then_it_is_that_and_never_one_that_is_over(
    text: str, found: datetime | None
) -> None:
    if found is None:
        with pytest.raises(ValueError, match="to come"):
            moment_ahead(text, NOW)
    else:
        assert moment_ahead(text, NOW) == found


async def test_given_a_running_service_then_it_lets_in_what_was_added_and_says_when(
    folder: Path,
) -> None:
    store = Store(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")
    async with serving(store) as service:
        key = await asyncio.to_thread(_add, *CRM)

        async def known() -> bool:
            return store.keys.find(digest(key)) is not None

        async def gone() -> bool:
            return not await known()

        await until(known)
        assert (await service.bird("GET", service.calls_path(), key=key))[0] == 200

        async def told() -> bool:
            return bool((await asyncio.to_thread(_key, "crm"))["lastUsedAt"])

        await until(told)
        assert (await asyncio.to_thread(_run, "revoke", "crm")).exit_code == 0
        await until(gone)
        assert (await service.bird("GET", service.calls_path(), key=key))[0] == 401
