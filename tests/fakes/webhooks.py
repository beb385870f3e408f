"""Webhooks over a real database: events are recorded, and sent, when a test says so."""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Row, select

from callcue.core.types import PlaybackId
from callcue.events.dispatch import Dispatcher
from callcue.events.event import News
from callcue.events.lane import Send
from callcue.events.webhook import SigningSecret, Webhook
from callcue.store.database import Database
from callcue.store.deliveries import DeliveryLimits, DeliveryRecord
from callcue.store.events import EventRecord
from callcue.store.known_webhooks import KnownWebhooks
from callcue.store.schema import DELIVERIES
from callcue.store.webhooks import StoredWebhooks

from .service import WORKSPACE
from .waiting import until

KEY = bytes(range(32))
SECRET = SigningSecret("whsec_" + base64.b64encode(KEY).decode())


class Clock:
    now = 1_700_000_000.0
    _set_by = 0.0

    def __call__(self) -> float:
        return self.now

    def steady(self) -> float:
        """The time by a clock that is never set."""
        return self.now - self._set_by

    def set_back(self, seconds: float) -> None:
        """Somebody sets it, and no time passes."""
        self.now -= seconds
        self._set_by -= seconds


class Rig:
    """One service's part of it. Another on the same file is the service after this one."""

    def __init__(
        self, database: Database, send: Send, clock: Clock, limits: DeliveryLimits
    ) -> None:
        self.database = database
        self.clock = clock
        self.book = StoredWebhooks(database, clock=clock)
        self.webhooks = KnownWebhooks(database)
        self.record = DeliveryRecord(database, self.webhooks, limits, clock=clock)
        self.events = EventRecord(
            database, keep_seconds=86_400, deliveries=self.record, clock=clock
        )
        self.dispatcher = Dispatcher(self.record, send, clock=clock, steady=clock.steady)
        self.record.tell(self.dispatcher.put)
        self.webhooks.tell(self.dispatcher.serve)

    async def add(
        self,
        url: str = "http://hooks.test/",
        types: Sequence[str] = (),
        secrets: Sequence[SigningSecret] = (SECRET,),
        workspace: UUID = WORKSPACE,
    ) -> Webhook:
        """One more webhook, as somebody else's process makes it; then it is seen."""
        made = Webhook(uuid4(), workspace, url, frozenset(types), tuple(secrets), self.clock())
        await self.book.add(made)
        await self.look()
        return made

    async def remove(self, webhook: Webhook) -> None:
        await self.book.remove(webhook.id)
        await self.look()

    async def replay(self, webhook: Webhook) -> None:
        """All that are dead."""
        await self.book.replay(webhook.id, None)
        await self.look()

    async def look(self) -> None:
        if await self.webhooks.look():
            await self.record.count()

    def happens(
        self,
        *calls: str,
        kind: str = "started",
        playback: UUID | None = None,
        workspace: UUID = WORKSPACE,
    ) -> None:
        """Something, that these calls hear; it is not on record yet."""
        about = PlaybackId(playback or uuid4())
        body = {"type": kind, "playbackId": str(about), "callIds": list(calls)}
        self.events.took(News(workspace, about, self.clock(), lambda: body))

    async def record_all(self, *, tell: bool = True) -> list[int]:
        """Write what has happened, in one transaction; the ids. Without *tell* we die then."""
        async with self.database.writing() as connection:
            written = await self.events.write_into(connection, self.events.waiting)
        if tell:
            self.events.are_written(written)
        return [event.id for event in written.events]

    async def tell(self, *calls: str, kind: str = "started") -> int:
        """One event, on record and told."""
        self.happens(*calls, kind=kind)
        (number,) = await self.record_all()
        return number

    async def rows(self) -> Sequence[Row[tuple[object, ...]]]:
        """What is on record of deliveries by now, oldest first."""
        await self.record.write()
        async with self.database.reading() as connection:
            query = select(DELIVERIES).order_by(DELIVERIES.c.event)
            return (await connection.execute(query)).all()

    async def until_on_record(self, rows: int) -> None:
        """Wait until so many deliveries are left."""

        async def are_left() -> bool:
            return len(await self.rows()) == rows

        await until(are_left)

    async def until_tried(self, attempts: int) -> None:
        """Wait until the oldest delivery has failed so often."""

        async def was_tried() -> bool:
            return bool((await self.rows())[0].attempts == attempts)

        await until(was_tried)


@asynccontextmanager
async def rigged(
    file: Path,
    send: Send,
    clock: Clock | None = None,
    limits: DeliveryLimits | None = None,
) -> AsyncIterator[Rig]:
    """A service on that file. At its end nothing more is written: it is killed."""
    database = Database(f"sqlite+aiosqlite:///{file}", busy_seconds=0.5)
    await database.open()
    rig = Rig(database, send, clock or Clock(), limits or DeliveryLimits())
    try:
        await rig.look()
        yield rig
    finally:
        await rig.dispatcher.close()
        await database.close()
