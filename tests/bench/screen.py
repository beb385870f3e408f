"""callcue through its VICIdial dialect, as the screen of a call centre asks."""

from urllib.parse import urlencode

from callcue import demo

from .contestant import Place, Refused
from .wire import Wires, request


class Screen:
    """`api.php`: it has no seek and no volume."""

    name = "callcue, api.php"
    verbs: tuple[str, ...] = ("play", "pause", "resume", "restart", "stop")

    def __init__(self, host: str, port: int) -> None:
        self._wires = Wires(host, port)

    async def close(self) -> None:
        self._wires.close()

    async def play(self, place: Place, clip: str) -> None:
        await self._ask(place, stage="PLAY", value=clip)

    async def pause(self, place: Place) -> None:
        await self._ask(place, stage="PAUSE")

    async def resume(self, place: Place) -> None:
        await self._ask(place, stage="RESUME")

    async def restart(self, place: Place) -> None:
        await self._ask(place, stage="RESTART")

    async def seek(self, place: Place, seconds: float) -> None:
        raise NotImplementedError

    async def volume(self, place: Place, decibels: int) -> None:
        raise NotImplementedError

    async def stop(self, place: Place) -> None:
        await self._ask(place, stage="STOP")

    async def clear(self, place: Place) -> None:
        """Nothing is left."""

    def lands(self, before: float, target: float) -> float:
        raise NotImplementedError

    async def _ask(self, place: Place, **parameters: str) -> None:
        query = {
            "source": "bench",
            "user": demo.USER,
            "pass": demo.PASSWORD,
            "agent_user": place.agent,
            "function": "audio_playback",
            **parameters,
        }
        asked = request("GET", f"/agc/api.php?{urlencode(query)}")
        answer = await self._wires.ask(place.number, asked)
        if not answer.body.startswith(b"SUCCESS"):
            raise Refused(answer.body.decode())
