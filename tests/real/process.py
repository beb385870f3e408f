"""`callcue serve` as a process of its own: as a newcomer has it, and with settings of a test's."""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import ClientError, ClientSession, TCPConnector

from callcue import demo

from .pbx import Pbx
from .service import Integrator, check, table

CALLCUE = Path(sys.executable).with_name("callcue")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Served:
    """A callcue in a process of its own, with the credentials of the demonstration."""

    client: ClientSession
    process: Process

    def integrator(self, call: UUID) -> Integrator:
        """A Bird client for that call."""
        return Integrator(self.client, "", call)

    async def check(self, media: str) -> dict[str, Any]:
        """What would become of that media."""
        return await check(self.client, "", media)

    async def put_sound(self, name: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Have the audio store take that file."""
        headers = {"Authorization": f"AccessKey {demo.ACCESS_KEY}"}
        async with self.client.put(f"/sounds/{name}", data=body, headers=headers) as response:
            return response.status, await response.json()

    async def knows(self, *calls: UUID) -> None:
        """Wait until it has seen them in Asterisk."""
        async with asyncio.timeout(15):
            for call in calls:
                while (await self.integrator(call).look())[0] != 200:
                    await asyncio.sleep(0.02)

    async def has_no_child(self) -> None:
        """Wait until no process of its own is left, dead or alive."""
        async with asyncio.timeout(5):
            while self.children():
                await asyncio.sleep(0.02)

    def children(self) -> list[str]:
        """Process ids."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return [child for task in tasks for child in (task / "children").read_text().split()]

    def nameless_files(self) -> list[str]:
        """What it has open and nobody else can see: such files take room until they are closed."""
        found = []
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # just closed
                found.append(str(entry.readlink()))
        return [file for file in found if file.endswith("(deleted)")]

    def forget_peak(self) -> None:
        """From now on the kernel counts the most memory anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def memory(self, kind: str = "VmRSS") -> int:
        """Bytes it has now, or with `VmHWM` the most it ever had."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{kind}:"):
                return int(line.split()[1]) * 1024
        raise ValueError("the kernel does not say")

    def sees(self, path: Path) -> Path:
        """That path as the service has it, who may have mounts of its own."""
        return Path(f"/proc/{self.process.pid}/root{path}")


@asynccontextmanager
async def serving(
    pbx: Pbx,
    folder: Path,
    tables: Mapping[str, Mapping[str, Any]],
    *,
    port: int | None = None,
    before: Sequence[str] = (),
) -> AsyncIterator[Served]:
    """With these tables of settings beside those of the PBX; *before* is put before its command."""
    port = free_port() if port is None else port
    asterisk = {**table("main", pbx), **tables.get("asterisk", {})}
    media = {"folder": str(pbx.sounds / "callcue"), **tables.get("media", {})}
    all_tables = {**tables, "asterisk": asterisk, "media": media, "http": {"port": port}}
    settings = folder / "callcue.toml"
    settings.write_text(_toml(all_tables))
    command = [*before, str(CALLCUE), "serve", "--demo", "--settings", str(settings)]
    async with _running(command, {"PATH": os.environ["PATH"]}, port) as (client, process):
        yield Served(client, process)


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    # What is in these tables TOML writes as JSON does.
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )


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
    async with _running([str(CALLCUE), "serve", "--demo"], environment, port) as running:
        yield running


@asynccontextmanager
async def _running(
    command: Sequence[str], environment: Mapping[str, str], port: int
) -> AsyncIterator[tuple[ClientSession, Process]]:
    """It may be killed meanwhile; else it is told to end, and has to do so in peace."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=DEVNULL, stderr=DEVNULL
    )
    connections = TCPConnector(limit=0)
    try:
        async with ClientSession(f"http://127.0.0.1:{port}", connector=connections) as client:
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
