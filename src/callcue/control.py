"""The socket by which `callcue reload` reaches the service that runs: one word in, one line out.

It is its owner's alone. Whoever may use it could as well send the service a signal.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

RELOAD = b"reload\n"
PATIENCE = 30.0
_OTHERS_MAY_NOT = 0o177

log = structlog.get_logger(__name__)


class NobodyThere(Exception):
    """No service answers at that socket; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it, for the one who asked."""

    refused: bool
    lines: tuple[str, ...]


class ControlSocket:
    """Answers at a path for as long as it is open."""

    def __init__(self, path: Path | None, reload: Callable[[], Awaitable[Answer]]) -> None:
        """Without a *path* nothing is opened."""
        self._path = path
        self._reload = reload
        self._server: asyncio.Server | None = None
        self._inode = 0

    async def open(self) -> None:
        """Listen. A path that cannot be had is logged: SIGHUP does the same."""
        if self._path is None:
            return
        try:
            listening = _bound(self._path)
        except OSError as error:
            why = error.strerror or str(error)
            log.info(
                "callcue reload cannot reach us, SIGHUP can", socket=str(self._path), reason=why
            )
            return
        self._server = await asyncio.start_unix_server(self._serve, sock=listening)
        self._inode = self._path.stat().st_ino

    async def close(self) -> None:
        """Listen no more, and take the path away unless somebody else has it now."""
        if self._server is None or self._path is None:
            return
        self._server.close()
        with suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                if await reader.readline() == RELOAD:
                    writer.write(json.dumps(asdict(await self._reload())).encode() + b"\n")
                    await writer.drain()
        except (TimeoutError, OSError, ValueError):
            return  # who asked has gone
        finally:
            writer.close()


def _bound(path: Path) -> socket.socket:
    """A path left over from a service that was killed is taken, one in use is not."""
    with socket.socket(socket.AF_UNIX) as other:
        try:
            other.connect(str(path))
        except FileNotFoundError:
            pass
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OSError("another callcue answers there")
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(_OTHERS_MAY_NOT)
    try:
        listening.bind(str(path))
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(before)
    return listening


async def ask_to_reload(path: Path) -> Answer:
    """Have the service at that socket read its settings again.

    Raises:
        NobodyThere: there is none.

    """
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                writer.write(RELOAD)
                said = json.loads(await reader.readline())
            finally:
                writer.close()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it does not answer"
        raise NobodyThere(f"no callcue answers at {path}: {why}") from None
    return Answer(refused=bool(said["refused"]), lines=tuple(map(str, said["lines"])))
