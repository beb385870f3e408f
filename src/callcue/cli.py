"""`callcue`: what an operator types. Errors are one line; 2 is the exit code for the settings."""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callcue import __version__, demo
from callcue.api.keys import digest, new_key
from callcue.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from callcue.asterisk.server import AsteriskServer

EXIT_FAULT = 1
EXIT_SETTINGS = 2

_ARRIVES = re.compile(r"[A-Za-z0-9.+/=_-]{2,256}")
"""What of a password api.php lets through; the rest it drops before anybody looks at it."""

app = typer.Typer(
    name="callcue",
    help="Plays the right clip into a live Asterisk call, on cue.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    settings: Annotated[
        Path | None,
        typer.Option(help="The settings file; else CALLCUE_SETTINGS, else ./callcue.toml."),
    ] = None,
    demo_mode: Annotated[
        bool, typer.Option("--demo", help="With credentials that everybody knows. To try it out.")
    ] = False,
) -> None:
    """Run the service until Ctrl-C or SIGTERM."""
    try:
        found = load(settings, os.environ, demo=demo_mode)
        raise typer.Exit(0 if _serve(found) else EXIT_FAULT)
    except SettingsError as error:
        _fail(str(error), EXIT_SETTINGS)


@app.command()
def hash_password() -> None:
    """Read a password from the terminal or from stdin, and print its argon2 hash."""
    from argon2 import PasswordHasher

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not _ARRIVES.fullmatch(password):
        _fail(
            "use 2 to 256 letters, digits and . + / = _ - in a password:"
            " api.php drops every other character",
            EXIT_SETTINGS,
        )
    typer.echo(PasswordHasher().hash(password))


@app.command("new-key")
def print_new_key() -> None:
    """Make a random access key; print it, this once, and its SHA-256 for the settings."""
    key = new_key()
    typer.echo(f"access key (shown once): {key}")
    typer.echo(f"sha256 (for the settings): {digest(key)}")


def _fail(message: str, code: int) -> None:
    typer.echo(f"callcue: {message}", err=True)
    raise typer.Exit(code)


def _serve(settings: Settings) -> bool:
    # Late, so that the small commands do not wait for everything there is.
    from callcue import logs
    from callcue.serving import CannotListen
    from callcue.serving import serve as run

    logs.configure(settings.log.level, settings.log.format)
    companion = None
    if settings.demo:
        settings = demo.with_demo_credentials(settings)
        _shout(demo.WARNING)
        companion = _Invitation(settings)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(run(settings, companion))
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
        self._where = f"{settings.asterisk.host} port {settings.asterisk.port}"

    async def __call__(self, server: "AsteriskServer") -> None:
        found = await demo.until_ready(server.readiness, demo.PATIENCE_SECONDS)
        if not found.ready:
            why = f": {found.reason}" if found.reason else ""
            _shout(f"Asterisk at {self._where} is not ready ({found.phase}){why}. Still trying.")
            await demo.until_ready(server.readiness, float("inf"))
        asterisk = f"Asterisk {server.version} at {self._where}"
        for line in demo.invitation(self._base, server.directory, asterisk):
            typer.echo(_coloured(line))


def _shout(text: str) -> None:
    typer.secho(text, fg=typer.colors.YELLOW, bold=True, err=True)


def _coloured(line: str) -> str:
    if line.startswith("# "):
        return typer.style(line, dim=True)
    if line.startswith("curl "):
        return typer.style(line, fg=typer.colors.CYAN)
    return typer.style(line, bold=True)
