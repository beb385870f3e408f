"""The record of deliveries: made with the events themselves, and kept until they are taken."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import time
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callcue.events.event import Event, EventsOutOfReach
from callcue.events.lane import Page
from callcue.events.webhook import Delivery, Webhook

from .database import Database, StoreOutOfReach
from .delivery_rows import delivery_of, fate_of, row_of
from .known_webhooks import KnownWebhooks
from .schema import DELIVERIES, WEBHOOKS
from .webhook_revisions import raise_revision

TIDIED_EVERY_SECONDS = 60.0
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
        self._tidied = 0.0
        self.waiting = 0
        """How many wait, of all webhooks; others may change it, so it is counted anew at times."""
        self.results = dict.fromkeys(("taken", "failed", "dead"), 0)
        """How many attempts came to that, since the start."""

    def tell(self, listener: Listener) -> None:
        """From now on *listener* gets what is written, in its order. It may not wait."""
        self._listener = listener

    # ---- with the events ------------------------------------------------------------------------

    async def write_into(
        self, connection: AsyncConnection, events: Sequence[Event]
    ) -> Sequence[Delivery]:
        """Write what these events mean for webhooks, as part of a transaction that is not ours."""
        now = self._clock()
        deliveries = [
            Delivery(webhook.id, event, now)
            for event in events
            for webhook in self._webhooks.of(event.workspace)
            if webhook.wants(event)
        ]
        if deliveries:
            await connection.execute(insert(DELIVERIES), [row_of(one) for one in deliveries])
        return deliveries

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
        now = self._clock()
        # A clock that was set back does not keep it waiting.
        if 0 <= now - self._tidied <= TIDIED_EVERY_SECONDS:
            return
        self._tidied = now
        webhooks = select(WEBHOOKS.c.id)
        async with self._database.writing() as connection:
            await connection.execute(
                delete(DELIVERIES).where(DELIVERIES.c.dead < now - self._limits.dead_seconds)
            )
            # An event that was just being told when its webhook was deleted.
            await connection.execute(
                delete(DELIVERIES).where(DELIVERIES.c.webhook.not_in(webhooks))
            )
            crowded = 0
            for webhook in (await connection.execute(webhooks)).scalars().all():
                crowded += await self._bound(connection, UUID(webhook), now)
        self.results["dead"] += crowded
        await self.count()

    async def _bound(self, connection: AsyncConnection, webhook: UUID, now: float) -> int:
        """The oldest that wait die, where there are too many; how many did."""
        of_it, dead = DELIVERIES.c.webhook == str(webhook), DELIVERIES.c.dead
        too_many = select(DELIVERIES.c.event).where(_waits(webhook))
        too_many = too_many.order_by(DELIVERIES.c.event.desc()).offset(self._limits.most).limit(1)
        newest = (await connection.execute(too_many)).scalar_one_or_none()
        crowded = 0
        if newest is not None:
            old = _waits(webhook) & (DELIVERIES.c.event <= newest)
            dying = update(DELIVERIES).where(old).values(dead=now, failure=CROWDED_OUT)
            crowded = (await connection.execute(dying)).rowcount
            await raise_revision(connection, webhook)  # whoever has them in memory is to see it
        too_dead = select(dead, DELIVERIES.c.event).where(of_it, dead.is_not(None))
        too_dead = too_dead.order_by(dead.desc(), DELIVERIES.c.event.desc())
        last = (await connection.execute(too_dead.offset(self._limits.most).limit(1))).one_or_none()
        if last is not None:
            # Many have died at the same moment.
            before = (dead < last.dead) | ((dead == last.dead) & (DELIVERIES.c.event <= last.event))
            await connection.execute(delete(DELIVERIES).where(of_it, before))
        return crowded


def _waits(webhook: UUID) -> Any:
    return (DELIVERIES.c.webhook == str(webhook)) & DELIVERIES.c.dead.is_(None)


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
