"""ARI, as one would use it: a fresh channel for each clip, `play` on it, `control` for the verbs.

The channel enters the room as callcue's leg does, through [callcue-join]. ARI's commands answer
when they are queued; only the start of a playback is told by an event, which is waited for.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Self
from uuid import uuid4

from aiohttp import ClientSession, ClientWebSocketResponse
from real.hand import Hand
from real.pbx import Pbx

from .contestant import ALL_VERBS, Place, Refused
from .wire import Answer, Wires, request

MODULES = (
    "res_http_websocket",
    "res_sorcery_config",
    "res_websocket_client",
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_recording",
    "res_stasis_playback",
    "res_stasis_snoop",
    "res_ari",
    "res_ari_model",
    "res_ari_channels",
    "res_ari_playbacks",
    "res_ari_events",
    "app_stasis",
)
"""In the order in which Asterisk 22 takes them. The test PBX starts without."""

APP = "bench"
USER = "bench"
SKIP_SECONDS = 3.0
ONE_FRAME = 0.020


async def load_modules(hand: Hand) -> None:
    """Teach a running test PBX to speak ARI."""
    for module in MODULES:
        there = await hand.do("ModuleCheck", Module=f"{module}.so")
        if there["Response"] == "Success":  # the phones of the test PBX need it as well
            continue
        reply = await hand.do("ModuleLoad", Module=f"{module}.so", LoadType="load")
        assert reply["Response"] == "Success", (module, reply)


class Ari:
    """Commands over HTTP, events over a WebSocket."""

    name = "ARI"
    verbs: tuple[str, ...] = tuple(verb for verb in ALL_VERBS if verb != "volume")
    """No volume: measured, a POST of VOLUME(TX) is not answered within two seconds while a clip
    plays, and nothing of it is heard."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        credentials = base64.b64encode(f"{USER}:{pbx.secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._wires = Wires(pbx.host, pbx.http_port)
        self._channels: dict[str, str] = {}
        self._awaited: dict[tuple[str, str], asyncio.Future[None]] = {}

    @classmethod
    async def open(cls, pbx: Pbx) -> Self:
        """Subscribe to the events."""
        ari = cls(pbx)
        ari._session = ClientSession(headers=ari._headers)
        url = f"http://{pbx.host}:{pbx.http_port}/ari/events?app={APP}"
        ari._socket = await ari._session.ws_connect(url)
        ari._reading = asyncio.create_task(ari._read())
        return ari

    _session: ClientSession
    _socket: ClientWebSocketResponse
    _reading: asyncio.Task[None]

    async def close(self) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        await self._socket.close()
        await self._session.close()
        self._wires.close()

    # ---- verbs ----------------------------------------------------------------------------

    async def play(self, place: Place, clip: str) -> None:
        name = str(uuid4())
        # By these names callcue takes the channel for no party of its rooms.
        channel = self._channels[place.number] = f"callcue-p-{name}"
        entered = self._await("StasisStart", channel)
        body = {
            "endpoint": "Local/room@callcue-join/n",
            "app": APP,
            "channelId": channel,
            "otherChannelId": f"callcue-j-{name}",
            "variables": {"CALLCUE_ROOM": place.number},
        }
        await self._ask(place, "POST", "/channels", body)
        await entered
        started = self._await("PlaybackStarted", channel)
        where = f"/channels/{channel}/play/{channel}?skipms={SKIP_SECONDS * 1000:.0f}"
        await self._ask(place, "POST", where, {"media": f"sound:{clip}"})
        await started

    async def pause(self, place: Place) -> None:
        await self._control(place, "pause")

    async def resume(self, place: Place) -> None:
        await self._control(place, "unpause")

    async def restart(self, place: Place) -> None:
        await self._control(place, "restart")

    async def seek(self, place: Place, seconds: float) -> None:  # noqa: ARG002 - it has steps only
        await self._control(place, "forward")

    async def volume(self, place: Place, decibels: int) -> None:
        raise NotImplementedError

    async def stop(self, place: Place) -> None:
        await self._ask(place, "DELETE", f"/playbacks/{self._channels[place.number]}")

    async def clear(self, place: Place) -> None:
        channel = self._channels.pop(place.number)
        gone = self._await("ChannelDestroyed", channel)
        await self._ask(place, "DELETE", f"/channels/{channel}")
        await gone

    def lands(self, before: float, target: float) -> float:  # noqa: ARG002 - it has steps only
        return before + SKIP_SECONDS + ONE_FRAME

    async def _control(self, place: Place, operation: str) -> None:
        channel = self._channels[place.number]
        await self._ask(place, "POST", f"/playbacks/{channel}/control?operation={operation}")

    # ---- the wire -------------------------------------------------------------------------

    async def _ask(
        self, place: Place, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        asked = request(method, f"/ari{path}", self._headers, raw)
        answer = await self._wires.ask(place.number, asked)
        if answer.status >= 300:
            raise Refused(f"ARI: {method} {path}: {answer.status} {answer.body!r}")
        return answer

    def _await(self, kind: str, name: str) -> "asyncio.Future[None]":
        future = self._awaited[kind, name] = asyncio.get_running_loop().create_future()
        return future

    async def _read(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data)
            about = event.get("channel") or event.get("playback") or {}
            future = self._awaited.pop((event["type"], about.get("id", "")), None)
            if future is not None and not future.done():
                future.set_result(None)
