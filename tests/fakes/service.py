"""The real app over a fake Asterisk, and a client that speaks to it by HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from callcue.api.keys import digest
from callcue.app import DOORMAN, RELOADER, STREAMS, make_app
from callcue.asterisk.server import AsteriskAddress
from callcue.core.limits import Limits
from callcue.core.ports import Call
from callcue.events.streams import Streams
from callcue.reloading import Reloaded, Reloader
from callcue.settings import Settings
from callcue.store.store import Store

from .directory import FakeDirectory
from .ledger import FakeLedger
from .paces import LIMITS
from .telephony import FakeTelephony

ROOM = "8600051"
HOST = "10.10.10.15"
WORKSPACE = UUID("aaaaaaaa-0000-4000-8000-000000000001")
CHANNEL = UUID("aaaaaaaa-0000-4000-8000-000000000002")
OTHER_WORKSPACE = UUID("bbbbbbbb-0000-4000-8000-000000000001")
OTHER_CHANNEL = UUID("bbbbbbbb-0000-4000-8000-000000000002")
KEY, READ_KEY, OTHER_KEY = "key-of-all", "key-to-read", "key-of-others"
OPERATOR_KEY = "key-of-the-operator"
PASSWORD = "s3cret-Pass.word"

_media = TemporaryDirectory(prefix="callcue-media-")
"""Of all services of a run."""

IMPATIENT = Limits(start=1.0, confirm=0.2)


@cache
def cheap_hash(password: str) -> str:
    """An argon2 hash that costs next to nothing."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def settings(**changes: Any) -> Settings:
    """Users, two workspaces and their keys; *changes* replace whole tables."""
    tables: dict[str, Any] = {
        "asterisk": {"host": HOST, "secret": "ami-s3cret"},
        "media": {"folder": _media.name},
        "limits": LIMITS,
        "users": [
            {"user": "6666", "password_hash": cheap_hash(PASSWORD), "group": "ADMIN"},
            {
                "user": "7777",
                "password_hash": cheap_hash(PASSWORD),
                "group": "SALES",
                "functions": "version recording",
            },
            {"user": "1000", "password_hash": cheap_hash(PASSWORD), "alt_user": "crm1"},
            {"user": "idle", "password_hash": cheap_hash(PASSWORD), "active": False},
            {"user": "level0", "password_hash": cheap_hash(PASSWORD), "level": 0},
        ],
        "workspaces": [
            {
                "id": str(WORKSPACE),
                "channels": [{"id": str(CHANNEL), "contexts": ["default"]}],
                "keys": [
                    {
                        "name": "all",
                        "sha256": digest(KEY),
                        "scopes": ["calls:read", "playback:write", "media:write", "webhooks:write"],
                    },
                    {"name": "reader", "sha256": digest(READ_KEY), "scopes": ["calls:read"]},
                    {"name": "boss", "sha256": digest(OPERATOR_KEY), "scopes": ["operator"]},
                ],
            },
            {
                "id": str(OTHER_WORKSPACE),
                "channels": [{"id": str(OTHER_CHANNEL), "contexts": ["others"]}],
                "keys": [
                    {
                        "name": "others",
                        "sha256": digest(OTHER_KEY),
                        "scopes": ["calls:read", "playback:write", "media:write", "webhooks:write"],
                    }
                ],
            },
        ],
    }
    return Settings.model_validate({**tables, **changes})


@dataclass
class Service:
    """What a test holds in its hands. Agent 1000 is in the room, and a customer with her."""

    client: TestClient[Any, Any]
    telephony: FakeTelephony
    ledger: FakeLedger
    agent: Call
    customer: Call
    servers: list[FakeTelephony]
    """Every Asterisk there ever was; the first is *telephony*."""
    reloader: Reloader
    streams: Streams

    async def reload(self, **changes: Any) -> Reloaded:
        """Put other settings in force; *changes* replace whole tables of the usual ones."""
        return await self.reloader.reload(settings(**changes))

    async def vicidial(self, **parameters: str) -> str:
        """What api.php answers; user, password, source, function and agent are filled in."""
        given = {
            "source": "test",
            "user": "6666",
            "pass": PASSWORD,
            "agent_user": "1000",
            "function": "audio_playback",
            **parameters,
        }
        query = {name: value for name, value in given.items() if value}
        async with self.client.get("/agc/api.php", params=query) as response:
            assert response.status == 200
            return await response.text()

    async def play(self, value: str = "ss-noservice", **more: str) -> str:
        """PLAY as a screen sends it."""
        return await self.vicidial(value=value, stage="PLAY", **more)

    async def bird(
        self, method: str, path: str, json: Any = None, *, key: str = KEY, **more: Any
    ) -> tuple[int, Any]:
        """Status and body of a call below /workspaces."""
        headers = {"Authorization": f"AccessKey {key}", **more.pop("headers", {})}
        async with self.client.request(method, path, json=json, headers=headers, **more) as got:
            return got.status, await got.json()

    def calls_path(self, call: Call | None = None, tail: str = "") -> str:
        """The path of a call of the first workspace; of all calls without one."""
        one = f"/{call.id}{tail}" if call is not None else ""
        return f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls{one}"

    @property
    def playback_path(self) -> str:
        """Where the customer's playback is."""
        return self.calls_path(self.customer, "/playback")


NAMES = {"hooks.example.com": "1.2.3.4", "inside.example.com": "10.0.0.1"}
"""Of the hosts that webhooks may name."""


async def resolve(host: str, port: int) -> list[str]:  # noqa: ARG001
    """Nobody else is asked."""
    if host not in NAMES:
        raise OSError(f"there is no {host}")
    return [NAMES[host]]


@asynccontextmanager
async def serving(
    store: Store | None = None, *, port: int | None = None, **changes: Any
) -> AsyncIterator[Service]:
    """A running service; *changes* replace tables of the settings."""
    made, ledger = settings(**changes), FakeLedger()
    servers = [FakeTelephony(name, directory=FakeDirectory(name)) for name in made.servers]
    telephony = servers[0]
    agent = telephony.directory.enter(ROOM, "PJSIP/agent-0001", agent="1000")
    customer = telephony.directory.enter(ROOM, "PJSIP/customer-0002")

    def connect(address: AsteriskAddress) -> FakeTelephony:
        servers.append(FakeTelephony(address.name, directory=FakeDirectory(address.name)))
        return servers[-1]

    app = make_app(made, list(servers), ledger, IMPATIENT, store, connect=connect, resolve=resolve)
    async with TestClient(TestServer(app, port=port, access_log=None)) as client:
        assert client.server.runner is not None
        assert client.server.runner.server is not None
        app[DOORMAN].serves(client.server.runner.server)
        yield Service(
            client, telephony, ledger, agent, customer, servers, app[RELOADER], app[STREAMS]
        )
