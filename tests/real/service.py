"""callcue itself, with its HTTP port open, and two clients that speak its dialects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from argon2 import PasswordHasher
from pydantic import SecretStr

from callcue import demo
from callcue.app import CONTROLLER, RELOADER, asterisk_addresses, make_app
from callcue.asterisk.server import AsteriskServer
from callcue.core.controller import Controller
from callcue.reloading import Reloaded, Reloader
from callcue.settings import Settings
from callcue.settings.tables import Asterisk
from callcue.store.ledger import MemoryLedger

from .pbx import Pbx


class Service:
    """A running callcue."""

    def __init__(
        self,
        servers: Sequence[AsteriskServer],
        controller: Controller,
        http: ClientSession,
        url: str,
        settings: Settings,
        reloader: Reloader,
    ) -> None:
        self.settings = settings
        self._reloader = reloader
        self.servers = servers
        self.server = servers[0]
        self.controller = controller
        self.http = http
        self.url = url

    def screen(self, agent: str) -> "Screen":
        """A VICIdial screen for that agent."""
        return Screen(self, agent)

    def integrator(self, call: UUID) -> "Integrator":
        """A Bird client for that call."""
        return Integrator(self.http, self.url, call)

    async def check(self, media: str) -> dict[str, Any]:
        """What would become of that media."""
        return await check(self.http, self.url, media)

    async def reload(self, asterisks: Mapping[str, Pbx]) -> Reloaded:
        """Put settings in force that have these, and are as before otherwise."""
        tables = tuple(Asterisk.model_validate(table(n, pbx)) for n, pbx in asterisks.items())
        return await self._reloader.reload(self.settings.model_copy(update={"asterisk": tables}))

    async def ready(self) -> None:
        """Wait until the rooms of every Asterisk are known."""
        await self.until(lambda: all(server.readiness().ready for server in self.servers))

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        """Wait until callcue knows it; its link is not the one that a test listens to."""
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)


class Reachable(Protocol):
    """A callcue with its HTTP port open."""

    @property
    def http(self) -> ClientSession:
        """Who asks it."""

    @property
    def url(self) -> str:
        """Where it is."""


async def check(http: ClientSession, url: str, media: str) -> dict[str, Any]:
    """What would become of that media, as the service at *url* says."""
    url = f"{url}/workspaces/{demo.WORKSPACE}/media/check"
    headers = {"Authorization": f"AccessKey {demo.ACCESS_KEY}"}
    async with http.post(url, json={"media": [media]}, headers=headers) as response:
        assert response.status == 200, await response.text()
        (result,) = (await response.json())["results"]
        found: dict[str, Any] = result
        return found


class Screen:
    """Speaks to api.php as a call centre's screen does."""

    def __init__(self, service: Reachable, agent: str) -> None:
        self._service = service
        self._agent = agent

    async def play(self, clip: str, *, override: bool = False) -> str:
        override_flag = {"dial_override": "Y"} if override else {}
        return await self.send(value=clip, stage="PLAY", **override_flag)

    async def stage(self, stage: str) -> str:
        return await self.send(stage=stage)

    async def send(self, **parameters: str) -> str:
        query = {
            "source": "test",
            "user": demo.USER,
            "pass": demo.PASSWORD,
            "agent_user": self._agent,
            "function": "audio_playback",
            **parameters,
        }
        url = f"{self._service.url}/agc/api.php"
        async with self._service.http.get(url, params=query) as response:
            assert response.status == 200
            return (await response.text()).rstrip("\n")


class Integrator:
    """Speaks to the JSON API as an integrator's program does."""

    def __init__(self, http: ClientSession, url: str, call: UUID) -> None:
        self._http = http
        self._workspace = f"{url}/workspaces/{demo.WORKSPACE}"
        self._url = f"{self._workspace}/channels/{demo.CHANNEL}/calls/{call}/playback"

    async def play(
        self, *clips: str, if_playing: str = "queue", audience: str = "everyone", **options: int
    ) -> tuple[int, dict[str, Any]]:
        query = f"ifPlaying={if_playing}&audience={audience}"
        return await self.play_media(*(f"sound:{clip}" for clip in clips), query=query, **options)

    async def play_media(
        self, *media: str, query: str = "", **options: int
    ) -> tuple[int, dict[str, Any]]:
        """Play what is named as this dialect names it."""
        body = {"media": media, **options}
        return await self._ask("POST", f"{self._url}?{query}", json=body)

    async def call(self) -> dict[str, Any]:
        status, answer = await self.look()
        assert status == 200, answer
        return answer

    async def look(self) -> tuple[int, dict[str, Any]]:
        """The call, if there is one."""
        return await self._ask("GET", self._url.removesuffix("/playback"))

    async def control(self, verb: str, body: dict[str, float] | None = None) -> dict[str, Any]:
        """A verb that must be obeyed."""
        status, answer = await self._ask("POST", f"{self._url}/{verb}", json=body)
        assert status == 200, (answer, await self.status())
        return answer

    async def refused(self, verb: str) -> tuple[int, dict[str, Any]]:
        return await self._ask("POST", f"{self._url}/{verb}")

    async def status(self) -> dict[str, Any]:
        status, answer = await self._ask("GET", self._url)
        assert status == 200, answer
        return answer

    async def ended(self, playback: str, within: float = 5) -> dict[str, Any]:
        """A playback of this client's workspace, once it has ended."""
        async with asyncio.timeout(within):
            while True:
                url = f"{self._workspace}/playbacks/{playback}"
                status, answer = await self._ask("GET", url)
                assert status == 200, answer
                if answer["state"] == "ended":
                    return answer
                await asyncio.sleep(0.01)

    async def _ask(self, method: str, url: str, **more: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"AccessKey {demo.ACCESS_KEY}"}
        async with self._http.request(method, url, headers=headers, **more) as response:
            return response.status, await response.json()


@cache
def _known() -> Settings:
    """The demonstration's user and workspace, made once.

    The hash is a cheap one: a dear one takes both processors for a tenth of a second, for each
    service and each first login, while the ears listen. What a login costs is measured elsewhere.
    """
    asterisk = {"secret": "of no use"}
    settings = demo.with_demo_credentials(Settings.model_validate({"asterisk": asterisk}))
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(demo.PASSWORD)
    users = [user.model_copy(update={"password_hash": SecretStr(cheap)}) for user in settings.users]
    return settings.model_copy(update={"users": tuple(users)})


@asynccontextmanager
async def running_service(
    pbx: Pbx, others: Mapping[str, Pbx] | None = None, *, port: int | None = None, **tables: Any
) -> AsyncIterator[Service]:
    """Serve on a port of its own, connected to *pbx* as "main" and to *others* by their names.

    *tables* are settings of other values.
    """
    asterisk = [table(name, each) for name, each in {"main": pbx, **(others or {})}.items()]
    media = {"folder": str(pbx.sounds / "callcue")}
    plain = Settings.model_validate({"demo": True, "asterisk": asterisk, "media": media})
    plain = plain.model_copy(update=tables)
    known = {"users": (*plain.users, *_known().users), "workspaces": _known().workspaces}
    settings = plain.model_copy(update=known)
    servers = [AsteriskServer(address) for address in asterisk_addresses(settings)]
    app: web.Application = make_app(settings, servers, MemoryLedger())
    async with TestServer(app, port=port) as http_server, ClientSession() as http:
        url = str(http_server.make_url("")).rstrip("/")
        service = Service(servers, app[CONTROLLER], http, url, settings, app[RELOADER])
        await service.ready()
        yield service


def table(name: str, pbx: Pbx) -> dict[str, Any]:
    """An Asterisk, as a settings file has it."""
    return {
        "name": name,
        "host": pbx.host,
        "port": pbx.port,
        "username": pbx.username,
        "secret": pbx.secret,
        "media_folder": "callcue",
    }
