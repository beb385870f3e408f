"""The webhooks of the store, as they were at the last look: an event never waits for them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from callcue.events.webhook import Webhook

from .database import Database
from .schema import STATE, WEBHOOKS
from .webhook_rows import webhook_of

_log = logging.getLogger(__name__)

Listener = Callable[[Sequence[Webhook]], None]


class KnownWebhooks:
    """Kept fresh by `look`. Without anybody who sends there are none: nothing piles up then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listener: Listener | None = None
        self._revision: int | None = None
        self._by_workspace: dict[UUID, list[Webhook]] = {}

    def tell(self, listener: Listener) -> None:
        """From now on *listener* gets all of them, whenever one or its deliveries were changed."""
        self._listener = listener

    def of(self, workspace: UUID) -> Sequence[Webhook]:
        """Those of a workspace."""
        return self._by_workspace.get(workspace, ())

    async def look(self) -> bool:
        """Read what has changed; whether anything has. Raises `StoreOutOfReach`."""
        if self._listener is None:
            return False
        async with self._database.reading() as connection:
            revision = (await connection.execute(select(STATE.c.webhooks_revision))).scalar_one()
            if revision == self._revision:
                return False
            rows = (await connection.execute(select(WEBHOOKS).order_by(WEBHOOKS.c.made))).all()
        webhooks = list(_readable(rows))
        self._by_workspace = {}
        for webhook in webhooks:
            self._by_workspace.setdefault(webhook.workspace, []).append(webhook)
        self._revision = revision
        self._listener(webhooks)
        return True


def _readable(rows: Sequence[Row[Any]]) -> Iterator[Webhook]:
    for row in rows:
        try:
            yield webhook_of(row)
        except (ValueError, KeyError, TypeError) as error:  # it keeps the others from nothing
            _log.error("webhook %s of the store cannot be read: %s", row.id, type(error).__name__)
