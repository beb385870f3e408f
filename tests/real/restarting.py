"""callcue as it runs in life: a process of its own, which can be killed and started again."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import ClientError, ClientSession, TCPConnector
from aiohttp.test_utils import unused_port
from ears import hearing
from ears.ear import Ear, Frame

from .hand import Hand
from .pbx import Pbx
from .service import Integrator, Screen

READY_SECONDS = 30.0
END_SECONDS = 10.0
FRAME = 0.020


class ServiceProcess:
    """`callcue serve --demo` with a store of its own; the same port and folder at each start."""

    def __init__(
        self,
        pbx: Pbx,
        folder: Path,
        http: ClientSession,
        settings: str = "",
        ami_port: int | None = None,
    ) -> None:
        """*settings*: of its settings file; *ami_port*: of a go-between, if there is one."""
        (folder / "callcue.toml").write_text(settings)
        self.folder = folder
        self.http = http
        self.port = unused_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("CALLCUE_")},
            "CALLCUE_ASTERISK_HOST": pbx.host,
            "CALLCUE_ASTERISK_PORT": str(ami_port or pbx.port),
            "CALLCUE_ASTERISK_USERNAME": pbx.username,
            "CALLCUE_ASTERISK_SECRET": pbx.secret,
            "CALLCUE_HTTP_PORT": str(self.port),
            "CALLCUE_STORE_PATH": str(self.store),
            "CALLCUE_SETTINGS": str(folder / "callcue.toml"),
            "CALLCUE_MEDIA_FOLDER": str(pbx.sounds / "callcue"),
            "CALLCUE_ASTERISK_MEDIA_FOLDER": "callcue",
        }
        self._process: Process | None = None

    @property
    def store(self) -> Path:
        """Its store."""
        return self.folder / "callcue.db"

    def ends(self) -> dict[str, tuple[str | None, float | None]]:
        """Every playback of the store, with the reason and the moment of its end."""
        with closing(sqlite3.connect(self.store)) as store:
            rows = store.execute("SELECT id, reason, ended FROM playbacks").fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    async def knows(self, ear: Ear) -> None:
        """Wait until it does."""
        async with asyncio.timeout(READY_SECONDS):
            while (await self.integrator(ear.id).refused("pause"))[0] == 404:
                await asyncio.sleep(0.02)

    def log(self) -> list[dict[str, Any]]:
        """Every line of all runs."""
        lines = (self.folder / "callcue.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    async def start(self) -> None:
        """Start it, and wait until it knows the calls."""
        with (self.folder / "callcue.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "callcue", "serve", "--demo"),
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(READY_SECONDS):
            while not await self.is_ready():
                assert self._process.returncode is None, self.log()[-5:]
                await asyncio.sleep(0.02)

    async def is_ready(self) -> bool:
        """Whether it says so."""
        try:
            async with self.http.get(f"{self.url}/health/ready") as response:
                return response.status == 200
        except ClientError:
            return False

    async def kill(self) -> None:
        """End it as a power failure would."""
        await self._end(signal.SIGKILL)

    def tell(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def gone(self) -> int:
        """Wait for its end; its exit code."""
        assert self._process is not None
        async with asyncio.timeout(END_SECONDS):
            return await self._process.wait()

    async def close(self) -> None:
        """End it, if it runs."""
        if self._process is not None and self._process.returncode is None:
            await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> None:
        self.tell(number)
        await self.gone()

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def screen(self, agent: str) -> Screen:
        """A VICIdial screen for that agent."""
        return Screen(self, agent)

    def integrator(self, call: UUID) -> Integrator:
        """A Bird client for that call."""
        return Integrator(self.http, self.url, call)


@asynccontextmanager
async def service_process(
    pbx: Pbx, folder: Path, settings: str = "", ami_port: int | None = None
) -> AsyncIterator[ServiceProcess]:
    """One that is not started yet; at the end it is gone."""
    # No connection stays open: what the service still has then is its own.
    async with ClientSession(connector=TCPConnector(force_close=True)) as http:
        process = ServiceProcess(pbx, folder, http, settings, ami_port)
        try:
            yield process
        finally:
            await process.close()


async def legs(hand: Hand) -> list[str]:
    """The player halves that there are."""
    channels = await hand.items("CoreShowChannels")
    return [c["Uniqueid"] for c in channels if c.get("Uniqueid", "").startswith("callcue-p-")]


async def no_leg_is_left(hand: Hand) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(5):
        while await legs(hand):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def nothing_left_behind(hand: Hand) -> AsyncIterator[None]:
    """In the end no leg may be there; those that are do not outlive a test that has failed."""
    try:
        yield
        await no_leg_is_left(hand)
    finally:
        for leg in await legs(hand):
            await hand.do("Hangup", Channel=leg)


def jumps(frames: Sequence[Frame]) -> list[float]:
    """Where the sweep does not go on as it should, in seconds."""
    places = [hearing.sweep_position(frame) for frame in frames if hearing.audible(frame)]
    steps = [after - before for before, after in pairwise(places)]
    return [step for step in steps if abs(step - FRAME) > FRAME]
