"""`callcue sound ...`: the clips of the audio store."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callcue.cli_tables import Columns, Json, print_list
from callcue.media.names import LONGEST_NAME, is_sound_name
from callcue.settings import Settings
from callcue.terminal import (
    EXIT_FAULT,
    EXIT_SETTINGS,
    SettingsFile,
    fail,
    read_settings,
)

if TYPE_CHECKING:
    from callcue.core.ports import AudioStore, StoredSound

app = typer.Typer(
    help="The clips of the audio store. A running service plays them from the next PLAY on.",
    no_args_is_help=True,
)

CHUNK = 256 * 1024

Name = Annotated[str, typer.Argument(metavar="NAME", help="The clip's name.")]
File = Annotated[
    Path, typer.Argument(metavar="FILE", help="A file of sound in any usual format; - is stdin.")
]


@app.command()
def add(name: Name, file: File, settings: SettingsFile = None) -> None:
    """Add a clip, or give its name another one. What plays now is heard to its end."""
    from callcue.core.errors import AudioStoreFull, ClipFailed

    if not is_sound_name(name):
        fail(f"a name is 1 to {LONGEST_NAME} of A-Z a-z 0-9 _ -", EXIT_SETTINGS)
    store = _store(read_settings(settings))
    try:
        sound = asyncio.run(store.add(name, _read(file)))
    except ClipFailed as error:
        fail(f"{file} was not added: {error.why}", EXIT_FAULT)
    except AudioStoreFull as error:
        fail(f"the audio store cannot be written: {error}", EXIT_FAULT)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", EXIT_FAULT)
    typer.echo(f"{name} is there: {_seconds(sound)}, peak {sound.peak:.2f}")


@app.command("list")
def list_sounds(as_json: Json = False, settings: SettingsFile = None) -> None:
    """List the clips of the audio store."""
    rows = [_shown(sound) for sound in _store(read_settings(settings)).sounds()]
    print_list(rows, _COLUMNS, as_json=as_json)


@app.command()
def show(name: Name, settings: SettingsFile = None) -> None:
    """Show one clip, as JSON."""
    sound = _store(read_settings(settings)).sound(name)
    if sound is None:
        fail(f"there is no clip {name} in the audio store", EXIT_FAULT)
    typer.echo(json.dumps(_shown(sound), indent=2))


@app.command()
def remove(name: Name, settings: SettingsFile = None) -> None:
    """Remove a clip. What plays now is heard to its end."""
    if not asyncio.run(_store(read_settings(settings)).remove(name)):
        fail(f"there is no clip {name} in the audio store", EXIT_FAULT)
    typer.echo(f"{name} is removed")


def _shown(sound: "StoredSound") -> dict[str, Any]:
    from callcue.api.bird.sounds import view

    return view(sound)


def _store(settings: Settings) -> "AudioStore":
    # Late: the small commands need not wait for what decodes.
    from callcue.app_media import audio_store

    return audio_store(settings)


async def _read(file: Path) -> AsyncIterator[bytes]:
    if str(file) == "-":
        while chunk := sys.stdin.buffer.read(CHUNK):
            yield chunk
        return
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _seconds(sound: "StoredSound") -> str:
    return f"{sound.length / 1000:.3f} s"


_COLUMNS: Columns = {
    "name": lambda row: row["name"],
    "seconds": lambda row: f"{row['lengthMilliseconds'] / 1000:.3f}",
    "peak": lambda row: f"{row['peak']:.2f}",
    "bytes": lambda row: str(row["bytes"]),
    "added": lambda row: row["addedAt"],
}
