"""callcue through its JSON dialect, as an integrator's program asks."""

import json
from collections.abc import Mapping

from callcue import demo

from .contestant import ALL_VERBS, Place, Refused
from .wire import Answer, Wires, request

_HEADERS = {"Authorization": f"AccessKey {demo.ACCESS_KEY}"}


class Bird:
    """PLAY is answered once it is accepted; every other verb once Asterisk has confirmed it."""

    name = "callcue, JSON"
    verbs: tuple[str, ...] = ALL_VERBS

    def __init__(self, host: str, port: int) -> None:
        self._wires = Wires(host, port)

    async def close(self) -> None:
        self._wires.close()

    async def play(self, place: Place, clip: str) -> None:
        body = {"media": [f"sound:{clip}"]}
        await self._ask(place, "/playback?ifPlaying=reject", body)

    async def pause(self, place: Place) -> None:
        await self._ask(place, "/playback/pause")

    async def resume(self, place: Place) -> None:
        await self._ask(place, "/playback/resume")

    async def restart(self, place: Place) -> None:
        await self._ask(place, "/playback/restart")

    async def seek(self, place: Place, seconds: float) -> None:
        body = {"positionMilliseconds": round(seconds * 1000)}
        await self._ask(place, "/playback/seek", body)

    async def volume(self, place: Place, decibels: int) -> None:
        await self._ask(place, "/playback/volume", {"decibels": float(decibels)})

    async def stop(self, place: Place) -> None:
        await self._ask(place, "/playback/stop")

    async def clear(self, place: Place) -> None:
        """Nothing is left."""

    def lands(self, before: float, target: float) -> float:  # noqa: ARG002 - others need it
        return target

    async def knows(self, place: Place) -> bool:
        """Whether callcue knows that call already."""
        answer = await self._wires.ask(place.number, request("GET", _call(place), _HEADERS))
        return answer.status == 200

    async def state(self, place: Place) -> str:
        """Where the playback of that call stands."""
        asked = request("GET", f"{_call(place)}/playback", _HEADERS)
        answer = await self._wires.ask(place.number, asked)
        state: str = json.loads(answer.body)["state"]
        return state

    async def _ask(
        self, place: Place, path: str, body: Mapping[str, object] | None = None
    ) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        asked = request("POST", _call(place) + path, _HEADERS, raw)
        answer = await self._wires.ask(place.number, asked)
        if answer.status >= 300:
            raise Refused(answer.body.decode())
        return answer


def _call(place: Place) -> str:
    return f"/workspaces/{demo.WORKSPACE}/channels/{demo.CHANNEL}/calls/{place.call}"
