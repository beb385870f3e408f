"""callcue whole: HTTP before it, the fake Asterisk behind it, both on real sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from fake_ami.pbx import FakePbx

from callcue.api.keys import digest
from callcue.app import asterisk_addresses, make_app
from callcue.asterisk.server import AsteriskServer
from callcue.core.ports import Call
from callcue.settings import Settings
from callcue.store.ledger import MemoryLedger
from callcue.store.store import Store

from .service import CHANNEL, KEY, OPERATOR_KEY, PASSWORD, ROOM, WORKSPACE, settings
from .waiting import until

_SCOPES = ["calls:read", "playback:write", "media:write", "webhooks:write"]


@dataclass(frozen=True)
class Answer:
    """One, as far as anybody can read it."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def request(self) -> str:
        """The id that it was given."""
        return self.headers["X-Request-Id"]


@dataclass(frozen=True)
class Whole:
    """Agent 1000 is in the room, and a customer with her."""

    client: TestClient[Any, Any]
    pbx: FakePbx
    server: AsteriskServer

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        async with self.client.request(method, path, **more) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def screen(self, request: str = "", **parameters: str) -> Answer:
        """As a VICIdial screen asks; user, password, function and agent are filled in.

        *request* is an id of its own for it.
        """
        query = {"source": "test", "user": "6666", "pass": PASSWORD, "agent_user": "1000"}
        query |= {"function": "audio_playback", **parameters}
        return await self.ask("GET", "/agc/api.php", params=query, headers=_named(request))

    async def integrator(
        self,
        tail: str = "",
        json: Any = None,
        *,
        key: str = KEY,
        method: str = "POST",
        request: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """As a program asks that has found the agent's call."""
        call = next(one for one in self.server.directory.calls() if "agent" in one.channel)
        path = f"{self.path(call)}/playback{tail}"
        given = {"Authorization": f"AccessKey {key}", **_named(request), **(headers or {})}
        return await self.ask(method, path, json=json, headers=given)

    @staticmethod
    def path(call: Call) -> str:
        return f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls/{call.id}"


def _named(request: str) -> dict[str, str]:
    return {"X-Request-Id": request} if request else {}


def settings_of(pbx: FakePbx, **changes: Any) -> Settings:
    """As `service.settings`, for that fake; *changes* replace whole tables."""
    belief = pbx.ami.belief
    keys = [{"name": "all", "sha256": digest(KEY), "scopes": _SCOPES}]
    keys += [{"name": "boss", "sha256": digest(OPERATOR_KEY), "scopes": ["operator"]}]
    tables: dict[str, Any] = {
        "asterisk": {
            "host": "127.0.0.1",
            "port": pbx.ami.port,
            "username": belief.username,
            "secret": belief.secret,
        },
        "workspaces": [{"id": str(WORKSPACE), "channels": [{"id": str(CHANNEL)}], "keys": keys}],
    }
    return settings(**{**tables, **changes})


@asynccontextmanager
async def whole(
    *, secret: str = "a-secret", store: Store | None = None, **changes: Any
) -> AsyncIterator[Whole]:
    """A service whose link is up; *secret* is the AMI user's, on both sides."""
    # A folder of its own: other services of this process have one together, and sounds in it.
    with TemporaryDirectory(prefix="callcue-media-") as folder:
        async with FakePbx() as pbx:
            pbx.ami.belief.secret = secret
            pbx.enter(ROOM, "PJSIP/agent-0001", CALLCUE_AGENT="1000")
            pbx.enter(ROOM, "PJSIP/customer-0002")
            made = settings_of(pbx, **{"media": {"folder": folder}, **changes})
            (server,) = [AsteriskServer(address) for address in asterisk_addresses(made)]
            app = make_app(made, [server], MemoryLedger(), store=store)

            async def is_up() -> bool:
                return server.readiness().ready

            async with TestClient(TestServer(app, access_log=None)) as client:
                await until(is_up)
                yield Whole(client, pbx, server)
