"""`callcue user` and `callcue log`, beside a service that may be running."""

import asyncio
import json
import os
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fakes.answers import NOW, answered
from fakes.folders import close
from fakes.service import cheap_hash, serving
from typer.testing import CliRunner, Result

from callcue.api.lockout import Lockout
from callcue.api.vicidial.record import Answered
from callcue.cli import app
from callcue.store.database import Database
from callcue.store.schema import STATE, VERSION
from callcue.store.store import Store

SETTINGS = f"""
[asterisk]
secret = "ami-s3cret"
[[users]]
user = "6666"
password_hash = "{cheap_hash("1234")}"
"""
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are, and so the store; the command is run elsewhere."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "callcue.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLCUE_SETTINGS", str(tmp_path / "etc" / "callcue.toml"))
    return tmp_path / "etc"


def _run(*words: str, password: str | None = None) -> Result:
    return CliRunner().invoke(app, words, input=password and f"{password}\n")


def _users() -> dict[str, Any]:
    result = _run("user", "list", "--json")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return {row["user"]: row for row in rows}


def _complaint(result: Result) -> str:
    """One line, and no traceback."""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("callcue: ")
    return result.stderr


def test_given_a_user_added_with_everything_then_it_is_listed_with_everything(
    folder: Path,
) -> None:
    options = ["--level", "7", "--group", "SALES", "--functions", "audio_playback version"]
    options += ["--alt-user", "crm1", "--audience", "agent"]
    options += ["--address", "10.0.0.0/8", "--address", "192.168.1.5"]
    result = _run("user", "add", "ann", *options, password="s3cret-Pass")
    assert (result.exit_code, result.stdout) == (0, "ann is added\n")
    assert _users()["ann"] == {
        "user": "ann",
        "active": True,
        "level": 7,
        "group": "SALES",
        "functions": ["audio_playback", "version"],
        "altUser": "crm1",
        "audience": "agent",
        "addresses": ["10.0.0.0/8", "192.168.1.5/32"],
        "keptIn": "store",
    }
    assert _users()["6666"]["keptIn"] == "settings"
    assert (folder / "callcue.db").exists()


@pytest.mark.usefixtures("folder")
def test_given_a_list_then_it_is_a_table() -> None:
    assert _run("user", "add", "ann", password="s3cret").exit_code == 0
    lines = _run("user", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["user", "6666", "ann"]
    assert not any("argon2" in line for line in lines)


def test_given_no_store_yet_then_the_list_has_the_settings_alone(folder: Path) -> None:
    assert list(_users()) == ["6666"]
    assert not (folder / "callcue.db").exists()


def test_given_enable_disable_and_passwd_then_the_store_has_it(folder: Path) -> None:
    _run("user", "add", "ann", password="s3cret")
    assert _run("user", "disable", "ann").stdout == "ann is disabled\n"
    assert not _users()["ann"]["active"]
    assert _run("user", "enable", "ann").stdout == "ann is enabled\n"
    assert _users()["ann"]["active"]
    result = _run("user", "passwd", "ann", password="another")
    assert (result.exit_code, result.stdout) == (0, "ann has another password\n")
    with sqlite3.connect(folder / "callcue.db") as file:
        (encoded,) = file.execute("SELECT password_hash FROM api_users").fetchone()
    file.close()
    assert PasswordHasher().verify(encoded, "another")


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["add", "6666"], 1, "6666 is in the settings file, which goes before the store"),
        (["add", "ann"], 1, "there is a user ann already"),
        (["add", "a b"], 2, "user: "),
        (["add", "bob", "--level", "10"], 2, "level: "),
        (["add", "bob", "--audience", "all"], 2, "audience: "),
        (["add", "bob", "--address", "x"], 2, "addresses: "),
        (["disable", "bob"], 1, "there is no user bob in the store"),
        (["enable", "bob"], 1, "there is no user bob in the store"),
        (["passwd", "bob"], 1, "there is no user bob in the store"),
        (["disable", "6666"], 1, "6666 is in the settings file: change it there"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_given_what_cannot_be_done_then_one_line_says_why(
    words: list[str], code: int, complaint: str
) -> None:
    _run("user", "add", "ann", password="s3cret")
    before = _users()
    result = _run("user", *words, password="another")
    assert result.exit_code == code
    assert complaint in _complaint(result)
    assert _users() == before


@pytest.mark.parametrize("password", ["", "x", "with blank", "ümlaut"])
@pytest.mark.usefixtures("folder")
def test_given_a_password_that_api_php_would_change_then_it_is_refused(password: str) -> None:
    for words in (["add", "ann"], ["passwd", "ann"]):
        result = _run("user", *words, password=password)
        assert result.exit_code == 2
        assert "letters, digits" in _complaint(result)
    assert list(_users()) == ["6666"]


@pytest.mark.usefixtures("folder")
def test_given_a_password_as_an_argument_then_it_is_no_command() -> None:
    assert _run("user", "add", "ann", "s3cret").exit_code == 2
    assert _run("user", "passwd", "ann", "--password", "s3cret").exit_code == 2


@pytest.mark.parametrize(
    ("path", "code", "complaint"),
    [
        (":memory:", 2, "in the memory of the service"),
        ("no-folder/x.db", 1, "cannot be made: No such file"),
        ("text", 1, "file is not a database"),
    ],
)
def test_given_a_store_that_cannot_be_had_then_one_line_says_why(
    folder: Path, monkeypatch: pytest.MonkeyPatch, path: str, code: int, complaint: str
) -> None:
    (folder / "text").write_text("no database " * 1000)
    monkeypatch.setenv("CALLCUE_STORE_PATH", path)
    result = _run("user", "add", "ann", password="s3cret")
    assert result.exit_code == code
    assert complaint in _complaint(result)


@pytest.mark.parametrize(
    "words",
    [
        ["user", "list"],
        ["user", "add", "bob"],
        ["user", "disable", "ann"],
        ["user", "passwd", "ann"],
        ["log"],
    ],
)
def test_given_a_folder_that_may_not_be_entered_then_one_line_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    (folder / "closed").mkdir()
    monkeypatch.setenv("CALLCUE_STORE_PATH", "closed/callcue.db")
    assert _run("user", "add", "ann", password="s3cret").exit_code == 0
    close(monkeypatch, folder / "closed")
    result = _run(*words, password="another")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be reached: Permission denied" in _complaint(result)


def test_given_a_store_of_a_newer_callcue_then_it_is_left_alone(folder: Path) -> None:
    _run("user", "add", "ann", password="s3cret")
    with sqlite3.connect(folder / "callcue.db") as file:
        file.execute(f"UPDATE {STATE.name} SET version = {VERSION + 1}")
    file.close()
    result = _run("user", "disable", "ann")
    assert result.exit_code == 1
    assert "a newer callcue made it" in _complaint(result)


def test_given_no_usable_settings_then_exit_code_2(
    folder: Path,
) -> None:
    (folder / "callcue.toml").write_text("[asterisk]\n")
    for words in (["user", "list"], ["user", "disable", "x"], ["log"]):
        assert _run(*words).exit_code == 2


def _answered(number: int, **more: Any) -> Answered:
    numbered = {
        "value": f"clip{number}",
        "reason": f"SUCCESS: audio_playback function sent - clip{number}|PLAY|1000",
    }
    return answered(**{**numbered, **more})


async def _write(folder: Path, *answers: Answered) -> None:
    store = Store(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")
    await store.start(Lockout())
    for one in answers:
        store.answers.wrote(one)
    await store.stop()


def _log(*options: str) -> list[dict[str, Any]]:
    result = _run("log", "--json", *options)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_given_answers_then_the_log_is_a_table_with_the_newest_last(folder: Path) -> None:
    missing = "ERROR: audio_playback error - audio file not found - a|PLAY|1000"
    login = "ERROR: Invalid Username/Password: |6666||0|0|BAD|"
    answers = [
        _answered(1),
        _answered(2, result="ERROR", reason=missing, value="a-very-long-name-of-a-clip"),
        _answered(3, result="ERROR", reason=login, stage="", value="", function="version"),
        _answered(4, stage="\x1b[31mred\nline", user="u" * 50),
    ]
    asyncio.run(_write(folder, *answers))
    result = _run("log")
    assert result.exit_code == 0
    title, *lines = result.stdout.splitlines()
    assert title.split() == ["at", "(UTC)", "user", "agent", "asked", "result", "ms", "said"]
    assert len(lines) == 4
    assert all(len(line) <= 100 and line.isprintable() for line in lines)
    assert lines[0].startswith(f"{answers[0].at:%Y-%m-%d %H:%M:%S} 6666       1000     PLAY clip1")
    assert lines[0].endswith("SUCCESS 12    function sent")
    assert "PLAY a-very-long-name…" in lines[1]
    assert lines[1].endswith("audio file not found")
    assert " version " in lines[2]
    assert "?[31mred?line" in lines[3]


def test_given_a_page_that_was_passed_on_then_the_log_shows_its_path_and_its_status(
    folder: Path,
) -> None:
    page = _answered(
        1, function="/agc/vicidial.php", stage="GET", value="", result="200", reason="passed on"
    )
    asyncio.run(_write(folder, _answered(1), page))
    *_, line = _run("log").stdout.splitlines()
    assert line.endswith("1000     /agc/vicidial.php GET  200     12    passed on")
    (row,) = _log("--function", "/agc/vicidial.php")
    assert (row["stage"], row["result"]) == ("GET", "200")


def test_given_filters_then_only_those_and_the_newest_last(folder: Path) -> None:
    answers = [
        _answered(1),
        _answered(2, user="bob", agent="2000"),
        _answered(3, result="ERROR", function="version"),
        _answered(4, at=NOW - timedelta(days=2)),
    ]
    asyncio.run(_write(folder, *answers))
    assert [row["value"] for row in _log()] == ["clip1", "clip2", "clip3", "clip4"]
    assert [row["value"] for row in _log("--limit", "2")] == ["clip3", "clip4"]
    assert [row["value"] for row in _log("--user", "bob")] == ["clip2"]
    assert [row["value"] for row in _log("--agent", "2000")] == ["clip2"]
    assert [row["value"] for row in _log("--function", "version")] == ["clip3"]
    assert [row["value"] for row in _log("--result", "error")] == ["clip3"]
    assert [row["value"] for row in _log("--since", "1d")] == ["clip1", "clip2", "clip3"]


@pytest.mark.parametrize("option", [["--since", "soon"], ["--limit", "0"], ["--who", "x"]])
def test_given_an_option_that_cannot_be_then_exit_code_2(folder: Path, option: list[str]) -> None:
    asyncio.run(_write(folder))
    assert _run("log", *option).exit_code == 2


def test_given_no_store_then_the_log_says_so_and_makes_none(folder: Path) -> None:
    result = _run("log")
    assert result.exit_code == 1
    assert "there is no " in _complaint(result)
    assert not (folder / "callcue.db").exists()


async def test_given_the_real_command_then_a_running_service_lets_in_whom_it_added(
    folder: Path,
) -> None:
    store = Store(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")
    async with serving(store) as service:
        code, said = await _process("user", "add", "ann", password=b"s3cret-Pass")
        assert (code, said) == (0, b"ann is added\n")
        async with asyncio.timeout(5):
            while await store.users.find("ann") is None:
                await asyncio.sleep(0.02)
        assert "SUCCESS" in await service.play(user="ann", **{"pass": "s3cret-Pass"})
        store.answers.wrote(_answered(1))
        await store.answers.write()
        code, said = await _process("log", "--json")
        assert (code, json.loads(said.splitlines()[-1])["value"]) == (0, "clip1")


async def _process(*words: str, password: bytes = b"") -> tuple[int | None, bytes]:
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(SOURCE),
        "CALLCUE_SETTINGS": os.environ["CALLCUE_SETTINGS"],
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcue", *words),
        env=environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate(password + b"\n")
    return process.returncode, said


async def test_given_somebody_who_writes_for_long_then_the_command_says_locked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _write(folder)
    monkeypatch.setattr("callcue.store.database.BUSY_SECONDS", 0.1)
    database = Database(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")
    async with database.writing():
        result = await asyncio.to_thread(_run, "user", "disable", "ann")
    await database.close()
    assert result.exit_code == 1
    assert "locked" in _complaint(result)
