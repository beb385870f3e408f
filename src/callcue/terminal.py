"""What all commands share: how they fail, which settings they read, how they ask for a password."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

from callcue.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from callcue.store.database import Database

EXIT_FAULT = 1
EXIT_SETTINGS = 2

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings", help="The settings file; else CALLCUE_SETTINGS, else ./callcue.toml."
    ),
]

T = TypeVar("T")

_ARRIVES = re.compile(r"[A-Za-z0-9.+/=_-]{2,256}")
"""What of a password api.php lets through; the rest it drops before anybody looks at it."""


def fail(message: str, code: int) -> NoReturn:
    """Say one line on stderr and end."""
    typer.echo(f"callcue: {message}", err=True)
    raise typer.Exit(code)


def read_password() -> str:
    """Ask on the terminal, twice; else read a line from stdin. Never an argument: `ps` shows it."""
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not _ARRIVES.fullmatch(password):
        fail(
            "use 2 to 256 letters, digits and . + / = _ - in a password:"
            " api.php drops every other character",
            EXIT_SETTINGS,
        )
    return str(password)


def read_settings(file: Path | None) -> Settings:
    """The settings; without any that can be used the command ends here."""
    try:
        return load(file, os.environ)
    except SettingsError as error:
        fail(str(error), EXIT_SETTINGS)


def has_store(settings: Settings) -> bool:
    """Whether there is a store to look into; in memory is none for us, which `with_store` says."""
    path = settings.store_url.partition("///")[2]
    if not path:
        return True
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # opening it says what is wrong
    return True


def with_store(
    settings: Settings, work: Callable[["Database"], Awaitable[T]], *, create: bool = False
) -> T:
    """Do *work* on the store of the settings, beside a service that may be running."""
    # Late: the small commands need not wait for SQLAlchemy.
    from callcue.store.database import MEMORY, Database, StoreOutOfReach

    async def on_store() -> T:
        database = Database(settings.store_url)
        try:
            await database.open(create=create)
            return await work(database)
        finally:
            await database.close()

    if settings.store_url == MEMORY:
        fail("the store is in the memory of the service: name a path in [store]", EXIT_SETTINGS)
    try:
        return asyncio.run(on_store())
    except StoreOutOfReach as error:
        fail(f"the store cannot be used: {error}", EXIT_FAULT)
