"""A real process is told to end while others listen to its events."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from fakes.process import PARTY, ServedProcess, served, with_party
from fakes.service import CHANNEL, KEY, WORKSPACE
from fakes.stream import Stream

WORKSPACES = f"/workspaces/{WORKSPACE}/events"
CALLS = f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls/{PARTY}/events"
ROOM = "8600051"
CLIP = {"media": ["sound:offer"]}
GONE_SECONDS = 6.0
"""For a process with nothing left to wait for."""
LATEST_SECONDS = 15.0
"""For one whose store cannot be written."""


@asynccontextmanager
async def _listening(service: ServedProcess) -> AsyncIterator[list[Stream]]:
    """Three that listen: two to the workspace, and one to the call."""
    headers = {"Authorization": f"AccessKey {KEY}"}
    async with AsyncExitStack() as stack:
        streams = []
        for path in (WORKSPACES, WORKSPACES, CALLS):
            response = await stack.enter_async_context(service.http.get(path, headers=headers))
            assert response.status == 200
            streams.append(Stream(response))
        yield streams


async def _until(streams: list[Stream], kind: str) -> None:
    """Each gets all up to that, whole and in order."""
    for seen in await asyncio.gather(*(stream.until(kind) for stream in streams)):
        ids = [int(event["id"]) for event in seen]
        assert ids == list(range(ids[0], ids[0] + len(ids)))


async def _all_end(
    service: ServedProcess, streams: list[Stream], within: float = GONE_SECONDS
) -> None:
    told = time.monotonic()
    await asyncio.gather(*(stream.ends() for stream in streams))
    assert await service.process.wait() == 0, service.log.read_text()
    assert time.monotonic() - told < within


async def test_given_streams_when_told_to_end_then_each_has_the_last_event_and_ends_properly(
    tmp_path: Path,
) -> None:
    async with (
        with_party() as pbx,
        served(tmp_path, pbx.ami.port) as service,
        _listening(service) as streams,
    ):
        status, _ = await service.bird("POST", "?wait=started", CLIP)
        assert status == 202
        await _until(streams, "item_started")
        await service.verb("stop")
        service.process.terminate()  # before what has just happened can be on record
        await _until(streams, "stopped")
        await _all_end(service, streams)


async def test_given_a_clip_to_wait_for_when_told_to_end_then_streams_stay_for_its_end(
    tmp_path: Path,
) -> None:
    async with (
        with_party() as pbx,
        served(tmp_path, pbx.ami.port, more="[playback]\nat_end = 'await'\n") as service,
        _listening(service) as streams,
    ):
        status, _ = await service.bird("POST", "?wait=started", CLIP)
        assert status == 202
        await _until(streams, "item_started")
        service.process.terminate()
        await _is_ending(service)
        await service.verb("pause")
        await _until(streams, "paused")
        await service.verb("resume")
        await _until(streams, "resumed")
        pbx.finish_item(ROOM)
        await _until(streams, "finished")
        await _all_end(service, streams)


async def test_given_a_store_that_is_locked_when_told_to_end_then_nobody_waits_for_it(
    tmp_path: Path,
) -> None:
    async with (
        with_party() as pbx,
        served(tmp_path, pbx.ami.port) as service,
        _listening(service) as streams,
    ):
        await service.bird("POST", "?wait=started", CLIP)
        await _until(streams, "item_started")
        with closing(sqlite3.connect(tmp_path / "callcue.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await service.verb("stop")
            service.process.terminate()
            await _all_end(service, streams, within=LATEST_SECONDS)


async def _is_ending(service: ServedProcess) -> None:
    async with asyncio.timeout(3):
        while (await service.http.get("/health/ready")).status != 503:
            await asyncio.sleep(0.01)
