"""`callcue serve` as a process of its own, over a fake Asterisk in the test's."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from socket import socket
from typing import Any
from uuid import UUID

from aiohttp import ClientError, ClientSession
from fake_ami.pbx import FakePbx

from callcue.api.keys import digest

from .service import CHANNEL, KEY, PASSWORD, WORKSPACE, cheap_hash
from .unhurried import UNHURRIED

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src"
PARTY = UUID("cccccccc-0000-4000-8000-000000000001")
"""The unique id, and so the call id, of a party whom a test lets enter."""


@asynccontextmanager
async def with_party() -> AsyncIterator[FakePbx]:
    """A fake Asterisk, and `PARTY` in a room of it."""
    async with FakePbx() as pbx:
        pbx.enter("8600051", CALLCUE_CALL_ID=str(PARTY))
        yield pbx


@dataclass
class ServedProcess:
    """A running service, and one client of it."""

    process: Process
    http: ClientSession
    port: int
    log: Path

    def resident_kib(self) -> int:
        """What it takes of the machine's memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])

    async def kill(self) -> None:
        """End it as a power failure would."""
        self.process.kill()
        await self.process.wait()

    async def bird(
        self, method: str, tail: str, json: Any = None, *, key: str = ""
    ) -> tuple[int, Any]:
        """About the playback of `PARTY`; *key* is an Idempotency-Key."""
        call = f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls/{PARTY}"
        headers = {"Authorization": f"AccessKey {KEY}"}
        headers |= {"Idempotency-Key": key} if key else {}
        async with self.http.request(
            method, f"{call}/playback{tail}", json=json, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def verb(self, verb: str) -> None:
        """One that must be obeyed."""
        status, answer = await self.bird("POST", f"/{verb}")
        assert status == 200, answer


@asynccontextmanager
async def served(folder: Path, *ami_ports: int, more: str = "") -> AsyncIterator[ServedProcess]:
    """Ready, with an Asterisk at each of *ami_ports*; *more* are settings."""
    port = _free_port()
    (folder / "callcue.toml").write_text(_settings(port, ami_ports) + more)
    log = folder / "log"
    environ = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCE)}
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "callcue", "serve"), cwd=folder, env=environ, stderr=errors
        )
    try:
        async with ClientSession(f"http://127.0.0.1:{port}") as http:
            service = ServedProcess(process, http, port, log)
            await _until_ready(service)
            yield service
    finally:
        if process.returncode != -SIGKILL:  # that was the test
            if process.returncode is None:
                process.terminate()
            assert await process.wait() == 0, log.read_text()


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until_ready(service: ServedProcess) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with service.http.get("/health/ready") as answer:
                    found = (await answer.json())["asterisk"].values()
                    if all(one["ready"] for one in found):
                        return
            except ClientError:
                assert service.process.returncode is None, service.log.read_text()
            await asyncio.sleep(0.05)


def _settings(port: int, ami_ports: tuple[int, ...]) -> str:
    asterisks = (
        f'[[asterisk]]\nname = "pbx{number}"\nport = {ami}\nsecret = "a-secret"\n'
        for number, ami in enumerate(ami_ports)
    )
    return f"""
[http]
port = {port}
[[users]]
user = "6666"
password_hash = "{cheap_hash(PASSWORD)}"
[[workspaces]]
id = "{WORKSPACE}"
[[workspaces.channels]]
id = "{CHANNEL}"
[[workspaces.keys]]
name = "all"
sha256 = "{digest(KEY)}"
scopes = ["calls:read", "playback:write", "media:write", "webhooks:write"]
{"".join(asterisks)}
{UNHURRIED}"""


@asynccontextmanager
async def flooder(ami_port: int) -> AsyncIterator["Flooder"]:
    """`fakes.between` as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fakes.between", str(ami_port)),
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{SOURCE}"},
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdout is not None
    try:
        yield Flooder(process, int(await process.stdout.readline()))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@dataclass
class Flooder:
    process: Process
    port: int

    async def order(self, what: str) -> int:
        """A mixture, or `quiet`. How many events were added since the order before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n".encode())
        return int(await self.process.stdout.readline())
