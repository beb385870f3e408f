"""How the commands print lists: a table for people, or one JSON object a line for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

Row = dict[str, Any]
"""One of the list, as JSON has it."""
Columns = Mapping[str, Callable[[Row], str]]
"""Titles, and what stands below them."""


def print_list(rows: Sequence[Row], columns: Columns, *, as_json: bool) -> None:
    """Print them in their order."""
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    _print_table([[*columns], *([cell(row) for cell in columns.values()] for row in rows)])


def _print_table(lines: Sequence[Sequence[str]]) -> None:
    """Each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def at(moment: float | None) -> str | None:
    """A moment in seconds since 1970, as JSON has it."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def to_read(moment: str | None) -> str:
    """The same for people: to the minute, in UTC; empty where there is none."""
    return moment[:16].replace("T", " ") if moment else ""
