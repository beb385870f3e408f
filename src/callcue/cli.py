"""`callcue`: what an operator types. Errors are one line; 2 is the exit code for the settings."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callcue import (
    __version__,
    cli_doctor,
    cli_keys,
    cli_log,
    cli_reload,
    cli_sounds,
    cli_users,
    cli_webhooks,
    demo,
)
from callcue.api.keys import digest, new_key
from callcue.core.directories import Directories
from callcue.settings import Settings, SettingsError, load
from callcue.settings.control import control_socket
from callcue.settings.load import settings_file
from callcue.terminal import EXIT_FAULT, EXIT_SETTINGS, SettingsFile, fail, read_password

if TYPE_CHECKING:
    from callcue.asterisk.server import AsteriskServer

app = typer.Typer(
    name="callcue",
    help="Plays the right clip into a live Asterisk call, on cue.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.add_typer(cli_users.app, name="user")
app.add_typer(cli_keys.app, name="key")
app.add_typer(cli_webhooks.app, name="webhook")
app.add_typer(cli_sounds.app, name="sound")
app.command("log")(cli_log.show)
app.command("doctor")(cli_doctor.examine)
app.command("reload")(cli_reload.reload)


def main() -> None:
    """Run the command line."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"callcue {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Plays the right clip into a live Asterisk call, on cue."""


@app.command()
def serve(
    settings: SettingsFile = None,
    demo_mode: Annotated[
        bool, typer.Option("--demo", help="With credentials that everybody knows. To try it out.")
    ] = False,
) -> None:
    """Run the service until Ctrl-C or SIGTERM."""
    try:

        def read() -> Settings:
            found = load(settings, os.environ, demo=demo_mode)
            return demo.with_demo_credentials(found) if found.demo else found

        socket = control_socket(settings_file(settings, os.environ))
        raise typer.Exit(0 if _serve(read, socket) else EXIT_FAULT)
    except SettingsError as error:
        fail(str(error), EXIT_SETTINGS)


@app.command()
def hash_password() -> None:
    """Read a password from the terminal or from stdin, and print its argon2 hash."""
    from argon2 import PasswordHasher

    typer.echo(PasswordHasher().hash(read_password()))


@app.command("new-key")
def print_new_key() -> None:
    """Make a random access key; print it, this once, and its SHA-256 for the settings."""
    key = new_key()
    typer.echo(f"access key (shown once): {key}")
    typer.echo(f"sha256 (for the settings): {digest(key)}")


def _serve(read: Callable[[], Settings], socket: Path | None) -> bool:
    # Late, so that the small commands do not wait for everything there is.
    from callcue import logs
    from callcue.rereading import Source
    from callcue.serving import CannotListen
    from callcue.serving import serve as run

    settings = read()
    logs.configure(settings.log.level, settings.log.format)
    companion = None
    if settings.demo:
        _shout(demo.WARNING)
        companion = _Invitation(settings)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(run(settings, companion, Source(read, socket)))
    except CannotListen as error:
        typer.echo(f"callcue: {error}", err=True)
        return False


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Invitation:
    """Waits for Asterisk, then prints what to paste; or says why there is nothing to paste yet."""

    def __init__(self, settings: Settings) -> None:
        self._base = demo.base_url(settings.http.host, settings.http.port)
        self._where = {a.name: f"{a.host} port {a.port}" for a in settings.asterisk}

    async def __call__(self, servers: "Sequence[AsteriskServer]") -> None:
        await demo.until_ready(servers, all, demo.PATIENCE_SECONDS)
        for server in servers:
            found = server.readiness()
            if not found.ready:
                where, why = self._where[server.name], f": {found.reason}" if found.reason else ""
                _shout(f"Asterisk at {where} is not ready ({found.phase}){why}. Still trying.")
        await demo.until_ready(servers, any, float("inf"))
        there = [
            f"Asterisk {server.version} at {self._where[server.name]}"
            for server in servers
            if server.readiness().ready
        ]
        for line in demo.invitation(self._base, Directories(servers), " and ".join(there)):
            typer.echo(_coloured(line))


def _shout(text: str) -> None:
    typer.secho(text, fg=typer.colors.YELLOW, bold=True, err=True)


def _coloured(line: str) -> str:
    if line.startswith("# "):
        return typer.style(line, dim=True)
    if line.startswith("curl "):
        return typer.style(line, fg=typer.colors.CYAN)
    return typer.style(line, bold=True)
