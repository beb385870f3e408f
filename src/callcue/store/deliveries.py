"""The record of deliveries: made with the events themselves, and kept until they are taken."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from time import time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callcue.events.event import Event, EventsOutOfReach
from callcue.events.lane import Page
from callcue.events.webhook import Delivery, Webhook

from .database import Database, StoreOutOfReach
from .delivery_rows import delivery_of, fate_of, row_of
from .known_webhooks import KnownWebhooks
from .occasion import Occasion
from .schema import DELIVERIES, WEBHOOKS
from .webhook_revisions import raise_revision

TIDIED_EVERY_SECONDS = 60.0
ROWS = 500
"""That are written at a time: nobody else gets a word in while they are made ready."""
CROWDED_OUT = "too many were waiting"

Listener = Callable[[Sequence[Delivery]], None]


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """How much is kept."""

    dead_seconds: float = 7 * 86_400.0
    """So long one that is dead can be looked at, and replayed."""
    most: int = 100_000
    """So many wait for one webhook, and so many dead ones of it are kept."""


class DeliveryRecord:
    """Implements `callcue.events.lane.DeliveryLog`: what it is told is written soon, in batches.

    What is told and not written when this process dies is sent once more by the next.
    """

    def __init__(
        self,
        database: Database,
        webhooks: KnownWebhooks,
        limits: DeliveryLimits | None = None,
        *,
        on_news: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time,
    ) -> None:
        """*on_news* is called when there is something to write."""
        self._database = database
        self._webhooks = webhooks
        self._limits = limits or DeliveryLimits()
        self._on_news = on_news
        self._clock = clock
        self._listener: Listener | None = None
        self._unwritten: dict[tuple[UUID, int], Delivery | None] = {}
        """As they are by now; None: taken."""
        self._alone = asyncio.Lock()
        """Who reads must not miss what is just being written."""
        self._tidying = Occasion(TIDIED_EVERY_SECONDS, clock)
        self.waiting = 0
        """How many wait, of all webhooks; others may change it, so it is counted anew at times."""
        self.results = dict.fromkeys(("taken", "failed", "dead"), 0)
        """How many attempts came to that, since the start."""

    def tell(self, listener: Listener) -> None:
        """From now on *listener* gets what is written, in its order. It may not wait."""
        self._listener = listener

    # ---- with the events ------------------------------------------------------------------------

    async def write_into(
        self, connection: AsyncConnection, events: Sequence[Event], bodies: Sequence[str]
    ) -> Sequence[Delivery]:
        """Write what these events mean for webhooks, as part of a transaction that is not ours.

        *bodies* are theirs, as they are written.
        """
        now = self._clock()
        made = [
            (Delivery(webhook.id, event, now), body)
            for event, body in zip(events, bodies, strict=True)
            for webhook in self._webhooks.of(event.workspace)
            if webhook.wants(event)
        ]
        for first in range(0, len(made), ROWS):
            rows = [row_of(*one) for one in made[first : first + ROWS]]
            await connection.execute(insert(DELIVERIES), rows)
        return [delivery for delivery, _ in made]

    def are_written(self, deliveries: Sequence[Delivery]) -> None:
        """That transaction is done."""
        self.waiting += len(deliveries)
        if deliveries and self._listener is not None:
            self._listener(deliveries)

    # ---- `DeliveryLog` --------------------------------------------------------------------------

    async def oldest(self, webhook: Webhook, after: int, limit: int) -> Page:
        """See `DeliveryLog.oldest`."""
        of_it = _waits(webhook.id) & (DELIVERIES.c.event > after)
        query = select(DELIVERIES).where(of_it).order_by(DELIVERIES.c.event).limit(limit)
        async with self._alone:
            try:
                async with self._database.reading() as connection:
                    rows = (await connection.execute(query)).all()
            except StoreOutOfReach as error:
                raise EventsOutOfReach(str(error)) from None
            read = [delivery_of(row, webhook) for row in rows]
            latest = (self._unwritten.get(_key(one), one) for one in read)
            waiting = [one for one in latest if one is not None and one.dead is None]
        until = rows[-1].event if rows else after
        return Page(waiting, until, whole=len(rows) < limit)

    def taken(self, delivery: Delivery) -> None:
        """See `DeliveryLog.taken`."""
        self._note(delivery, None, "taken")
        self.waiting -= 1

    def failed(self, delivery: Delivery) -> None:
        """See `DeliveryLog.failed`."""
        self._note(delivery, delivery, "failed")

    def died(self, delivery: Delivery) -> None:
        """See `DeliveryLog.died`."""
        self._note(delivery, delivery, "dead")
        self.waiting -= 1

    def _note(self, delivery: Delivery, now: Delivery | None, result: str) -> None:
        self._unwritten[_key(delivery)] = now
        self.results[result] += 1
        self._on_news()

    # ---- the store's part -----------------------------------------------------------------------

    async def write(self) -> None:
        """Write what became of those that were sent. Raises `StoreOutOfReach`."""
        if not self._unwritten:
            return
        async with self._alone:
            changes, self._unwritten = self._unwritten, {}
            try:
                async with self._database.writing() as connection:
                    await _write(connection, changes)
            except BaseException:
                self._unwritten = {**changes, **self._unwritten}
                raise

    async def count(self) -> None:
        """See how many wait. Raises `StoreOutOfReach`."""
        query = select(func.count()).where(DELIVERIES.c.dead.is_(None))
        async with self._alone:
            async with self._database.reading() as connection:
                rows = int((await connection.execute(query)).scalar_one())
            over = [one for one in self._unwritten.values() if one is None or one.dead is not None]
            self.waiting = max(0, rows - len(over))

    async def tidy(self) -> None:
        """Forget what is dead for long, what has no webhook any more, and bound what waits.

        Raises `StoreOutOfReach`.
        """
        if not self._tidying.has_come():
            return
        now = self._clock()
        # An idle service only looks: it neither writes nor waits for somebody who does.
        async with self._database.reading() as connection:
            untidy = [
                webhook
                async for webhook in _that_have_any(connection)
                if await self._is_untidy(connection, webhook, now)
            ]
        for webhook in untidy:  # one by one: others write in between
            async with self._database.writing() as connection:
                crowded = await self._bound(connection, webhook, now)
            self.results["dead"] += crowded
        await self.count()

    async def _is_untidy(self, connection: AsyncConnection, webhook: UUID, now: float) -> bool:
        if not await _is_there(connection, webhook):
            return True
        old = select(DELIVERIES.c.event).where(self._are_forgotten(webhook, now)).limit(1)
        for query in (old, self._crowding(webhook), self._dead_beyond(webhook)):
            if (await connection.execute(query)).first() is not None:
                return True
        return False

    async def _bound(self, connection: AsyncConnection, webhook: UUID, now: float) -> int:
        """Forget what is to be, and let the oldest die where too many wait; how many did."""
        if not await _is_there(connection, webhook):
            # An event that was just being told when its webhook was deleted.
            await connection.execute(delete(DELIVERIES).where(_of(webhook)))
            return 0
        await connection.execute(delete(DELIVERIES).where(self._are_forgotten(webhook, now)))
        newest = (await connection.execute(self._crowding(webhook))).scalar_one_or_none()
        crowded = 0
        if newest is not None:
            old = _waits(webhook) & (DELIVERIES.c.event <= newest)
            dying = update(DELIVERIES).where(old).values(dead=now, failure=CROWDED_OUT)
            crowded = (await connection.execute(dying)).rowcount
            await raise_revision(connection, webhook)  # whoever has them in memory is to see it
        last = (await connection.execute(self._dead_beyond(webhook))).one_or_none()
        if last is not None:
            # Many have died at the same moment.
            dead, event = DELIVERIES.c.dead, DELIVERIES.c.event
            before = (dead < last.dead) | ((dead == last.dead) & (event <= last.event))
            await connection.execute(delete(DELIVERIES).where(_of(webhook), before))
        return crowded

    def _are_forgotten(self, webhook: UUID, now: float) -> ColumnElement[bool]:
        return _of(webhook) & (DELIVERIES.c.dead < now - self._limits.dead_seconds)

    def _crowding(self, webhook: UUID) -> Select[Any]:
        """The newest that too many others wait behind."""
        waiting = select(DELIVERIES.c.event).where(_waits(webhook))
        return waiting.order_by(DELIVERIES.c.event.desc()).offset(self._limits.most).limit(1)

    def _dead_beyond(self, webhook: UUID) -> Select[Any]:
        """The last that has died before so many others that it is not kept."""
        dead, event = DELIVERIES.c.dead, DELIVERIES.c.event
        of_it = select(dead, event).where(_of(webhook), dead.is_not(None))
        return of_it.order_by(dead.desc(), event.desc()).offset(self._limits.most).limit(1)


async def _that_have_any(connection: AsyncConnection) -> AsyncIterator[UUID]:
    """The webhooks of all deliveries, found without a look at each delivery."""
    last: str | None = ""
    while True:
        later = select(func.min(DELIVERIES.c.webhook)).where(DELIVERIES.c.webhook > last)
        if (last := (await connection.execute(later)).scalar_one()) is None:
            return
        yield UUID(last)


async def _is_there(connection: AsyncConnection, webhook: UUID) -> bool:
    found = select(WEBHOOKS.c.id).where(WEBHOOKS.c.id == str(webhook))
    return (await connection.execute(found)).first() is not None


def _of(webhook: UUID) -> ColumnElement[bool]:
    return DELIVERIES.c.webhook == str(webhook)


def _waits(webhook: UUID) -> ColumnElement[bool]:
    return _of(webhook) & DELIVERIES.c.dead.is_(None)


_THIS = (DELIVERIES.c.webhook == bindparam("of")) & (DELIVERIES.c.event == bindparam("number"))
_TAKEN = delete(DELIVERIES).where(_THIS)
_DIED = (
    update(DELIVERIES)
    .where(_THIS)
    .values({name: bindparam(name) for name in ("attempts", "due", "tried", "failure", "dead")})
)
# One that was crowded out while it was on its way stays dead: nobody has it in memory any more.
_FAILED = _DIED.where(DELIVERIES.c.dead.is_(None))


async def _write(
    connection: AsyncConnection, changes: dict[tuple[UUID, int], Delivery | None]
) -> None:
    taken = [_named(key) for key, delivery in changes.items() if delivery is None]
    tried = [(_named(key), one) for key, one in changes.items() if one is not None]
    failed = [{**named, **fate_of(one)} for named, one in tried if one.dead is None]
    died = [{**named, **fate_of(one)} for named, one in tried if one.dead is not None]
    for statement, rows in ((_TAKEN, taken), (_FAILED, failed), (_DIED, died)):
        if rows:
            await connection.execute(statement, rows)


def _key(delivery: Delivery) -> tuple[UUID, int]:
    return delivery.webhook, delivery.event.id


def _named(key: tuple[UUID, int]) -> dict[str, object]:
    webhook, event = key
    return {"of": str(webhook), "number": event}
