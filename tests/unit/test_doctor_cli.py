"""What `callcue doctor` prints, and its exit codes."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callcue import app_doctor, logs
from callcue.asterisk.doctor.finding import Finding, mend, not_checked, ok
from callcue.cli import app
from callcue.settings import Settings
from callcue.settings.tables import Asterisk

RUNNER = CliRunner()
GOOD = ok("login", "as callcue")
BAD = mend("read=user", "no reports come", "add user to read=")
UNKNOWN = not_checked("clock", "no reports come")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # For a process of its own; in this one others have lines to log, too.
    monkeypatch.setattr(logs, "configure", lambda _: None)
    file = tmp_path / "callcue.toml"
    tables = [f'[[asterisk]]\nname = "{name}"\nsecret = "s3cret"' for name in ("main", "east")]
    file.write_text("\n".join(tables))
    return file


def found(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    async def examine_all(
        _: Settings, chosen: Sequence[Asterisk]
    ) -> dict[str, tuple[Finding, ...]]:
        return {asterisk.name: findings for asterisk in chosen}

    monkeypatch.setattr(app_doctor, "examine_all", examine_all)


@pytest.mark.parametrize(
    ("findings", "code", "last"),
    [
        ((GOOD,), 0, "all well"),
        ((GOOD, UNKNOWN), 2, "some could not be checked"),
        ((GOOD, BAD, UNKNOWN), 1, "1 to mend"),
    ],
)
def test_given_findings_then_exit_code_and_last_line_say_what_they_come_to(
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    findings: tuple[Finding, ...],
    code: int,
    last: str,
) -> None:
    found(monkeypatch, *findings)
    result = RUNNER.invoke(app, ["doctor", "main", "--settings", str(file)])
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (code, last)


def test_given_a_terminal_then_one_aligned_line_a_check_and_below_it_what_to_do(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    found(monkeypatch, GOOD, BAD, UNKNOWN)
    result = RUNNER.invoke(app, ["doctor", "--settings", str(file)])
    one = [
        "  login      ok           as callcue",
        "  read=user  mend         no reports come",
        "                          add user to read=",
        "  clock      not checked  no reports come",
    ]
    assert result.stdout.splitlines() == [
        "settings     ok           they can be used",
        "main (127.0.0.1 port 5038)",
        *one,
        "east (127.0.0.1 port 5038)",
        *one,
        "2 to mend",
    ]


def test_given_json_then_a_program_can_read_it(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    found(monkeypatch, BAD)
    result = RUNNER.invoke(app, ["doctor", "east", "--json", "--settings", str(file)])
    said = {"check": "read=user", "verdict": "mend", "said": BAD.said, "todo": BAD.todo}
    assert json.loads(result.stdout) == {"settings": "ok", "asterisk": {"east": [said]}}
    assert result.exit_code == 1


def test_given_settings_of_no_use_or_no_such_asterisk_then_nothing_can_be_checked(
    file: Path,
) -> None:
    result = RUNNER.invoke(app, ["doctor", "west", "--settings", str(file)])
    assert (result.exit_code, result.stderr) == (
        2,
        "callcue: there is no Asterisk west: main, east\n",
    )
    file.write_text("[asterisk]\nsecret = 's3cret'\nport = 0\n")
    result = RUNNER.invoke(app, ["doctor", "--json", "--settings", str(file)])
    assert result.exit_code == 2
    assert "asterisk.port" in json.loads(result.stdout)["settings"]
    assert "s3cret" not in result.output
