"""`callcue user ...`: the API users of the store."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr, ValidationError

from callcue.cli_tables import Columns, Json, print_list
from callcue.settings import Settings
from callcue.settings.tables import User
from callcue.terminal import (
    EXIT_FAULT,
    EXIT_SETTINGS,
    SettingsFile,
    fail,
    has_store,
    read_password,
    read_settings,
    with_store,
)

if TYPE_CHECKING:
    from callcue.api.users import ApiUser
    from callcue.store.users import UserBook

app = typer.Typer(
    help="The users of api.php in the store. A running service sees a change within a second.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="USER", help="The user's name.")]
Level = Annotated[int | None, typer.Option(help="0 to 9; 0 may not log in.")]
Group = Annotated[str | None, typer.Option(help="The user group.")]
Functions = Annotated[
    str | None, typer.Option(help="The functions allowed, with blanks between, or ALL_FUNCTIONS.")
]
AltUser = Annotated[str | None, typer.Option(help="The agent's other name.")]
Audience = Annotated[str | None, typer.Option(help="Who hears: everyone, agent or caller.")]
Addresses = Annotated[
    list[str] | None,
    typer.Option("--address", help="From where: an address or network; may be given again."),
]

_NO_HASH = SecretStr("$argon2id$v=19$m=8,t=1,p=1$c29tZXRoaW5n$c29tZXRoaW5n")
"""Stands there while everything else is checked: a password is asked for when all is right."""


@app.command()
def add(
    name: Name,
    level: Level = None,
    group: Group = None,
    functions: Functions = None,
    alt_user: AltUser = None,
    audience: Audience = None,
    addresses: Addresses = None,
    settings: SettingsFile = None,
) -> None:
    """Add a user. The password is asked for, or read from stdin."""
    found = read_settings(settings)
    table = _checked(
        user=name,
        level=level,
        group=group,
        functions=functions,
        alt_user=alt_user,
        audience=audience,
        addresses=addresses,
    )
    if _is_in_file(found, name):
        fail(f"{name} is in the settings file, which goes before the store", EXIT_FAULT)

    async def work(book: "UserBook") -> None:
        from callcue.store.users import UserExists

        try:
            await book.add(_user(table, password))
        except UserExists:
            fail(f"there is a user {name} already", EXIT_FAULT)

    password = read_password()
    _with_users(found, work)
    typer.echo(f"{name} is added")


@app.command("list")
def list_users(
    as_json: Json = False,
    settings: SettingsFile = None,
) -> None:
    """List the users of the settings file and of the store."""
    found = read_settings(settings)
    rows = [_shown(_user_of(table), "settings") for table in found.users]
    if has_store(found):
        rows += [_shown(user, "store") for user in _with_users(found, lambda book: book.all())]
    print_list(rows, _COLUMNS, as_json=as_json)


@app.command()
def disable(name: Name, settings: SettingsFile = None) -> None:
    """Let a user no longer log in."""
    _change(settings, name, lambda book: book.set_active(name, False))
    typer.echo(f"{name} is disabled")


@app.command()
def enable(name: Name, settings: SettingsFile = None) -> None:
    """Let a user log in again."""
    _change(settings, name, lambda book: book.set_active(name, True))
    typer.echo(f"{name} is enabled")


@app.command()
def passwd(name: Name, settings: SettingsFile = None) -> None:
    """Give a user another password. It is asked for, or read from stdin."""
    from callcue.api.stored_passwords import Argon2

    password = read_password()
    _change(settings, name, lambda book: book.set_password(name, Argon2.of(password)))
    typer.echo(f"{name} has another password")


def _checked(**given: Any) -> User:
    try:
        values = {key: value for key, value in given.items() if value is not None}
        return User.model_validate({**values, "password_hash": _NO_HASH})
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        fail(
            "; ".join(f"{fault['loc'][0]}: {_said(fault['msg'])}" for fault in found), EXIT_SETTINGS
        )


def _said(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def _user(table: User, password: str) -> "ApiUser":
    from dataclasses import replace

    from callcue.api.stored_passwords import Argon2

    return replace(_user_of(table), password=Argon2.of(password))


def _user_of(table: User) -> "ApiUser":
    from callcue.app_vicidial import api_user

    return api_user(table)


def _change(file: Path | None, name: str, work: Callable[["UserBook"], Awaitable[None]]) -> None:
    from callcue.store.users import NoSuchUser

    found = read_settings(file)
    if _is_in_file(found, name):
        fail(f"{name} is in the settings file: change it there", EXIT_FAULT)
    try:
        if not has_store(found):
            raise NoSuchUser(name)
        _with_users(found, work)
    except NoSuchUser:
        fail(f"there is no user {name} in the store", EXIT_FAULT)


def _with_users(settings: Settings, work: Callable[["UserBook"], Awaitable[Any]]) -> Any:
    from callcue.store.users import UserBook

    return with_store(settings, lambda database: work(UserBook(database)), create=True)


def _is_in_file(settings: Settings, name: str) -> bool:
    return any(table.user == name for table in settings.users)


def _shown(user: "ApiUser", kept_in: str) -> dict[str, Any]:
    return {
        "user": user.name,
        "active": user.active,
        "level": user.level,
        "group": user.group,
        "functions": sorted(user.functions),
        "altUser": user.alt_user,
        "audience": user.audience.value,
        "addresses": [str(network) for network in user.addresses],
        "keptIn": kept_in,
    }


_COLUMNS: Columns = {
    "user": lambda row: row["user"],
    "active": lambda row: "yes" if row["active"] else "no",
    "level": lambda row: str(row["level"]),
    "group": lambda row: row["group"] or "-",
    "functions": lambda row: " ".join(row["functions"]),
    "alt_user": lambda row: row["altUser"] or "-",
    "audience": lambda row: row["audience"],
    "from": lambda row: " ".join(row["addresses"]) or "anywhere",
    "kept in": lambda row: row["keptIn"],
}
