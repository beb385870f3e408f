"""`callcue sound ...`, as an operator types it."""

import json
from pathlib import Path

import pytest
from fakes.audio import encoded, tone
from typer.testing import CliRunner, Result

from callcue.cli import app


class Shell:
    """Types commands in a folder with settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._settings = folder / "callcue.toml"
        self._settings.write_text('[asterisk]\nsecret = "x"\n[media]\nlargest = 100000\n')

    def __call__(self, *words: str, stdin: bytes | None = None) -> Result:
        settings = ("--settings", str(self._settings))
        return CliRunner().invoke(app, ["sound", *words, *settings], input=stdin)


@pytest.fixture
def callcue(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    (tmp_path / "offer.mp3").write_bytes(encoded(tone(0.5), "mp3", "libmp3lame"))
    return shell


def test_given_a_file_when_added_then_it_is_listed_shown_and_removed(callcue: Shell) -> None:
    assert callcue("list").output.split() == ["name", "seconds", "peak", "bytes", "added"]
    added = callcue("add", "offer", str(callcue.folder / "offer.mp3"))
    assert added.exit_code == 0
    assert added.output.startswith("offer is there: 0.5")
    _, line = callcue("list").output.splitlines()
    assert line.startswith("offer  0.5")
    (listed,) = [json.loads(line) for line in callcue("list", "--json").output.splitlines()]
    assert json.loads(callcue("show", "offer").output) == listed
    assert listed["checksum"].startswith("sha256:")
    assert (callcue.folder / "media" / "sounds" / "offer.json").exists()
    assert callcue("remove", "offer").output == "offer is removed\n"
    assert callcue("list", "--json").output == ""


def test_given_stdin_then_it_is_a_file_too(callcue: Shell) -> None:
    offer = (callcue.folder / "offer.mp3").read_bytes()
    assert callcue("add", "offer", "-", stdin=offer).exit_code == 0
    assert callcue("show", "offer").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("add", "no name", "offer.mp3"), 2, "a name is 1 to 80 of A-Z a-z 0-9 _ -"),
        (("add", "offer", "nothing.mp3"), 1, "nothing.mp3 cannot be read: No such file"),
        (("add", "offer", "."), 1, "cannot be read: Is a directory"),
        (("add", "offer", "callcue.toml"), 1, "callcue.toml was not added: not audio"),
        (("add", "offer", "large.wav"), 1, "large.wav was not added: too large"),
        (("show", "gone"), 1, "there is no clip gone in the audio store"),
        (("remove", "gone"), 1, "there is no clip gone in the audio store"),
    ],
)
def test_given_what_cannot_be_done_then_one_line_says_why(
    callcue: Shell, words: tuple[str, ...], code: int, complaint: str
) -> None:
    (callcue.folder / "large.wav").write_bytes(b"\0" * 100_001)
    *rest, last = words
    file = str(callcue.folder / last) if words[0] == "add" else last
    result = callcue(*rest, file)
    assert result.exit_code == code
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_given_a_folder_that_cannot_be_made_then_it_says_so(callcue: Shell) -> None:
    (callcue.folder / "media").write_text("a file")
    result = callcue("add", "offer", str(callcue.folder / "offer.mp3"))
    assert result.exit_code == 1
    assert "the audio store cannot be written: Not a directory" in result.stderr
