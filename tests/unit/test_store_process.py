"""The real service and the real command over one store, and the service is killed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket

import aiohttp
from fakes.waiting import until

from callcue.api.lockout import FAILURES

SOURCE = Path(__file__).parents[2] / "src"
PASSWORD = "s3cret-Pass"
SELDOM = 0.4
"""Each try may be a failure, and ten of them lock."""


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _command(folder: Path, *words: str, port: int = 0) -> asyncio.subprocess.Process:
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(SOURCE),
        "CALLCUE_HTTP_PORT": str(port or _free_port()),
        "CALLCUE_ASTERISK_SECRET": "ami-s3cret",
        "CALLCUE_ASTERISK_PORT": str(_free_port()),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcue", *words),
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _done(folder: Path, *words: str) -> str:
    process = await _command(folder, *words)
    async with asyncio.timeout(30):
        said, complaint = await process.communicate(f"{PASSWORD}\n".encode())
    assert process.returncode == 0, complaint
    return said.decode()


@asynccontextmanager
async def _service(folder: Path) -> AsyncIterator["_Screen"]:
    """Killed at the end: nothing that it could still have done is done."""
    port = _free_port()
    process = await _command(folder, "serve", port=port)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            heard = b""
            while b"listening" not in heard:
                line = await process.stderr.readline()
                assert line, heard
                heard += line
            yield _Screen(session, f"http://127.0.0.1:{port}/agc/api.php")
    finally:
        process.kill()
        await process.communicate()


class _Screen:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def stop(self, password: str = PASSWORD) -> str:
        query = {"source": "test", "user": "ann", "pass": password, "agent_user": "1000"}
        query |= {"function": "audio_playback", "stage": "STOP"}
        async with self._session.get(self._url, params=query) as response:
            return await response.text()


async def test_given_a_service_that_is_killed_then_users_and_locks_are_there_again(
    tmp_path: Path,
) -> None:
    async with _service(tmp_path) as screen:
        await _done(tmp_path, "user", "add", "ann")

        async def is_known() -> bool:
            return "|BAD|" not in await screen.stop()

        await until(is_known, every=SELDOM)
        # No Asterisk is there, so that is as far as it gets.
        assert "telephony server unavailable" in await screen.stop()
        assert "yes" in await _done(tmp_path, "user", "list")
        await _done(tmp_path, "user", "disable", "ann")

        async def is_disabled() -> bool:
            return "|BAD|" in await screen.stop()

        await until(is_disabled, every=SELDOM)
        await _done(tmp_path, "user", "enable", "ann")
        await until(is_known, every=SELDOM)
        for number in range(FAILURES):
            await screen.stop(f"wrong{number}")
        assert "|LOCK|" in await screen.stop("another")
        assert "|LOCK|" in await screen.stop()  # remembered, but these failures are from here
        await _written(tmp_path)
    async with _service(tmp_path) as screen:
        assert "|LOCK|" in await screen.stop()


async def _written(folder: Path) -> None:
    """Wait until the last failure is in the file."""
    from callcue.store.database import Database
    from callcue.store.schema import FAILURES as COUNTED

    database = Database(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")

    async def is_written() -> bool:
        async with database.reading() as connection:
            rows = (await connection.execute(COUNTED.select())).all()
        return any(row.failures >= FAILURES for row in rows)

    await until(is_written)
    await database.close()
