"""Whoever delivers, in this process or another, sees by revisions what has changed."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from .schema import STATE, WEBHOOKS


async def raise_revision(connection: AsyncConnection, webhook: UUID) -> None:
    """That webhook was made, changed or removed, or what waits for it was changed."""
    # Of each one: a change of somebody's is not to have all others read again what waits.
    one = update(WEBHOOKS).where(WEBHOOKS.c.id == str(webhook))
    await connection.execute(one.values(revision=WEBHOOKS.c.revision + 1))
    await connection.execute(update(STATE).values(webhooks_revision=STATE.c.webhooks_revision + 1))
