"""The record of events: numbered and written in their order, told on when they are safe."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from time import time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callcue.core.types import PlaybackId
from callcue.events.event import Body, Event, EventsOutOfReach, Gap, News, Page
from callcue.events.webhook import Delivery

from .database import Database, StoreOutOfReach
from .deliveries import DeliveryRecord
from .occasion import Occasion
from .schema import EVENTS, FORGOTTEN

MOST_WAITING = 10_000
"""Events that wait to be written. Beyond, they are dropped and counted."""
TIDIED_EVERY_SECONDS = 60.0

Listener = Callable[[Sequence[Event]], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written together."""

    events: Sequence[Event] = ()
    deliveries: Sequence[Delivery] = ()


class EventRecord:
    """Takes events at once, writes them soon, and passes them on only then.

    So whoever is told of an event can ask for those after it, also of the service that comes after
    this one.
    """

    def __init__(
        self,
        database: Database,
        *,
        keep_seconds: float,
        deliveries: DeliveryRecord | None = None,
        on_news: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time,
    ) -> None:
        """*on_news* is called when there is something to write.

        *deliveries*: where webhooks are told of it; without, they are not.
        """
        self._database = database
        self._deliveries = deliveries
        self._keep_seconds = keep_seconds
        self._on_news = on_news
        self._clock = clock
        self._waiting: deque[News] = deque()
        self._all_told = asyncio.Event()
        self._all_told.set()
        self._listeners: list[Listener] = []
        self._last: int | None = None
        self._tidying = Occasion(TIDIED_EVERY_SECONDS, clock)
        self.dropped = 0
        """How many were, since the start."""

    def tell(self, listener: Listener) -> None:
        """From now on *listener* gets what is written, in its order. It may not wait."""
        self._listeners.append(listener)

    def took(self, news: News) -> None:
        """Something has happened."""
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(news)
        self._all_told.clear()
        self._on_news()

    @property
    def waiting(self) -> int:
        """How many wait to be written."""
        return len(self._waiting)

    async def write_into(self, connection: AsyncConnection, count: int) -> Written:
        """Write the first *count* that wait, as part of a transaction that is not ours.

        With them goes what webhooks are to be sent: whatever happens, no event is without it.
        """
        batch = list(islice(self._waiting, count))
        if not batch:
            return Written()
        if self._last is None:
            self._last = await _newest(connection)
        events = [
            Event(number, news.workspace, news.playback, news.body())
            for number, news in enumerate(batch, self._last + 1)
        ]
        bodies = [json.dumps(event.body, separators=(",", ":")) for event in events]
        rows = [
            _row(event, news.at, body)
            for event, news, body in zip(events, batch, bodies, strict=True)
        ]
        await connection.execute(insert(EVENTS), rows)
        if self._deliveries is None:
            return Written(events)
        return Written(events, await self._deliveries.write_into(connection, events, bodies))

    def are_written(self, written: Written) -> None:
        """That transaction is done: these are safe, and are told on."""
        if not written.events:
            return
        for _ in written.events:
            self._waiting.popleft()
        self._last = written.events[-1].id
        for listener in self._listeners:
            listener(written.events)
        if self._deliveries is not None:
            self._deliveries.are_written(written.deliveries)
        if not self._waiting:
            self._all_told.set()

    async def all_told(self) -> None:
        """Wait until none waits to be written. A store out of reach takes its time."""
        await self._all_told.wait()

    async def tidy(self) -> None:
        """Forget the old ones, all but the very last, and remember how far. `StoreOutOfReach`."""
        if self._tidying.has_come():
            newest = select(func.max(EVENTS.c.id)).scalar_subquery()
            old = EVENTS.c.at < self._clock() - self._keep_seconds
            leaving = and_(old, EVENTS.c.id < newest)
            last_of_each = (
                select(EVENTS.c.workspace, func.max(EVENTS.c.id))
                .where(leaving)
                .group_by(EVENTS.c.workspace)
            )
            remembered = insert(FORGOTTEN).prefix_with("OR REPLACE")
            async with self._database.writing() as connection:
                await connection.execute(
                    remembered.from_select(["workspace", "event"], last_of_each)
                )
                await connection.execute(delete(EVENTS).where(leaving))

    # ---- for those who ask ----------------------------------------------------------------------

    async def after(self, workspace: UUID, event_id: int, limit: int) -> Page:
        """A workspace's events after that id. Raises `EventsOutOfReach`."""
        of_it, forgotten = EVENTS.c.workspace == str(workspace), FORGOTTEN.c.event
        async with self._reading() as connection:
            found = await connection.execute(
                select(forgotten).where(FORGOTTEN.c.workspace == str(workspace))
            )
            last_forgotten = found.scalar() or 0
            gap = None
            # One that was never given is of another record: of a store in memory, before a restart.
            newest = max(last_forgotten, await _newest(connection))
            if event_id < last_forgotten or event_id > newest:
                gap, event_id = Gap(last_forgotten + 1), last_forgotten
            later = select(EVENTS).where(of_it, EVENTS.c.id > event_id)
            rows = await connection.execute(later.order_by(EVENTS.c.id).limit(limit))
            return Page([_event(row) for row in rows], gap)

    async def newest(self) -> int:
        """The highest id of all; 0 when there is none. Raises `EventsOutOfReach`."""
        async with self._reading() as connection:
            return await _newest(connection)

    async def of_playback(self, playback: PlaybackId, limit: int) -> list[Body]:
        """The newest that was told of a playback, oldest first. Raises `EventsOutOfReach`."""
        waiting = [news.body() for news in self._waiting if news.playback == playback]
        of_it = EVENTS.c.playback == str(playback)
        found = await self._find(
            select(EVENTS).where(of_it).order_by(EVENTS.c.id.desc()).limit(limit)
        )
        written = [event.body for event in reversed(found)]
        # What waited when we began may have been written since.
        return [*written, *(body for body in waiting if body not in written)][-limit:]

    async def latest(self, playbacks: Collection[PlaybackId]) -> dict[PlaybackId, Event]:
        """What was told last of each of these. Raises `EventsOutOfReach`."""
        found: dict[PlaybackId, Event] = {}
        for playback in playbacks:
            of_it = EVENTS.c.playback == str(playback)
            for event in await self._find(
                select(EVENTS).where(of_it).order_by(EVENTS.c.id.desc()).limit(1)
            ):
                found[playback] = event
        return found

    async def _find(self, query: Select[Any]) -> list[Event]:
        async with self._reading() as connection:
            return [_event(row) for row in await connection.execute(query)]

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.reading() as connection:
                yield connection
        except StoreOutOfReach as error:
            raise EventsOutOfReach(str(error)) from None


async def _newest(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.max(EVENTS.c.id)))).scalar_one() or 0


def _row(event: Event, at: float, body: str) -> dict[str, object]:
    return {
        "id": event.id,
        "at": at,
        "workspace": str(event.workspace),
        "playback": str(event.playback),
        "body": body,
    }


def _event(row: Row[Any]) -> Event:
    return Event(row.id, UUID(row.workspace), PlaybackId(UUID(row.playback)), json.loads(row.body))
