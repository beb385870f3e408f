"""Those whom a service tells, over all its lives: all words so far, as they come in."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from fakes.receiver import Got, Receiver, answer, hang_up
from fakes.webhooks import SECRET
from real.restarting import ServiceProcess

from callcue import demo
from callcue.client import Callcue, Event, WrongSignature, verify

FAILING = 1 / 16
"""Of what comes for the first time. Each holds up its call for a second, and a failure that comes
again, or five in a row, for much longer: so no other fails."""


@dataclass(frozen=True, slots=True)
class Word:
    """That something has happened."""

    id: int
    playback: str
    type: str


def client(process: ServiceProcess) -> Callcue:
    """One for all its lives."""
    return Callcue(process.url, demo.ACCESS_KEY, demo.WORKSPACE)


@asynccontextmanager
async def subscriber(process: ServiceProcess) -> AsyncIterator[list[Word]]:
    """One who listens, and comes back each time with the last id."""
    words: list[Word] = []

    async def listen(callcue: Callcue) -> None:
        async for event in callcue.events(last=0):
            assert isinstance(event, Event), event
            words.append(Word(event.id, str(event.playbackId), event.type))

    async with client(process) as callcue:
        listening = asyncio.create_task(listen(callcue))
        try:
            yield words
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def leading_to(receiver: Receiver) -> str:
    """Settings of a service whose webhooks may."""
    return f'[webhooks]\nallow = ["127.0.0.1:{receiver.port}"]\n'


@asynccontextmanager
async def sent_to(
    receiver: Receiver, process: ServiceProcess, seed: int
) -> AsyncIterator[list[Word]]:
    """One to whom a webhook leads, and who fails at moments that the seed says."""
    chance = random.Random(seed)
    words: list[Word] = []
    seen: set[int] = set()

    async def take(request: web.Request) -> web.StreamResponse:
        got = receiver.seen[-1]
        if not _is_signed(got):
            return web.Response()  # and so it will be missed
        is_new = got.id not in seen
        seen.add(got.id)
        fails = is_new and chance.random() < FAILING
        if fails and chance.random() < 0.5:
            return await answer(500)(request)
        words.append(Word(got.id, got.data["playbackId"], got.data["type"]))
        return await (hang_up if fails else answer(204))(request)

    receiver.script = take
    url = f"{process.url}/workspaces/{demo.WORKSPACE}/webhooks"
    headers = {"Authorization": f"AccessKey {demo.ACCESS_KEY}"}
    made = {"url": f"http://127.0.0.1:{receiver.port}/", "secret": SECRET.secret}
    async with process.http.post(url, json=made, headers=headers) as response:
        assert response.status == 201, await response.text()
    yield words


def _is_signed(got: Got) -> bool:
    try:
        return verify(SECRET.secret, got.headers, got.body) == str(got.id)
    except WrongSignature:
        return False
