"""Whatever a settings file holds: it is taken, or refused in words that name the place."""

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stateful.everywhere import SAME_EVERYWHERE

from callcue.app import asterisk_addresses
from callcue.settings import Settings, SettingsError, load

SECRETS = ["ami-s3cret", "db-s3cret", "argon2id$v=19", "9f86d081884c7d65"]
HASH = "$argon2id$v=19$m=8,t=1,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYQ"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WHOLE = f"""
demo = false
[http]
host = "127.0.0.1"
port = 8080
trusted_proxies = ["10.0.0.0/8"]
connections = 100
[log]
level = "info"
[store]
path = "callcue.db"
record_days = 30
[[asterisk]]
name = "main"
host = "127.0.0.1"
port = 5038
secret = "ami-s3cret"
media_folder = "callcue"
[media]
folder = "media"
allow = ["media.lan", "10.1.0.0/16"]
loudness = -16.0
[playback]
loop_zero = "once"
[calls]
ignore_channels = ["Local/rec-*"]
[agents]
"1000" = "8600051"
[vicidial]
echo = "user"
[vicidial.database]
host = "db.lan"
user = "callcue"
password = "db-s3cret"
[vicidial.servers]
"10.10.10.15" = "main"
[vicidial.upstream]
url = "https://vicidial.example"
[vicidial.cors]
origins = ["https://crm.example"]
[[users]]
user = "6666"
password_hash = "{HASH}"
addresses = ["10.0.0.0/8"]
[[workspaces]]
id = "0b7b5a0e-6d7c-4b8e-9a53-1f0f6c1f2a10"
[[workspaces.channels]]
id = "6a1f0f5d-3f6e-4b53-8f0b-5f0c1d2e3f40"
[[workspaces.keys]]
name = "crm"
sha256 = "{DIGEST}"
scopes = ["calls:read"]
"""
TOKENS = ["[", "]", "[[", "]]", "=", '"', "'''", "{", "}", "#", "\0", "\\", "inf", "nan", "1e999"]
TOKENS += ["1979-05-27T07:32:00Z", "true", "-1", "0x7f", "~nobody/x", "\ufeff", "\ud7ff", "\n"]
VALUES: list[Any] = [
    *TOKENS[:12],
    "\0",
    "a\0b",
    "~nobody/x",
    "x" * 5000,
    "../../etc",
    "é" * 30,
    "",
    " ",
]
VALUES += [-1, 0, 10**30, float("inf"), float("nan"), True, [], {}, [[]], [{}], {"": {}}]
VALUES += [{"secret": 5}, [None], ["a", 5], {"secret_file": "\0"}, {"url": "http://h:99999"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


def _judge(file: Path, text: str, tables: dict[str, Any] | None = None) -> str | None:
    """What it is refused with; None if it is taken. *tables*: as if the text had said that."""
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            if tables is not None:
                patch.setattr(sys.modules["callcue.settings.load"], "_read", lambda _: tables)
            found = load(file, {})
        assert isinstance(found, Settings)
        asterisk_addresses(found)
    except SettingsError as refused:
        return str(refused)
    return None


def _says_no_secret(why: str) -> None:
    assert not [secret for secret in SECRETS if secret in why]
    assert "Traceback" not in why


@settings(SAME_EVERYWHERE, max_examples=300)
@given(data=st.data())
def test_given_a_file_with_wrong_letters_then_taken_or_refused_with_the_place(
    folder: Path, data: st.DataObject
) -> None:
    text = WHOLE
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 30))
        text = (
            text[:at] + data.draw(st.sampled_from(TOKENS) | st.text(max_size=8)) + text[at + cut :]
        )
    why = _judge(folder / "letters.toml", text)
    if why is not None:
        _says_no_secret(why)
        assert "letters.toml" in why or "asterisk.tls_ca" in why


def _places(table: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    pairs = table.items() if isinstance(table, dict) else enumerate(table)
    for key, value in pairs:
        found += _places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]
    return found


PLACES = _places(tomllib.loads(WHOLE))


@settings(SAME_EVERYWHERE, max_examples=400)
@given(
    place=st.sampled_from(PLACES),
    value=st.sampled_from(VALUES) | st.text(max_size=12) | st.integers() | st.floats(),
)
@example(place=("agents", "1000"), value={"a.b": [1]})
@example(place=("media", "folder"), value="a\0b")
@example(place=("store", "path"), value="~nobody-at-all/x")
def test_given_a_wrong_value_anywhere_then_taken_or_refused_by_the_names_above_it(
    folder: Path, place: tuple[str | int, ...], value: Any
) -> None:
    tables = tomllib.loads(WHOLE)
    above: Any = tables
    for step in place[:-1]:
        above = above[step]
    above[place[-1]] = value
    why = _judge(folder / "values.toml", "", tables)
    if why is not None:
        _says_no_secret(why)
        assert str(place[0]) in why, (place, value, why)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace('secret = "ami-s3cret"', 'secret_file = "a\\u0000b"'),
        WHOLE.replace('secret = "ami-s3cret"', 'secret_file = "~nobody-at-all/x"'),
        WHOLE.replace('folder = "media"', 'folder = "a\\u0000b"'),
        WHOLE.replace('folder = "media"', 'folder = "~nobody-at-all/x"'),
        WHOLE.replace('path = "callcue.db"', 'path = "~nobody-at-all/x"'),
        WHOLE.replace('name = "main"', 'name = "main"\ntls = true\ntls_ca = "a\\u0000b"'),
        WHOLE.replace('name = "main"', 'name = "main"\ntls = true\ntls_ca = "no/such"'),
        "a = " + "[" * 5000,
        "\ufeff" + WHOLE,
        "a." * 3000 + "a = 1",
    ],
    ids=range(10),
)
def test_given_what_a_path_or_a_parser_chokes_on_then_refused_in_one_message(
    folder: Path, text: str
) -> None:
    why = _judge(folder / "chokes.toml", text)
    assert why is not None
    _says_no_secret(why)
