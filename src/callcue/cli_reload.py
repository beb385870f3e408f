"""`callcue reload`: the service that runs reads its settings again."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from callcue.settings.control import control_socket
from callcue.settings.load import settings_file
from callcue.terminal import EXIT_FAULT, EXIT_SETTINGS, SettingsFile, fail

Socket = Annotated[
    Path | None,
    typer.Option("--socket", help="Where the service answers; else as its settings file says."),
]


def reload(settings: SettingsFile = None, socket: Socket = None) -> None:
    """Have the service that runs read its settings again, and say what came of it.

    Exit code: 0 they are in force, 1 no service answers, 2 they were refused as a whole.
    """
    # Late: the small commands need not wait for everything there is.
    from callcue.control import NobodyThere, ask_to_reload

    path = socket or control_socket(settings_file(settings, os.environ))
    if path is None:
        fail("there is no settings file: name it, or the --socket of the service", EXIT_SETTINGS)
    try:
        answer = asyncio.run(ask_to_reload(path))
    except NobodyThere as error:
        fail(str(error), EXIT_FAULT)
    if answer.refused:
        fail("\n".join(["refused, the old settings stay in force:", *answer.lines]), EXIT_SETTINGS)
    for line in answer.lines:
        typer.echo(line)
