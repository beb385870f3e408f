"""The table `[control]`: where `callcue reload` reaches the service that runs."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from .secrets import Sources
from .table import Table

DEFAULT_NAME = "callcue.sock"


class Control(Table):
    """A socket that its owner alone may use."""

    socket: Annotated[str, Field(min_length=1, max_length=4096)] | None = None

    @field_validator("socket")
    @classmethod
    def _beside_the_settings(cls, socket: str | None, info: ValidationInfo) -> str | None:
        if socket is None:
            return None
        return str((Sources.of(info).folder / Path(socket).expanduser()).absolute())


def control_socket(file: Path | None) -> Path | None:
    """Where it is for a service of that settings file, also while the file is of no use.

    Without a file there is nothing to read again, and no socket.
    """
    if file is None:
        return None
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("control", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        table = {}
    given = table.get("socket") if isinstance(table, Mapping) else None
    name = given if isinstance(given, str) and given else DEFAULT_NAME
    return (file.parent / Path(name).expanduser()).absolute()
