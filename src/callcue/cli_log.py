"""`callcue log`: who asked api.php for what, and what was answered."""

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from callcue.terminal import EXIT_SETTINGS, SettingsFile, fail, read_settings, with_store

if TYPE_CHECKING:
    from callcue.api.vicidial.record import Answered
    from callcue.api.vicidial.written import Wanted, Written
    from callcue.store.database import Database

NARROWEST = 100
MOST = 100_000

_COLUMNS = (("at (UTC)", 19), ("user", 10), ("agent", 8), ("asked", 22), ("result", 7), ("ms", 5))
"""The last column, what was said, has the rest of the line."""


def show(
    user: Annotated[str | None, typer.Option(help="Only of this API user.")] = None,
    agent: Annotated[str | None, typer.Option(help="Only for this agent.")] = None,
    function: Annotated[str | None, typer.Option(help="Only of this function.")] = None,
    result: Annotated[
        str | None, typer.Option(help="Only these: SUCCESS, NOTICE, ERROR, VERSION.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Not older: 2026-01-31T14:00 (UTC), or 30m, 12h, 7d ago.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="So many, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Show what api.php answered, the newest last."""
    # Late: the small commands need not wait for all this.
    from callcue.api.answers_log import view
    from callcue.api.vicidial.written import Wanted

    wanted = Wanted(
        user=user,
        agent=agent,
        function=function,
        result=result.upper() if result else None,
        since=_moment(since),
        limit=limit,
    )
    found = with_store(read_settings(settings), lambda database: _newest(database, wanted))
    found.reverse()
    if as_json:
        for written in found:
            typer.echo(json.dumps(view(written)))
        return
    width = max(NARROWEST, shutil.get_terminal_size((NARROWEST, 24)).columns)
    typer.echo(_line([title for title, _ in _COLUMNS], "said", width))
    for written in found:
        typer.echo(_line(_cells(written.answered), _said(written.answered), width))


async def _newest(database: "Database", wanted: "Wanted") -> "list[Written]":
    from callcue.api.vicidial.written import RecordOutOfReach
    from callcue.store.answers import AnswerRecord, Retention
    from callcue.store.database import StoreOutOfReach

    try:
        return await AnswerRecord(database, Retention()).newest(wanted)
    except RecordOutOfReach as error:
        raise StoreOutOfReach(str(error)) from None


def _moment(since: str | None) -> datetime | None:
    from callcue.api.moments import moment

    try:
        return moment(since, datetime.now(UTC)) if since is not None else None
    except ValueError as error:
        fail(f"--since: {error}", EXIT_SETTINGS)


def _cells(answered: "Answered") -> list[str]:
    asked = f"{answered.stage} {answered.value}".strip()
    return [
        answered.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        answered.user,
        answered.agent,
        asked if answered.function == "audio_playback" else f"{answered.function} {asked}".strip(),
        answered.result,
        str(round(answered.seconds * 1000)),
    ]


def _said(answered: "Answered") -> str:
    """The reason without what other columns say: its first word, the function, the fields."""
    text = answered.reason.removeprefix(f"{answered.result}: ")
    text = text.removeprefix(f"{answered.function} ").removeprefix("error - ")
    said, _, fields = text.rpartition(" - ")
    return said or fields


def _line(cells: list[str], said: str, width: int) -> str:
    columns = zip(cells, (size for _, size in _COLUMNS), strict=True)
    start = " ".join(_fitted(text, size) for text, size in columns)
    return f"{start} {_fitted(said, width - len(start) - 1)}".rstrip()


def _fitted(text: str, size: int) -> str:
    """Exactly so long, and of characters that do nothing to a terminal: clients wrote them."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return (shown if len(shown) <= size else f"{shown[: size - 1]}…").ljust(size)
