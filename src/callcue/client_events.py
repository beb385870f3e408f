# ruff: noqa: N815
"""What `callcue.client` is told: one row of events, over as many connections as it takes."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from aiohttp import ClientError, StreamReader
from pydantic import BaseModel, ConfigDict

from callcue.api.bird.answers import Asker
from callcue.asterisk.backoff import Backoff

FIRST_SECONDS, LONGEST_SECONDS = 0.1, 5.0
"""Between two tries; they become fewer."""


class _Told(BaseModel):
    # A newer callcue may say more.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Event(_Told):
    """What has happened to a playback; `docs/events.md` says what the fields mean."""

    id: int
    """To go on from here another time: `last`."""
    type: str
    at: datetime
    playbackId: UUID
    callIds: list[UUID]
    server: str
    conference: str | None
    bridge: str | None
    item: int
    items: int
    round: int
    rounds: int | None
    positionMilliseconds: int
    paused: bool
    volume: int
    audience: str
    replaces: UUID | None
    endReason: str | None
    detail: str
    askedBy: Asker


class Gap(_Told):
    """Some of what was asked for is no longer kept: look at the playbacks themselves."""

    type: Literal["gap"]
    begins: int
    """All events that have this id or a higher one are told."""


class NoStream(Exception):
    """There is none for now."""

    def __init__(self, seconds: float) -> None:
        """*seconds*: not to be tried again any sooner."""
        super().__init__()
        self.seconds = seconds


class Waits:
    """What streams wait for: never for too long, and for nothing once they are to end."""

    def __init__(self) -> None:
        self.over = False
        self._now: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Raise `TimeoutError` if it takes longer, or all is over."""
        async with asyncio.timeout(0 if self.over else seconds) as wait:
            self._now.add(wait)
            try:
                yield
            finally:
                self._now.discard(wait)

    def end(self) -> None:
        """It is over."""
        self.over = True
        for wait in self._now:
            wait.reschedule(0)


Connect = Callable[[int | None], AbstractAsyncContextManager[StreamReader]]
"""Opens the stream after that event; may raise `NoStream`."""


async def told(
    connect: Connect, last: int | None, waits: Waits, silence: float
) -> AsyncGenerator[Event | Gap]:
    """All that comes after the event *last*, or from now on: in order, each once.

    *silence*: after so many seconds of it a stream is dead.
    """
    backoff = Backoff(FIRST_SECONDS, LONGEST_SECONDS)
    while not waits.over:
        least = 0.0
        try:
            async with connect(last) as stream:
                async for fields in _blocks(stream, waits, silence):
                    if fields.keys() != {"id"}:  # with that it begins; it may end at once
                        backoff.reset()
                    news = _news(fields)
                    last = _place(fields, news, last)
                    if news is not None:
                        yield news
        except NoStream as refused:
            least = refused.seconds
        except (ClientError, TimeoutError, OSError):
            pass  # it comes back
        delay = max(least, backoff.next())
        with suppress(TimeoutError):
            async with waits.within(delay + 1):
                await asyncio.sleep(delay)


async def _blocks(
    stream: StreamReader, waits: Waits, silence: float
) -> AsyncIterator[Mapping[str, str]]:
    """The fields of each block of lines that is complete; a comment is a field without a name."""
    fields: dict[str, str] = {}
    while True:
        async with waits.within(silence):
            line = await stream.readline()
        if not line:
            return
        name, colon, value = line.decode().rstrip("\r\n").partition(":")
        if name or colon:
            fields[name] = value.removeprefix(" ")
        else:
            yield fields
            fields = {}


def _news(fields: Mapping[str, str]) -> Event | Gap | None:
    if "data" not in fields:
        return None
    data: Any = json.loads(fields["data"])
    return (Gap if fields.get("event") == "gap" else Event).model_validate(data)


def _place(fields: Mapping[str, str], news: Event | Gap | None, last: int | None) -> int | None:
    """Where to go on from."""
    if isinstance(news, Gap):
        return news.begins - 1  # so it is told of once
    return int(fields["id"]) if "id" in fields else last
