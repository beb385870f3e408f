"""Events as they happen: server-sent events, of a workspace or of one call."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import Field

from callcue.core.refusals import Bound, Refusals
from callcue.core.types import CallId
from callcue.events.event import Event, EventsOutOfReach, Gap
from callcue.events.streams import (
    BEAT_SECONDS,
    Listener,
    Record,
    Start,
    Streams,
    TooManyStreams,
    follow,
)

from . import refusals
from .calls import LiveCalls
from .entrance import Visit, path_id
from .models import Query

StreamHandler = Callable[[Visit, web.Request], Awaitable[web.StreamResponse]]

LAST_EVENT_ID = "Last-Event-ID"

READ_SECONDS = 20.0
"""So long may pass until what was sent is read; then the stream is cut off."""

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would else keep events until there are many
}
_BEAT = b": beat\n\n"

EventId = Annotated[str, Field(pattern=r"^([0-9]{1,18})?$")]


class StreamQuery(Query):
    """Where to begin."""

    lastEventId: EventId = ""  # noqa: N815
    """Send what came after that event, and go on from there; the header `Last-Event-ID`, which
    browsers send by themselves, goes before. Without either it begins with what happens next."""


class EventStreams:
    """Handlers that answer for as long as somebody listens."""

    def __init__(
        self,
        streams: Streams,
        record: Record,
        calls: LiveCalls,
        count: Refusals,
        *,
        beat: float = BEAT_SECONDS,
    ) -> None:
        """*beat*: seconds."""
        self._count = count
        self._streams = streams
        self._record = record
        self._calls = calls
        self._beat = beat

    async def of_workspace(self, visit: Visit, request: web.Request) -> web.StreamResponse:
        """GET /workspaces/{w}/events"""
        return await self._stream(visit, request, _last(request), call=None)

    async def of_call(self, visit: Visit, request: web.Request) -> web.StreamResponse:
        """GET .../calls/{callId}/events. One who goes on may ask for a call that has ended."""
        call, last = CallId(path_id(request, "callId", "live call")), _last(request)
        channel = self._calls.channel(visit, path_id(request, "channelId", "channel"))
        if last is None:
            self._calls.call(channel, call)
        return await self._stream(visit, request, last, call)

    async def _stream(
        self, visit: Visit, request: web.Request, last: int | None, call: UUID | None
    ) -> web.StreamResponse:
        try:
            with self._streams.listening(visit.workspace.id) as listener:
                return await self._send(request, listener, last, call)
        except TooManyStreams:
            self._count.count(Bound.STREAMS)
            raise refusals.too_many_streams() from None

    async def _send(
        self, request: web.Request, listener: Listener, last: int | None, call: UUID | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        try:
            async for events in follow(self._record, listener, last, beat=self._beat):
                if not response.prepared:
                    await response.prepare(request)
                concerning = (e for e in events if call is None or _concerns(e, call))
                async with asyncio.timeout(READ_SECONDS):
                    await response.write(b"".join(map(_written, concerning)) or _BEAT)
        except EventsOutOfReach:
            if not response.prepared:
                raise refusals.events_out_of_reach() from None
        except TimeoutError:
            self._count.count(Bound.SLOW_LISTENER)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # it has gone by itself
        return response


def _last(request: web.Request) -> int | None:
    query = StreamQuery.of_request(request)
    given = request.headers.getall(LAST_EVENT_ID, [query.lastEventId])
    text = StreamQuery.of({"lastEventId": given[-1]}, f"${LAST_EVENT_ID}").lastEventId
    return int(text) if text else None


def _concerns(event: Event | Gap | Start, call: UUID) -> bool:
    """Whose events a gap has swallowed nobody knows any more."""
    return event.concerns(call) if isinstance(event, Event) else True


def _written(event: Event | Gap | Start) -> bytes:
    match event:
        case Start():
            return f"id: {event.id}\n\n".encode()  # without data it is no event
        case Gap():
            # Without an id: the place of who listens stays where it is until an event comes.
            data = json.dumps({"type": "gap", "begins": str(event.begins)}, separators=(",", ":"))
            return f"event: gap\ndata: {data}\n\n".encode()
        case Event():
            return f"id: {event.id}\nevent: {event.type}\ndata: {event.text()}\n\n".encode()
