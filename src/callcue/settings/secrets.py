"""Secrets may stand in the file itself, in a file of their own, or in the environment.

A setting `secret` can be given as `secret`, as `secret_file` (a path, relative to the settings
file) or as `secret_env` (the name of an environment variable): exactly one of the three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from .paths import path_beside


@dataclass(frozen=True, slots=True)
class Sources:
    """Where `_file` and `_env` look."""

    folder: Path
    environ: Mapping[str, str]

    @classmethod
    def of(cls, info: ValidationInfo) -> "Sources":
        """The sources of the load that is going on; nothing outside of one."""
        context = info.context
        return context if isinstance(context, cls) else cls(Path(), {})


def resolve(table: Any, name: str, sources: Sources) -> Any:
    """Return *table* with `name_file` or `name_env` replaced by `name` and what it stands for.

    Raises:
        ValueError: several are given, or one leads nowhere; the text holds no secret.

    """
    if not isinstance(table, Mapping):
        return table
    given = [key for key in (name, f"{name}_file", f"{name}_env") if key in table]
    if len(given) > 1:
        raise ValueError(f"give one of {' and '.join(given)}, not both")
    if not given or given[0] == name:
        return table
    rest = {key: value for key, value in table.items() if key != given[0]}
    where = table[given[0]]
    if not isinstance(where, str) or not where:
        raise ValueError(f"{given[0]} must be a text")
    found = _from_file(where, sources) if given[0].endswith("_file") else _from_env(where, sources)
    return {**rest, name: found}


def _from_file(where: str, sources: Sources) -> str:
    try:
        return path_beside(sources.folder, where).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"{where} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{where} is not UTF-8 text") from None


def _from_env(where: str, sources: Sources) -> str:
    if where not in sources.environ:
        raise ValueError(f"the environment has no {where}")
    return sources.environ[where]
