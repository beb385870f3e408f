"""From file and environment to `Settings`, or to one message that says what is wrong where."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .secrets import Sources
from .tables import Settings

DEFAULT_PATH = "callcue.toml"

OVERRIDES: Mapping[str, tuple[str, ...]] = {
    "CALLCUE_DEMO": ("demo",),
    "CALLCUE_HTTP_HOST": ("http", "host"),
    "CALLCUE_HTTP_PORT": ("http", "port"),
    "CALLCUE_LOG_LEVEL": ("log", "level"),
    "CALLCUE_STORE_PATH": ("store", "path"),
    "CALLCUE_MEDIA_FOLDER": ("media", "folder"),
    "CALLCUE_ASTERISK_MEDIA_FOLDER": ("asterisk", "media_folder"),
    "CALLCUE_ASTERISK_HOST": ("asterisk", "host"),
    "CALLCUE_ASTERISK_PORT": ("asterisk", "port"),
    "CALLCUE_ASTERISK_USERNAME": ("asterisk", "username"),
    "CALLCUE_ASTERISK_SECRET": ("asterisk", "secret"),
    "CALLCUE_ASTERISK_SECRET_FILE": ("asterisk", "secret_file"),
}
"""Which variable stands for which setting. Other CALLCUE_ variables are not for us: the test PBX
has some of its own."""

_SECRET = ("secret", "secret_file", "secret_env")


class SettingsError(Exception):
    """The settings cannot be used; the text says all that is wrong, and holds no secret."""


def load(path: Path | None, environ: Mapping[str, str], *, demo: bool = False) -> Settings:
    """Read *path*, or the file that the environment names, or ./callcue.toml if it is there.

    Raises:
        SettingsError: a file is missing, unreadable or wrong.

    """
    file = settings_file(path, environ)
    tables = _read(file) if file is not None else {}
    overridden = _override(tables, environ)
    if demo:
        tables["demo"] = True
    sources = Sources(file.parent if file is not None else Path(), environ)
    try:
        return Settings.model_validate(tables, context=sources)
    except ValidationError as error:
        raise SettingsError(_explain(error, file, tables, overridden)) from None


def settings_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """*path*, or what the environment names, or ./callcue.toml; None if there is none."""
    if path is not None:
        return path
    if environ.get("CALLCUE_SETTINGS"):
        return Path(environ["CALLCUE_SETTINGS"])
    return Path(DEFAULT_PATH) if Path(DEFAULT_PATH).exists() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is no TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{file} is no TOML: it is nested too deeply") from None


def _override(tables: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put the environment over the file; return where which variable went. Empty ones are unset."""
    went: dict[tuple[str, ...], str] = {}
    for variable, path in OVERRIDES.items():
        if environ.get(variable):
            table = tables
            for name in path[:-1]:
                table = _only(table.setdefault(name, {}), name, variable)
            if path[-1] in _SECRET:
                _drop_secret(table, went)
            if path == ("store", "path"):
                table.pop("url", None)  # says the same, and the environment goes before the file
            table[path[-1]] = environ[variable]
            went[path] = variable
    return went


def _only(given: Any, name: str, variable: str) -> dict[str, Any]:
    """The table that a variable means; of `[[asterisk]]` there may be several."""
    match given:
        case dict():
            return given
        case [dict() as alone] if name == "asterisk":
            return alone
        case [_, *_] if name == "asterisk":
            raise SettingsError(f"{variable}: there are several Asterisks: say it in the file")
        case _:
            raise SettingsError(f"{name}: must be a table")


def _drop_secret(table: dict[str, Any], went: Mapping[tuple[str, ...], str]) -> None:
    """A secret of the environment goes before the file's, in whichever form that gives it."""
    for name in _SECRET:
        if ("asterisk", name) not in went:
            table.pop(name, None)


def _explain(
    error: ValidationError,
    file: Path | None,
    tables: Mapping[str, Any],
    overridden: Mapping[tuple[str, ...], str],
) -> str:
    where = f"the settings in {file}" if file is not None else "the settings (there is no file)"
    lines = [
        f"  {_path(_as_written(e['loc'], tables), overridden)}: {_message(e)}"
        for e in error.errors()
    ]
    return "\n".join([f"{where} cannot be used:", *lines])


def _as_written(
    location: tuple[int | str, ...], tables: Mapping[str, Any]
) -> tuple[int | str, ...]:
    """Without the number of the only `[asterisk]`, which the file does not have."""
    given = tables.get("asterisk")
    several = isinstance(given, list) and len(given) > 1
    if location[:2] == ("asterisk", 0) and not several:
        return ("asterisk", *location[2:])
    return location


def _path(location: tuple[int | str, ...], overridden: Mapping[tuple[str, ...], str]) -> str:
    variable = overridden.get(tuple(map(str, location)))
    if variable is not None:
        return variable
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).lstrip(".") or "the file"


def _message(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such setting"
    if error["type"] == "missing" and error["loc"] == ("asterisk",):
        return "is missing: at least its secret is needed, or CALLCUE_ASTERISK_SECRET"
    if error["type"] == "missing":
        return "is missing"
    text = str(error["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
