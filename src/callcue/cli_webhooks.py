"""`callcue webhook ...`: where events are sent."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID, uuid4

import typer

from callcue.cli_tables import Columns, Json, print_list, to_read
from callcue.cli_workspaces import Workspace, names_of, workspace_of
from callcue.core.occurrences import Occurrence
from callcue.events.receivers import LONGEST_URL, NoReceiver
from callcue.events.signing_secret import SECRET_FORM, is_secret, new_secret
from callcue.events.webhook import SigningSecret, Webhook
from callcue.events.webhook_book import (
    MOST_SECRETS,
    MOST_WEBHOOKS,
    NoSuchWebhook,
    TooManySecrets,
    TooManyWebhooks,
    WebhooksOutOfReach,
)
from callcue.settings import Settings
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
    from callcue.events.webhook_book import KeptWebhook
    from callcue.store.webhooks import StoredWebhooks

HIGHEST_ID = 10**18 - 1
"""Of an event, as the API has it."""

app = typer.Typer(
    help="Webhooks: where events are sent. A running service sees a change within a second.",
    no_args_is_help=True,
)

Id = Annotated[UUID, typer.Argument(metavar="ID", help="The webhook's id, as `list` shows it.")]
SecretFile = Annotated[
    Path | None,
    typer.Option(help="A file with the secret, whsec_...; - is stdin. Else one is made."),
]


@app.command()
def add(
    workspace: Workspace,
    url: Annotated[str, typer.Option(help="Where events are sent: https://...")],
    types: Annotated[
        list[Occurrence] | None,
        typer.Option("--type", help="Of events; may be given again. Without it: all."),
    ] = None,
    secret_file: SecretFile = None,
    settings: SettingsFile = None,
) -> None:
    """Make a webhook. Without --secret-file its secret is made too, and printed this once."""
    found = read_settings(settings)
    owner = workspace_of(found, workspace)
    _check(found, url)
    secret = _secret(secret_file)
    kinds = frozenset(kind.value for kind in types or ())
    made = Webhook(uuid4(), owner, url, kinds, (SigningSecret(secret),), time())

    async def work(book: "StoredWebhooks") -> None:
        try:
            await book.add(made)
        except TooManyWebhooks:
            fail(f"the workspace has {MOST_WEBHOOKS} webhooks, and may have no more", EXIT_FAULT)

    _with_webhooks(found, work)
    typer.echo(f"webhook: {made.id}")
    if secret_file is None:
        typer.echo(f"secret (shown once): {secret}")


@app.command("list")
def list_webhooks(
    workspace: Annotated[str | None, typer.Option(help="Only those of this workspace.")] = None,
    as_json: Json = False,
    settings: SettingsFile = None,
) -> None:
    """List webhooks and what they have not taken, never a secret."""
    found = read_settings(settings)
    owner = None if workspace is None else workspace_of(found, workspace, or_id=True)
    names = names_of(found)
    kept = _with_webhooks(found, lambda book: book.all(owner)) if has_store(found) else []
    print_list([_shown(one, names) for one in kept], _COLUMNS, as_json=as_json)


@app.command()
def remove(webhook: Id, settings: SettingsFile = None) -> None:
    """Remove a webhook, and what waits to be sent there."""
    _on_one(settings, webhook, lambda book: book.remove(webhook))
    typer.echo(f"{webhook} is removed")


@app.command()
def rotate(
    webhook: Id,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=168, help="So long the older ones sign along.")
    ] = 24,
    secret_file: SecretFile = None,
    settings: SettingsFile = None,
) -> None:
    """Give a webhook another secret. Without --secret-file it is made, and printed this once."""
    secret = _secret(secret_file)

    async def work(book: "StoredWebhooks") -> None:
        try:
            await book.rotate(webhook, secret, overlap_hours * 3600.0)
        except TooManySecrets:
            fail(
                f"{MOST_SECRETS} secrets sign, and no more may: wait until one ends,"
                " or give --overlap-hours 0",
                EXIT_FAULT,
            )

    _on_one(settings, webhook, work)
    typer.echo(f"{webhook} has another secret")
    if secret_file is None:
        typer.echo(f"secret (shown once): {secret}")


@app.command()
def dead(
    webhook: Id,
    after: Annotated[int, typer.Option(min=0, max=HIGHEST_ID, help="Those after this event.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 25,
    as_json: Json = False,
    settings: SettingsFile = None,
) -> None:
    """List the events that a webhook has not taken, and that are not sent any more."""
    from callcue.api.bird.views import dead_letter

    found = _on_one(settings, webhook, lambda book: book.dead(webhook, after, limit))
    print_list([dead_letter(one) for one in found], _DEAD_COLUMNS, as_json=as_json)


@app.command()
def replay(
    webhook: Id,
    events: Annotated[
        list[int] | None,
        typer.Option(
            "--event", min=0, max=HIGHEST_ID, help="Its id; may be given again. Without it: all."
        ),
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Have dead letters sent once more."""
    count = _on_one(settings, webhook, lambda book: book.replay(webhook, events or None))
    typer.echo(f"sent once more: {count}")


def _check(settings: Settings, url: str) -> None:
    from callcue.app_deliveries import allowed_receivers
    from callcue.app_receivers import receiver_check
    from callcue.outward.resolver import SystemResolver

    if len(url) > LONGEST_URL:
        fail(f"url: must have {LONGEST_URL} characters at most", EXIT_SETTINGS)
    check = receiver_check(SystemResolver(threads=1), allowed_receivers(settings.webhooks))
    try:
        asyncio.run(check(url))
    except NoReceiver as error:
        fail(f"url: {error}", EXIT_SETTINGS)


def _secret(file: Path | None) -> str:
    """That of the file; a new one without."""
    if file is None:
        return new_secret()
    try:
        text = sys.stdin.read() if file == Path("-") else file.read_text()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        fail(f"{file} cannot be read: {why}", EXIT_FAULT)
    if not is_secret(text.strip()):
        fail(f"secret: {SECRET_FORM}", EXIT_SETTINGS)
    return text.strip()


def _on_one(
    file: Path | None, webhook: UUID, work: Callable[["StoredWebhooks"], Awaitable[Any]]
) -> Any:
    """Do *work* on a webhook, if there is that one."""
    found = read_settings(file)
    try:
        if not has_store(found):
            raise NoSuchWebhook
        return _with_webhooks(found, work)
    except NoSuchWebhook:
        fail(f"there is no webhook {webhook} in the store", EXIT_FAULT)


def _with_webhooks(settings: Settings, work: Callable[["StoredWebhooks"], Awaitable[Any]]) -> Any:
    from callcue.store.webhooks import StoredWebhooks

    try:
        return with_store(settings, lambda database: work(StoredWebhooks(database)), create=True)
    except WebhooksOutOfReach as error:
        fail(f"the store cannot be used: {error}", EXIT_FAULT)


def _shown(kept: "KeptWebhook", names: dict[UUID, str]) -> dict[str, Any]:
    from callcue.api.bird.views import webhook

    owner = kept.webhook.workspace
    return {**webhook(kept), "workspace": str(owner), "workspaceName": names.get(owner, "")}


_COLUMNS: Columns = {
    "id": lambda row: row["id"],
    "workspace": lambda row: row["workspaceName"] or row["workspace"],
    "types": lambda row: " ".join(row["types"]) or "all",
    "secrets": lambda row: str(len(row["secrets"])),
    "waiting": lambda row: str(row["waiting"]),
    "dead": lambda row: str(row["dead"]),
    "url": lambda row: row["url"],
    "last failure": lambda row: row["lastFailure"]["failure"] if row["lastFailure"] else "-",
}


_DEAD_COLUMNS: Columns = {
    "event": lambda row: row["event"]["id"],
    "type": lambda row: row["event"]["type"],
    "playback": lambda row: row["event"]["playbackId"],
    "attempts": lambda row: str(row["attempts"]),
    "dead since": lambda row: to_read(row["deadSince"]),
    "failure": lambda row: row["failure"],
}
