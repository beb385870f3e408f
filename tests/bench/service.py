"""callcue as it runs in life: a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.unhurried import UNHURRIED
from real.pbx import Pbx

from .wire import Wire, request

HOST = "127.0.0.1"
READY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Service:
    """Where it answers, and which process it is."""

    port: int
    pid: int
    host: str = HOST


@asynccontextmanager
async def running_service(
    pbx: Pbx, folder: Path, *, ami_port: int | None = None
) -> AsyncIterator[Service]:
    """`callcue serve --demo` on *pbx*, ready; through another port of AMI if one is named."""
    port = _free_port()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CALLCUE_")},
        "CALLCUE_ASTERISK_HOST": pbx.host,
        "CALLCUE_ASTERISK_PORT": str(ami_port or pbx.port),
        "CALLCUE_ASTERISK_USERNAME": pbx.username,
        "CALLCUE_ASTERISK_SECRET": pbx.secret,
        "CALLCUE_HTTP_PORT": str(port),
    }
    (folder / "callcue.toml").write_text(UNHURRIED + '[store]\npath = "callcue.db"\n')
    with (folder / "callcue.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callcue", "serve", "--demo"),
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        await _until_ready(port)
        yield Service(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def _until_ready(port: int) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while not await _is_ready(port):
            await asyncio.sleep(0.1)


async def _is_ready(port: int) -> bool:
    try:
        wire = await Wire.open(HOST, port)
        answer = await wire.ask(request("GET", "/health/ready"))
    except OSError:
        return False
    wire.close()
    return answer.status == 200


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
