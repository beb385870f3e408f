"""Which workspace an operator means."""

from typing import Annotated
from uuid import UUID

import typer

from callcue.settings import Settings
from callcue.terminal import EXIT_SETTINGS, fail

Workspace = Annotated[str, typer.Option(help="The workspace of the settings: its id or its name.")]


def workspace_of(settings: Settings, given: str, *, or_id: bool = False) -> UUID:
    """The one that is meant. *or_id*: an id will do that the settings have no more."""
    ids = [one.id for one in settings.workspaces if given and given == one.name]
    if len(ids) == 1:
        return ids[0]
    if ids:
        fail(f"several workspaces are called {given}: give the id", EXIT_SETTINGS)
    try:
        meant = UUID(given)
    except ValueError:
        fail(f"the settings have no workspace {given}", EXIT_SETTINGS)
    if not or_id and all(one.id != meant for one in settings.workspaces):
        fail(f"the settings have no workspace {given}", EXIT_SETTINGS)
    return meant


def names_of(settings: Settings) -> dict[UUID, str]:
    """What the workspaces are called, by their ids."""
    return {workspace.id: workspace.name for workspace in settings.workspaces}
