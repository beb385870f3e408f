"""A process of its own that weighs sessions: every byte that Python gave out for them.

The memory of a whole process comes in pages and is not given back, which is too coarse for a few
KiB. So this one is callcue's own core and Asterisk side under `tracemalloc`, on the same Asterisk.
It reads what to do from stdin and writes what it found to stdout, both in JSON.
"""

import asyncio
import gc
import json
import sys
import tracemalloc

from callcue import logs
from callcue.asterisk.server import AsteriskAddress, AsteriskServer
from callcue.core.commands import Play, Stop
from callcue.core.controller import Controller
from callcue.core.playback import Playback, PlayRequest
from callcue.core.types import Conference
from callcue.store.ledger import MemoryLedger

SERVER = "main"


class Scales:
    """Sessions in rooms that are there already."""

    def __init__(self, address: AsteriskAddress, clip: str) -> None:
        self._server = AsteriskServer(address)
        self._request = PlayRequest(media=(clip,))
        self._controller = Controller(
            servers=[self._server],
            ledger=MemoryLedger(),
        )
        self._server.report_to(self._controller)

    async def weigh(self, rooms: list[str]) -> dict[str, float]:
        """Bytes for each session: with a live playback, and with one that has ended."""
        running = asyncio.create_task(self._server.run())
        while not self._server.readiness().ready:
            await asyncio.sleep(0.05)
        first, *others = (Conference(SERVER, number) for number in rooms)
        await self._stop(await self._play(first))
        before = await _held()
        playbacks = [await self._play(room) for room in others]
        live = await _held()
        for playback in playbacks:
            await self._stop(playback)
        del playbacks, playback
        ended = await _held()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        sessions = len(others)
        return {
            "sessions": sessions,
            "live_bytes": (live - before) / sessions,
            "ended_bytes": (ended - before) / sessions,
        }

    async def _play(self, room: Conference) -> Playback:
        playback = await self._controller.perform(room, Play(self._request))
        await playback.audible()
        return playback

    async def _stop(self, playback: Playback) -> None:
        await self._controller.perform(playback.place, Stop())
        await playback.gone()


async def _held() -> int:
    """Bytes in use, once all that is on its way has arrived."""
    await asyncio.sleep(0.5)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def _main() -> dict[str, float]:
    order = json.load(sys.stdin)
    return await Scales(AsteriskAddress(**order["address"]), order["clip"]).weigh(order["rooms"])


if __name__ == "__main__":
    logs.configure("warning")
    tracemalloc.start()
    json.dump(asyncio.run(_main()), sys.stdout)
