"""The webhooks of the store: made, looked at, and changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from time import time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callcue.events.webhook import Delivery, SigningSecret, Webhook
from callcue.events.webhook_book import (
    MOST_SECRETS,
    MOST_WEBHOOKS,
    Failure,
    KeptWebhook,
    NoSuchWebhook,
    TooManySecrets,
    TooManyWebhooks,
    WebhooksOutOfReach,
)

from .database import Database, StoreOutOfReach
from .delivery_rows import delivery_of
from .schema import DELIVERIES, WEBHOOKS
from .webhook_revisions import raise_revision
from .webhook_rows import row_of, secrets_of, webhook_of


async def nothing_more() -> None:
    """What a change leads to where nobody delivers."""


class StoredWebhooks:
    """Implements `callcue.events.webhook_book.WebhookBook`."""

    def __init__(
        self,
        database: Database,
        *,
        on_change: Callable[[], Awaitable[None]] = nothing_more,
        clock: Callable[[], float] = time,
    ) -> None:
        """*on_change* is waited for when one was changed; may raise `StoreOutOfReach`."""
        self._database = database
        self._on_change = on_change
        self._clock = clock
        self._counting = asyncio.Lock()
        """To count takes long where much waits: who writes is not to lack connections by that."""

    async def add(self, webhook: Webhook) -> None:
        """See `WebhookBook.add`."""
        async with self._writing() as connection:
            own = WEBHOOKS.c.workspace == str(webhook.workspace)
            count = await connection.execute(select(func.count()).where(own))
            if count.scalar_one() >= MOST_WEBHOOKS:
                raise TooManyWebhooks
            await raise_revision(connection, webhook.id)
            await connection.execute(insert(WEBHOOKS).values(**row_of(webhook)))

    async def all(self, workspace: UUID | None = None) -> list[KeptWebhook]:
        """See `WebhookBook.all`."""
        query = select(WEBHOOKS).order_by(WEBHOOKS.c.made, WEBHOOKS.c.id)
        if workspace is not None:
            query = query.where(WEBHOOKS.c.workspace == str(workspace))
        async with self._counting, self._reading() as connection:
            rows = (await connection.execute(query)).all()
            return [await self._kept(connection, self._webhook(row)) for row in rows]

    async def find(self, webhook: UUID, workspace: UUID | None = None) -> KeptWebhook:
        """See `WebhookBook.find`."""
        async with self._counting, self._reading() as connection:
            return await self._kept(connection, await self._one(connection, webhook, workspace))

    async def remove(self, webhook: UUID, workspace: UUID | None = None) -> None:
        """See `WebhookBook.remove`."""
        async with self._writing() as connection:
            await self._one(connection, webhook, workspace)
            await connection.execute(delete(DELIVERIES).where(_of(webhook)))
            await connection.execute(delete(WEBHOOKS).where(WEBHOOKS.c.id == str(webhook)))
            await raise_revision(connection, webhook)

    async def rotate(
        self, webhook: UUID, secret: str, overlap_seconds: float, workspace: UUID | None = None
    ) -> None:
        """See `WebhookBook.rotate`."""
        async with self._writing() as connection:
            found = await self._one(connection, webhook, workspace)
            until = self._clock() + overlap_seconds
            older = (_ending(one, until) for one in found.secrets if one.secret != secret)
            secrets = (SigningSecret(secret), *(one for one in older if self._signs(one)))
            if len(secrets) > MOST_SECRETS:
                raise TooManySecrets
            change = update(WEBHOOKS).where(WEBHOOKS.c.id == str(webhook))
            await connection.execute(change.values(secrets=secrets_of(secrets)))
            await raise_revision(connection, webhook)

    async def dead(
        self, webhook: UUID, after: int, limit: int, workspace: UUID | None = None
    ) -> list[Delivery]:
        """See `WebhookBook.dead`."""
        query = select(DELIVERIES).where(
            _of(webhook), DELIVERIES.c.dead.is_not(None), DELIVERIES.c.event > after
        )
        async with self._reading() as connection:
            found = await self._one(connection, webhook, workspace)
            rows = await connection.execute(query.order_by(DELIVERIES.c.event).limit(limit))
            return [delivery_of(row, found) for row in rows]

    async def replay(
        self, webhook: UUID, events: Collection[int] | None, workspace: UUID | None = None
    ) -> int:
        """See `WebhookBook.replay`."""
        change = update(DELIVERIES).where(_of(webhook), DELIVERIES.c.dead.is_not(None))
        if events is not None:
            change = change.where(DELIVERIES.c.event.in_(events))
        as_new = {"dead": None, "attempts": 0, "due": 0.0, "tried": None, "failure": ""}
        async with self._writing() as connection:
            await self._one(connection, webhook, workspace)
            count = (await connection.execute(change.values(**as_new, made=self._clock()))).rowcount
            if count:
                await raise_revision(connection, webhook)
            return count

    async def _one(
        self, connection: AsyncConnection, webhook: UUID, workspace: UUID | None
    ) -> Webhook:
        row = (
            await connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.id == str(webhook)))
        ).one_or_none()
        if row is None or workspace not in (None, UUID(row.workspace)):
            raise NoSuchWebhook
        return self._webhook(row)

    def _webhook(self, row: Row[Any]) -> Webhook:
        found = webhook_of(row)
        return replace(found, secrets=tuple(one for one in found.secrets if self._signs(one)))

    def _signs(self, secret: SigningSecret) -> bool:
        return secret.until is None or secret.until > self._clock()

    async def _kept(self, connection: AsyncConnection, webhook: Webhook) -> KeptWebhook:
        counts = select(func.count(), func.count(DELIVERIES.c.dead)).where(_of(webhook.id))
        every, dead = (await connection.execute(counts)).one()
        tried = DELIVERIES.c.tried
        failed = select(tried, DELIVERIES.c.failure).where(_of(webhook.id), tried.is_not(None))
        newest = failed.order_by(tried.desc()).limit(1)
        last = (await connection.execute(newest)).one_or_none()
        return KeptWebhook(webhook, every - dead, dead, None if last is None else Failure(*last))

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.reading() as connection:
                yield connection
        except StoreOutOfReach as error:
            raise WebhooksOutOfReach(str(error)) from None

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.writing() as connection:
                yield connection
        except StoreOutOfReach as error:
            raise WebhooksOutOfReach(str(error)) from None
        # It is done: who cannot see it now sees it soon.
        with suppress(StoreOutOfReach):
            await self._on_change()


def _of(webhook: UUID) -> ColumnElement[bool]:
    return DELIVERIES.c.webhook == str(webhook)


def _ending(secret: SigningSecret, until: float) -> SigningSecret:
    """It, and at that moment it ends at the latest."""
    return replace(secret, until=until if secret.until is None else min(until, secret.until))
