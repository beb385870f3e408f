"""The settings: what is read from where, and how errors are told."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from callcue.app import asterisk_addresses
from callcue.asterisk.resting import RESUMABLE
from callcue.cli import app
from callcue.settings import Settings, SettingsError, load
from callcue.settings.load import OVERRIDES

MINIMAL = '[asterisk]\nsecret = "s3cret"\n'
HASH = "$argon2id$v=19$m=8,t=1,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYQ"
DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file; the test runs in its folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "callcue.toml"


def _read(file: Path, text: str, **environ: str) -> Settings:
    file.write_text(text)
    return load(file, environ)


def _refused(file: Path, text: str, **environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        _read(file, text, **environ)
    return str(refused.value)


def test_given_the_least_then_the_rest_has_defaults(file: Path) -> None:
    found = _read(file, MINIMAL)
    assert (found.http.host, found.http.port, found.demo) == ("127.0.0.1", 8080, False)
    assert (found.asterisk[0].name, found.asterisk[0].port) == ("main", 5038)
    assert found.asterisk[0].secret.get_secret_value() == "s3cret"
    assert (found.users, found.workspaces) == ((), ())


def test_given_no_file_then_the_environment_is_enough(file: Path) -> None:
    environ = {"CALLCUE_ASTERISK_SECRET": "x", "CALLCUE_ASTERISK_VERSION": "22.1"}
    assert load(None, environ).asterisk[0].secret.get_secret_value() == "x"
    assert not file.exists()


def test_given_a_path_then_it_goes_before_the_variable_and_that_before_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, port in [("callcue.toml", 1001), ("other.toml", 1002), ("given.toml", 1003)]:
        (tmp_path / name).write_text(f"{MINIMAL}[http]\nport = {port}\n")
    environ = {"CALLCUE_SETTINGS": str(tmp_path / "other.toml")}
    assert load(None, {}).http.port == 1001
    assert load(None, environ).http.port == 1002
    assert load(tmp_path / "given.toml", environ).http.port == 1003


def test_given_overrides_then_each_goes_before_the_file(file: Path) -> None:
    (file.parent / "secret").write_text("from-file\n")
    values = {
        "CALLCUE_DEMO": "1",
        "CALLCUE_HTTP_HOST": "0.0.0.0",
        "CALLCUE_HTTP_PORT": "9090",
        "CALLCUE_LOG_LEVEL": "DEBUG",
        "CALLCUE_STORE_PATH": "other.db",
        "CALLCUE_MEDIA_FOLDER": "clips",
        "CALLCUE_ASTERISK_MEDIA_FOLDER": "callcue",
        "CALLCUE_ASTERISK_HOST": "pbx",
        "CALLCUE_ASTERISK_PORT": "5039",
        "CALLCUE_ASTERISK_USERNAME": "other",
        "CALLCUE_ASTERISK_SECRET_FILE": "secret",
    }
    assert {*values, "CALLCUE_ASTERISK_SECRET"} == set(OVERRIDES)
    found = _read(file, MINIMAL + '[http]\nhost = "::1"\n', **values)
    assert found.demo
    assert (found.http.host, found.http.port, found.log.level) == ("0.0.0.0", 9090, "debug")
    asterisk = found.asterisk[0]
    assert (asterisk.host, asterisk.port, asterisk.username) == ("pbx", 5039, "other")
    assert asterisk.secret.get_secret_value() == "from-file"
    assert found.store.path == str(file.parent / "other.db")
    assert found.media.folder == str(file.parent / "clips")
    assert asterisk.media_folder == "callcue"


@pytest.mark.parametrize(
    ("given", "environ", "url"),
    [
        ("", {}, "sqlite+aiosqlite:///{folder}/callcue.db"),
        ('[store]\npath = "state/my.db"\n', {}, "sqlite+aiosqlite:///{folder}/state/my.db"),
        ('[store]\npath = "/var/x.db"\n', {}, "sqlite+aiosqlite:////var/x.db"),
        ('[store]\npath = ":memory:"\n', {}, "sqlite+aiosqlite://"),
        ('[store]\nurl = "sqlite:////var/x.db"\n', {}, "sqlite+aiosqlite:////var/x.db"),
        ('[store]\nurl = "sqlite+aiosqlite:////x.db"\n', {}, "sqlite+aiosqlite:////x.db"),
        (
            '[store]\nurl = "sqlite:////var/x.db"\n',
            {"CALLCUE_STORE_PATH": "/data/y.db"},
            "sqlite+aiosqlite:////data/y.db",
        ),
        ("", {"CALLCUE_DEMO": "1"}, "sqlite+aiosqlite://"),
        (
            '[store]\npath = "my.db"\n',
            {"CALLCUE_DEMO": "1"},
            "sqlite+aiosqlite:///{folder}/my.db",
        ),
    ],
)
def test_given_a_place_for_the_store_then_it_is_beside_the_settings(
    file: Path, given: str, environ: dict[str, str], url: str
) -> None:
    found = _read(file, MINIMAL + given, **environ)
    assert found.store_url == url.format(folder=file.parent)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ('path = "x"\nurl = "sqlite:///y"', "store: give one of path and url, not both"),
        ('url = "postgresql://u:s3cret-value@db/x"', "store.url: "),
        ('path = ""', "store.path: "),
        ("record_days = 0", "store.record_days: "),
        ("record_rows = 0", "store.record_rows: "),
    ],
)
def test_given_a_store_that_cannot_be_then_it_says_so(
    file: Path, given: str, complaint: str
) -> None:
    refused = _refused(file, f"{MINIMAL}[store]\n{given}\n")
    assert complaint in refused
    assert "s3cret-value" not in refused


def test_given_an_empty_variable_then_the_file_counts(file: Path) -> None:
    found = _read(file, MINIMAL, CALLCUE_ASTERISK_SECRET="", CALLCUE_DEMO="")
    assert found.asterisk[0].secret.get_secret_value() == "s3cret"


def test_given_demo_on_the_command_line_then_it_is_on(file: Path) -> None:
    file.write_text(MINIMAL)
    assert load(file, {}, demo=True).demo
    assert not load(file, {}).demo


@pytest.mark.parametrize(
    ("given", "environ"),
    [
        ('secret_file = "s"', {}),
        ('secret_env = "WHERE"', {"WHERE": "s3cret"}),
    ],
)
def test_given_a_secret_elsewhere_then_it_is_found(
    file: Path, given: str, environ: dict[str, str]
) -> None:
    (file.parent / "s").write_text(" s3cret\n")
    found = _read(file, f"[asterisk]\n{given}\n", **environ)
    assert found.asterisk[0].secret.get_secret_value() == "s3cret"


def test_given_hashes_elsewhere_then_they_are_found(file: Path) -> None:
    text = (
        MINIMAL
        + '[[users]]\nuser = "6666"\npassword_hash_env = "H"\n'
        + '[[workspaces]]\nid = "11111111-1111-4111-8111-111111111111"\n'
        + '[[workspaces.keys]]\nname = "k"\nscopes = ["calls:read"]\nsha256_file = "k"\n'
    )
    (file.parent / "k").write_text("AB" * 32)
    found = _read(file, text, H=HASH)
    assert found.users[0].password_hash.get_secret_value() == HASH
    assert found.workspaces[0].keys[0].sha256.get_secret_value() == "ab" * 32


@pytest.mark.parametrize("given", ['"ALL_FUNCTIONS"', '["audio_playback", "version"]', '"a b"'])
def test_given_functions_then_a_list_or_words(file: Path, given: str) -> None:
    user = f'[[users]]\nuser = "66"\npassword_hash = "{HASH}"\nfunctions = {given}\n'
    functions = _read(file, MINIMAL + user).users[0].functions
    assert functions in (("ALL_FUNCTIONS",), ("audio_playback", "version"), ("a", "b"))


def test_given_settings_of_calls_then_the_asterisk_side_is_told_of_them(file: Path) -> None:
    (address,) = asterisk_addresses(_read(file, MINIMAL))
    assert (address.agent_channels, address.resumable) == ((), RESUMABLE)
    given = '[calls]\nagent_channels = ["PJSIP/a*"]\nresumable_applications = ["Wait"]\n'
    (address,) = asterisk_addresses(_read(file, MINIMAL + given))
    assert (address.agent_channels, address.resumable) == (("PJSIP/a*",), ("Wait",))


USER = MINIMAL + '[[users]]\nuser = "6666"\n'
WORKSPACE = MINIMAL + '[[workspaces]]\nid = "11111111-1111-4111-8111-111111111111"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "asterisk: "),
        ("[asterisk]", "asterisk.secret: is missing"),
        ('[asterisk]\nsecret = "a"\nsecret_file = "b"', "asterisk: give one of"),
        ('[asterisk]\nsecret_file = "gone"', "asterisk: gone cannot be read"),
        ('[asterisk]\nsecret_env = "GONE"', "asterisk: the environment has no GONE"),
        (MINIMAL + "[htp]", "htp: there is no such setting"),
        (MINIMAL + '[http]\nhots = "x"', "http.hots: there is no such setting"),
        (MINIMAL + "[http]\nport = 70000", "http.port: "),
        (MINIMAL + '[http]\ntrusted_proxies = ["x"]', "http.trusted_proxies[0]"),
        (MINIMAL + '[log]\nlevel = "loud"', "log.level: "),
        (MINIMAL + "[playback]\nbound_seconds = nan", "playback.bound_seconds: "),
        (MINIMAL + '[playback]\nloop_zero = "x"', "playback.loop_zero: "),
        (MINIMAL + '[calls]\nignore_channels = ["a\\nb"]', "calls.ignore_channels[0]: "),
        (MINIMAL + '[calls]\nagent_channels = ["a,b"]', "calls.agent_channels[0]: "),
        (MINIMAL + '[calls]\nresumable_applications = ["Wait", "a b"]', "applications[1]: "),
        (MINIMAL + '[agents]\n"1000" = "${X}"', "agents.1000: "),
        (MINIMAL + '[agents]\n"a b" = "8600051"', "agents.a b"),
        (MINIMAL + '[vicidial]\necho = "x"', "vicidial.echo: "),
        (USER, "users[0].password_hash: is missing"),
        (USER + 'password_hash = "1234"', "users[0].password_hash: is no argon2 hash"),
        (USER + f'password_hash = "{HASH}"\nlevel = 10', "users[0].level: "),
        (USER + f'password_hash = "{HASH}"\naddresses = ["x"]', "users[0].addresses"),
        (USER + f'password_hash = "{HASH}"\naddresses = ["10.0.0.1/8"]', "users[0].addresses"),
        (USER + f'password_hash = "{HASH}"\naddresses = ["2001:db8::1"]', "by its /64"),
        (USER + f'password_hash = "{HASH}"\naudience = "Agent"', "users[0].audience: "),
        (USER + f'password_hash = "{HASH}"\nalt_user = "a-b"', "users[0].alt_user: "),
        (WORKSPACE + "[[workspaces.channels]]", "workspaces[0].channels[0].id: is missing"),
        (
            WORKSPACE + '[[workspaces.keys]]\nname = "k"\nscopes = ["root"]\nsha256 = "x"',
            "workspaces[0].keys[0].scopes[0]: ",
        ),
        (WORKSPACE + WORKSPACE.removeprefix(MINIMAL), "is there twice"),
        ("[asterisk", "is no TOML"),
    ],
)
def test_given_a_wrong_setting_then_its_place_is_named(file: Path, text: str, named: str) -> None:
    assert named in _refused(file, text)


def test_given_several_wrong_settings_then_all_are_named_at_once(file: Path) -> None:
    message = _refused(file, MINIMAL + "[http]\nport = 0\nhots = 1\n[log]\nlevel = 'x'\n")
    assert len(message.splitlines()) == 4
    assert str(file) in message


def test_given_a_wrong_variable_then_the_variable_is_named(file: Path) -> None:
    message = _refused(file, MINIMAL, CALLCUE_HTTP_PORT="eighty")
    assert "CALLCUE_HTTP_PORT: " in message


@pytest.mark.parametrize(
    "text",
    [
        '[asterisk]\nsecret = "s3cret-value"\nport = "s3cret-value"',
        '[asterisk]\nsecret = ["s3cret-value"]',
        USER + 'password_hash = "s3cret-value"',
        WORKSPACE
        + '[[workspaces.keys]]\nname = "k"\nscopes = ["calls:read"]\nsha256 = "s3cret-value"',
        '[asterisk]\nsecret = "s3cret-value" x',
    ],
)
def test_given_an_error_then_no_secret_is_in_it(file: Path, text: str) -> None:
    assert "s3cret-value" not in _refused(file, text)


def test_given_a_file_that_is_not_there_then_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "gone.toml", {})


def test_given_a_file_that_is_not_text_then_it_says_so(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load(file, {})


def _names(model: type[BaseModel]) -> list[str]:
    names = []
    for name, field in model.model_fields.items():
        names.append(name)
        for inner in _models(field.annotation):
            names += _names(inner)
    return names


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models(inner)]


def test_given_the_reference_then_every_setting_and_variable_is_in_it() -> None:
    text = DOCS.read_text()
    missing = [n for n in _names(Settings) if f"`{n}`" not in text and f"{n}]" not in text]
    missing += [variable for variable in OVERRIDES if f"`{variable}`" not in text]
    assert not missing


def test_given_the_command_line_then_a_settings_error_is_one_message_and_exit_2(
    file: Path,
) -> None:
    file.write_text("[http]\nport = 0\n")
    result = CliRunner().invoke(app, ["serve", "--settings", str(file)], env={})
    assert result.exit_code == 2
    assert "http.port" in result.stderr
    assert "Traceback" not in result.output


EAST = '[[asterisk]]\nname = "east"\nhost = "east.example"\nsecret = "s3cret-east"\n'
WEST = '[[asterisk]]\nname = "west"\nsecret = "s3cret-west"\n'


def test_given_several_asterisks_then_each_with_its_own_agents(file: Path) -> None:
    agents = '[agents]\n1000 = "8600051@east"\n2000 = "8600051@west"\n'
    made = _read(file, EAST + WEST + agents)
    assert made.servers == ("east", "west")
    east, west = asterisk_addresses(made)
    assert (east.name, east.host, east.secret) == ("east", "east.example", "s3cret-east")
    assert (east.agents, west.agents) == ({"1000": "8600051"}, {"2000": "8600051"})


def test_given_one_asterisk_then_its_name_behind_an_agents_room_may_be_left_out(
    file: Path,
) -> None:
    agents = '[agents]\n1000 = "8600051"\n2000 = "8600052@main"\n'
    (address,) = asterisk_addresses(_read(file, MINIMAL + agents))
    assert address.agents == {"1000": "8600051", "2000": "8600052"}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (EAST + EAST, "the file: asterisk name east is there twice"),
        (
            EAST + WEST + '[agents]\n1000 = "8600051"\n',
            "agents.1000: say at which Asterisk: 8600051@",
        ),
        (EAST + '[agents]\n1000 = "8600051@west"\n', "agents.1000 names no Asterisk of ours: west"),
        (EAST + WEST + "port = 0\n", "asterisk[1].port: "),
        (EAST + "port = 0\n", "asterisk.port: "),
        (MINIMAL + "port = 0\n", "asterisk.port: "),
        ("asterisk = []\n", "asterisk: "),
        ('asterisk = "127.0.0.1"\n', "asterisk: "),
        (EAST + WEST + '[vicidial.servers]\n"10.0.0.1" = "main"\n', "no Asterisk of ours: main"),
    ],
)
def test_given_asterisks_that_cannot_be_then_it_says_so(
    file: Path, given: str, complaint: str
) -> None:
    refused = _refused(file, given)
    assert complaint in refused
    assert "s3cret-" not in refused


def test_given_several_asterisks_then_the_environment_cannot_say_which_it_means(
    file: Path,
) -> None:
    refused = _refused(file, EAST + WEST, CALLCUE_ASTERISK_HOST="pbx")
    assert refused == "CALLCUE_ASTERISK_HOST: there are several Asterisks: say it in the file"
    assert _read(file, EAST, CALLCUE_ASTERISK_HOST="pbx").asterisk[0].host == "pbx"
