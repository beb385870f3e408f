"""`callcue serve --demo` as a process of its own, as a newcomer has it."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, ClientSession

from .pbx import Pbx

CALLCUE = Path(sys.executable).with_name("callcue")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def demonstration(pbx: Pbx) -> AsyncIterator[tuple[ClientSession, Process]]:
    """`callcue serve --demo` beside the test PBX, ready: a client of it, and the process itself."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "CALLCUE_ASTERISK_HOST": pbx.host,
        "CALLCUE_ASTERISK_PORT": str(pbx.port),
        "CALLCUE_ASTERISK_USERNAME": pbx.username,
        "CALLCUE_ASTERISK_SECRET": pbx.secret,
        "CALLCUE_HTTP_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        CALLCUE,
        "serve",
        "--demo",
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with ClientSession(f"http://127.0.0.1:{port}") as client:
            await until_ready(client)
            yield client, process
    finally:
        if process.returncode is None:
            process.terminate()
            assert await process.wait() == 0


async def until_ready(client: ClientSession) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                async with client.get("/health/ready") as response:
                    if response.status == 200:
                        return
            except ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(0.05)
