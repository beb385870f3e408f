"""`callcue webhook`, beside a service that may be running."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fakes.deliveries import DIED, die_for, wait_for
from fakes.service import OTHER_WORKSPACE, WORKSPACE, resolve, serving
from typer.testing import CliRunner, Result

from callcue.cli import app
from callcue.events.signing_secret import is_secret, new_secret
from callcue.events.webhook_book import MOST_WEBHOOKS
from callcue.outward.resolver import SystemResolver
from callcue.store.database import Database
from callcue.store.store import Store

SETTINGS = f"""
[asterisk]
secret = "ami-s3cret"
[webhooks]
allow = ["inside.example.com"]
[[workspaces]]
id = "{WORKSPACE}"
name = "sales"
[[workspaces]]
id = "{OTHER_WORKSPACE}"
name = "support"
"""
URL = "https://hooks.example.com/callcue"
SALES = ("--workspace", "sales", "--url", URL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are, and so the store; the command is run elsewhere."""

    async def known(_: SystemResolver, host: str, port: int) -> Sequence[str]:
        return await resolve(host, port)

    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "callcue.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLCUE_SETTINGS", str(tmp_path / "etc" / "callcue.toml"))
    monkeypatch.setattr(SystemResolver, "__call__", known)
    return tmp_path / "etc"


def _run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["webhook", *words], input=stdin)


def _add(*words: str) -> tuple[str, str]:
    """The id, and the secret that was made."""
    result = _run("add", *words)
    assert result.exit_code == 0, result.stderr
    shown = re.fullmatch(r"webhook: (\S{36})\nsecret \(shown once\): (\S+)\n", result.stdout)
    assert shown
    assert is_secret(shown[2])
    return shown[1], shown[2]


def _list(*words: str, command: str = "list") -> list[dict[str, Any]]:
    result = _run(command, *words, "--json")
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def _secrets(folder: Path) -> list[str]:
    """Those of the only webhook, the newest first."""
    with closing(sqlite3.connect(folder / "callcue.db")) as file:
        ((found,),) = file.execute("SELECT secrets FROM webhooks").fetchall()
    return [one["secret"] for one in json.loads(found)]


def _complaint(result: Result) -> str:
    """One line, and no traceback."""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("callcue: ")
    return result.stderr


def _dies(folder: Path, webhook: str, *events: int) -> None:
    async def work() -> None:
        database = Database(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")
        await database.open()
        for event in events:
            await die_for(database, UUID(webhook), event)
        await wait_for(database, UUID(webhook), 1)
        await database.close()

    asyncio.run(work())


def test_given_a_webhook_added_then_it_is_listed_and_its_secret_is_shown_once(
    folder: Path,
) -> None:
    webhook, secret = _add(*SALES, "--type", "started", "--type", "failed")
    other, _ = _add("--workspace", str(OTHER_WORKSPACE).upper(), "--url", URL + "?b")
    assert [one["id"] for one in _list()] == [webhook, other]
    (row,) = _list("--workspace", "sales")
    assert row.pop("createdAt")
    assert row == {
        "id": webhook,
        "workspace": str(WORKSPACE),
        "workspaceName": "sales",
        "url": URL,
        "types": ["failed", "started"],
        "secrets": [{"until": None}],
        "waiting": 0,
        "dead": 0,
        "lastFailure": None,
    }
    _run("remove", other)
    assert _secrets(folder) == [secret]
    assert secret not in _run("list").output + _run("list", "--json").output


def test_given_a_file_with_a_secret_then_it_is_that_one_and_is_not_shown(folder: Path) -> None:
    secret, newer = new_secret(), new_secret()
    (folder / "secret").write_text(f"{secret}\n")
    result = _run("add", *SALES, "--secret-file", str(folder / "secret"))
    assert re.fullmatch(r"webhook: \S{36}\n", result.stdout)
    assert _secrets(folder) == [secret]
    (row,) = _list()
    rotated = _run("rotate", row["id"], "--secret-file", "-", stdin=newer)
    assert rotated.stdout == f"{row['id']} has another secret\n"
    assert _secrets(folder) == [newer, secret]


def test_given_another_secret_then_the_older_one_signs_along_or_ends_at_once(
    folder: Path,
) -> None:
    webhook, first = _add(*SALES)
    assert _run("rotate", webhook).exit_code == 0
    assert len(_list()[0]["secrets"]) == 2
    assert _run("rotate", webhook, "--overlap-hours", "1").exit_code == 0
    assert "3 secrets sign" in _complaint(_run("rotate", webhook))
    assert _secrets(folder)[2] == first
    shown = re.search(r"whsec_\S+", _run("rotate", webhook, "--overlap-hours", "0").stdout)
    assert shown
    assert _secrets(folder) == [shown[0]]


def test_given_events_that_were_not_taken_then_they_are_listed_and_sent_once_more(
    folder: Path,
) -> None:
    webhook, _ = _add(*SALES)
    _dies(folder, webhook, 9, 10, 11)
    (row,) = _list()
    assert (row["waiting"], row["dead"]) == (1, 3)
    at = datetime.fromtimestamp(DIED + 11, UTC).isoformat(timespec="milliseconds")
    assert row["lastFailure"] == {"at": at, "failure": "answers 5011"}
    found = _list(webhook, "--after", "9", "--limit", "1", command="dead")
    assert [one["event"]["id"] for one in found] == ["10"]
    assert found[0]["failure"] == "answers 5010"
    title, *lines = _run("dead", webhook).stdout.splitlines()
    assert re.split(" {2,}", title) == [
        *("event", "type", "playback", "attempts", "dead since", "failure")
    ]
    assert [line.split()[0] for line in lines] == ["9", "10", "11"]
    assert _run("replay", webhook, "--event", "9", "--event", "1").stdout == "sent once more: 1\n"
    assert _run("replay", webhook).stdout == "sent once more: 2\n"
    assert _list(webhook, command="dead") == []


@pytest.mark.usefixtures("folder")
def test_given_webhooks_then_the_list_is_a_table() -> None:
    webhook, _ = _add(*SALES)
    title, line = _run("list").stdout.splitlines()
    assert re.split(" {2,}", title) == [
        *("id", "workspace", "types", "secrets", "waiting", "dead", "url", "last failure")
    ]
    assert re.split(" {2,}", line) == [webhook, "sales", "all", "1", "0", "0", URL, "-"]


@pytest.mark.usefixtures("folder")
def test_given_a_host_that_is_allowed_then_it_may_be_inside_and_without_tls() -> None:
    _add("--workspace", "sales", "--url", "http://inside.example.com/")


NOBODY = "dddddddd-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["add", "--workspace", "nobody", "--url", URL], 2, "no workspace nobody"),
        (["add", *SALES[:3], "http://hooks.example.com/"], 2, "is to be reached by https:"),
        (["add", *SALES[:3], "https://10.0.0.1/"], 2, "url: refused address: "),
        (["add", *SALES[:3], "https://u:p@hooks.example.com/"], 2, "url: invalid url: "),
        (["add", *SALES[:3], f"{URL}/{'a' * 2000}"], 2, "url: must have 2000 characters at most"),
        (["add", *SALES, "--secret-file", "nowhere"], 1, "nowhere cannot be read: No such file"),
        (["add", *SALES, "--secret-file", "-"], 2, "secret: must be whsec_"),
        (["list", "--workspace", "nobody"], 2, "no workspace nobody"),
        (["remove", NOBODY], 1, f"there is no webhook {NOBODY} in the store"),
        (["rotate", NOBODY], 1, "there is no webhook"),
        (["rotate", NOBODY, "--secret-file", "-"], 2, "secret: must be whsec_"),
        (["dead", NOBODY], 1, "there is no webhook"),
        (["replay", NOBODY], 1, "there is no webhook"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_given_what_cannot_be_done_then_one_line_says_why(
    words: list[str], code: int, complaint: str
) -> None:
    _add(*SALES)
    before = _list()
    result = _run(*words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in _complaint(result)
    assert _list() == before


@pytest.mark.usefixtures("folder")
def test_given_what_is_no_id_no_type_or_no_number_of_hours_then_it_is_no_command() -> None:
    for words in (
        ["remove", "x"],
        ["add", *SALES, "--type", "begun"],
        ["add", *SALES[2:]],
        ["add", *SALES[:2]],
        ["rotate", NOBODY, "--overlap-hours", "169"],
        ["replay", NOBODY, "--event", "x"],
    ):
        assert _run(*words).exit_code == 2


@pytest.mark.usefixtures("folder")
def test_given_as_many_as_may_be_then_one_more_is_refused() -> None:
    for _ in range(MOST_WEBHOOKS):
        _add(*SALES)
    result = _run("add", *SALES)
    assert result.exit_code == 1
    assert "has 20 webhooks" in _complaint(result)


def test_given_no_store_yet_then_the_list_is_empty_and_none_is_made(folder: Path) -> None:
    assert _list() == []
    for words in (["remove", NOBODY], ["rotate", NOBODY], ["dead", NOBODY], ["replay", NOBODY]):
        assert "there is no webhook" in _complaint(_run(*words))
    assert not (folder / "callcue.db").exists()


def test_given_a_store_that_is_none_then_one_line_says_so(folder: Path) -> None:
    (folder / "callcue.db").write_text("no database " * 1000)
    for words in (["list"], ["add", *SALES], ["remove", NOBODY]):
        result = _run(*words)
        assert result.exit_code == 1
        assert "the store cannot be used" in _complaint(result)


@pytest.mark.usefixtures("folder")
def test_given_a_store_in_memory_then_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLCUE_STORE_PATH", ":memory:")
    for words in (["add", *SALES], ["remove", str(uuid4())], ["list"]):
        result = _run(*words)
        assert result.exit_code == 2
        assert "in the memory of the service" in _complaint(result)


async def test_given_a_running_service_then_it_shows_what_was_added(folder: Path) -> None:
    async with serving(Store(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")) as service:
        webhook, _ = await asyncio.to_thread(_add, *SALES)
        _, found = await service.bird("GET", f"/workspaces/{WORKSPACE}/webhooks")
        assert [one["id"] for one in found["results"]] == [webhook]
        assert (await asyncio.to_thread(_run, "remove", webhook)).exit_code == 0
        _, found = await service.bird("GET", f"/workspaces/{WORKSPACE}/webhooks")
        assert found["results"] == []
