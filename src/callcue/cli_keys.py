"""`callcue key ...`: the access keys of the store."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError

from callcue.api.keys import AccessKey, digest, new_key
from callcue.api.moments import moment_ahead
from callcue.api.rights import Right
from callcue.cli_tables import Columns, Json, at, print_list, to_read
from callcue.cli_workspaces import Workspace, names_of, workspace_of
from callcue.settings import Settings
from callcue.settings.tables import Key
from callcue.terminal import (
    EXIT_FAULT,
    EXIT_SETTINGS,
    SettingsFile,
    fail,
    has_store,
    read_settings,
    with_store,
)

if TYPE_CHECKING:
    from callcue.store.keys import KeptKey, KeyBook

app = typer.Typer(
    help="Access keys of the JSON API in the store. A running service sees a change in a second.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Option(help="What it is called: 1 to 64 of A-Z a-z 0-9 . _ -")]
Scopes = Annotated[
    list[str],
    typer.Option(
        "--scope",
        help="calls:read, playback:write, media:write, webhooks:write or operator;"
        " may be given again.",
    ),
]
Expires = Annotated[
    str | None,
    typer.Option(help="When it ends, UTC: 2027-01-31, 2027-01-31T14:00, or 12h, 30d from now."),
]


@app.command()
def add(
    workspace: Workspace,
    name: Name,
    scopes: Scopes,
    expires: Expires = None,
    settings: SettingsFile = None,
) -> None:
    """Make a key and print it, this once: callcue keeps its SHA-256 alone."""
    found = read_settings(settings)
    owner, key = workspace_of(found, workspace), new_key()
    made = _checked(owner, name, key, scopes, expires)
    if any(table.name == name for one in found.workspaces if one.id == owner for table in one.keys):
        fail(f"the workspace has a key {name} already, in the settings file", EXIT_FAULT)

    async def work(book: "KeyBook") -> None:
        from callcue.store.keys import KeyExists

        try:
            await book.add(made)
        except KeyExists:
            fail(f"the workspace has a key {name} already: revoke it first", EXIT_FAULT)

    _with_keys(found, work)
    typer.echo(f"access key (shown once): {key}")


@app.command("list")
def list_keys(
    as_json: Json = False,
    settings: SettingsFile = None,
) -> None:
    """List the keys of the settings file and of the store, never a key itself."""
    found = read_settings(settings)
    names = names_of(found)
    rows = [
        _shown(key.name, workspace.id, names, key.scopes)
        for workspace in found.workspaces
        for key in workspace.keys
    ]
    if has_store(found):
        rows += [_kept(kept, names) for kept in _with_keys(found, lambda book: book.all())]
    print_list(rows, _COLUMNS, as_json=as_json)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The key's name.")],
    workspace: Annotated[
        str | None, typer.Option(help="Its workspace, where several have a key of that name.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Let nobody in with a key any more. It stays in the list."""
    found = read_settings(settings)
    owner = workspace_of(found, workspace, or_id=True) if workspace is not None else None

    async def work(book: "KeyBook") -> None:
        from callcue.store.keys import NoSuchKey, SeveralKeys

        try:
            await book.revoke(name, owner)
        except NoSuchKey:
            fail(f"there is no key {name} in the store that could be revoked{hint}", EXIT_FAULT)
        except SeveralKeys:
            fail(f"several workspaces have a key {name}: say which by --workspace", EXIT_FAULT)

    in_file = any(key.name == name for one in found.workspaces for key in one.keys)
    hint = "; one of that name is in the settings file: remove it there" if in_file else ""
    if not has_store(found):
        fail(f"there is no key {name} in the store that could be revoked{hint}", EXIT_FAULT)
    _with_keys(found, work)
    typer.echo(f"{name} is revoked")


def _checked(
    workspace: UUID, name: str, key: str, scopes: list[str], expires: str | None
) -> AccessKey:
    try:
        table = Key.model_validate({"name": name, "sha256": digest(key), "scopes": scopes})
        end = moment_ahead(expires, datetime.now(UTC)) if expires is not None else None
    except ValidationError as error:
        places = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors(include_input=False))
        fail("; ".join(_CANNOT_BE[place] for place in places), EXIT_SETTINGS)
    except ValueError as error:
        fail(f"expires: {error}", EXIT_SETTINGS)
    return AccessKey(
        name=table.name,
        workspace=workspace,
        digest=table.sha256.get_secret_value(),
        scopes=frozenset(Right(scope) for scope in table.scopes),
        expires=end.timestamp() if end is not None else None,
    )


_CANNOT_BE = {
    "name": "name: must be 1 to 64 of A-Z a-z 0-9 . _ -",
    "scopes": "scope: must be calls:read, playback:write, media:write, webhooks:write or operator",
}


def _with_keys(settings: Settings, work: Callable[["KeyBook"], Awaitable[Any]]) -> Any:
    from callcue.store.keys import KeyBook

    return with_store(settings, lambda database: work(KeyBook(database)), create=True)


def _kept(kept: "KeptKey", names: dict[UUID, str]) -> dict[str, Any]:
    row = _shown(kept.key.name, kept.key.workspace, names, kept.key.scopes)
    now, expires = datetime.now(UTC).timestamp(), kept.key.expires
    state = "revoked" if kept.revoked is not None else "active"
    if kept.revoked is None and expires is not None and expires <= now:
        state = "expired"
    if state == "active" and kept.key.workspace not in names:
        state = "no workspace"
    return {
        **row,
        "state": state,
        "madeAt": at(kept.made),
        "expiresAt": at(expires),
        "revokedAt": at(kept.revoked),
        "lastUsedAt": at(kept.used),
        "keptIn": "store",
    }


def _shown(name: str, workspace: UUID, names: dict[UUID, str], scopes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "workspace": str(workspace),
        "workspaceName": names.get(workspace, ""),
        "scopes": sorted(str(scope) for scope in scopes),
        "state": "active",
        "madeAt": None,
        "expiresAt": None,
        "revokedAt": None,
        "lastUsedAt": None,
        "keptIn": "settings",
    }


_COLUMNS: Columns = {
    "name": lambda row: row["name"],
    "workspace": lambda row: row["workspaceName"] or row["workspace"],
    "scopes": lambda row: " ".join(row["scopes"]),
    "state": lambda row: row["state"],
    "expires": lambda row: to_read(row["expiresAt"]) or "never",
    "last used": lambda row: to_read(row["lastUsedAt"]) or "-",
    "kept in": lambda row: row["keptIn"],
}
