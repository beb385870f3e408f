"""A webhook's receiver on loopback, which does what a test tells it to."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

NAME = "hooks.test"

Script = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Got:
    """One message, as it came."""

    path: str
    headers: dict[str, str]
    """By names in lower case."""
    body: bytes

    @property
    def id(self) -> int:
        """The event's, which header and body agree on."""
        found = str(self.data["id"])
        assert self.headers["webhook-id"] == found
        return int(found)

    @property
    def data(self) -> Any:
        """What the body says."""
        return json.loads(self.body)

    def signatures(self) -> list[str]:
        """Those that it has."""
        return self.headers["webhook-signature"].split(" ")

    def signature_of(self, key: bytes) -> str:
        """The one that it should have, worked out by hand."""
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        digest = hmac.new(key, signed + self.body, hashlib.sha256).digest()
        return "v1," + base64.b64encode(digest).decode()


def answer(status: int, **headers: str) -> Script:
    """Always the same. Headers by names with `_`."""

    async def script(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, headers=named, text="well")

    return script


async def hang_up(request: web.Request) -> web.StreamResponse:
    """No word, and a reset."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@dataclass
class Receiver:
    """Takes all, unless *script* says otherwise."""

    port: int = 0
    seen: list[Got] = field(default_factory=list)
    script: Script = field(default_factory=lambda: answer(204))
    now: int = 0
    """So many requests are being answered."""
    most: int = 0
    """So many were at one time."""

    @property
    def host(self) -> str:
        """With its port, as URLs and lists have it."""
        return f"{NAME}:{self.port}"

    def url(self, path: str = "/in?token=s3cret") -> str:
        return f"http://{self.host}{path}"

    @property
    def ids(self) -> list[int]:
        """Of the events that came, repeats included."""
        return [got.id for got in self.seen]

    async def resolve(self, host: str, _port: int) -> list[str]:
        """The name server that knows this one, and one that it should not lead to."""
        found = {NAME: "127.0.0.1", "inside.test": "127.0.0.1"}.get(host)
        if found is None:
            raise OSError("no such name")
        return [found]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Got(request.path_qs, headers, await request.read()))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await self.script(request)
        finally:
            self.now -= 1


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A server, for as long as it is needed."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", receiver._take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


def held(until: asyncio.Event) -> Script:
    """Says that it has taken it, but not before *until*."""

    async def script(_: web.Request) -> web.StreamResponse:
        await until.wait()
        return web.Response(status=200)

    return script
