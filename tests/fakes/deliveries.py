"""Events on their way to webhooks, as those who deliver leave them in the store."""

import json
from time import time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from callcue.store.database import Database
from callcue.store.schema import DELIVERIES

DIED = float(int(time()))
"""And so many seconds later as the id of its event says: each at a moment of its own."""


async def wait_for(database: Database, webhook: UUID, event: int, **more: Any) -> None:
    """Put one in that was never tried; *more* are columns."""
    row = {
        "webhook": str(webhook),
        "event": event,
        "playback": str(uuid4()),
        "body": json.dumps({"type": "started", "playbackId": str(uuid4())}),
        "made": 1.0,
        "attempts": 0,
        "due": 0.0,
        "tried": None,
        "failure": "",
        "dead": None,
    }
    async with database.writing() as connection:
        await connection.execute(insert(DELIVERIES).values(**{**row, **more}))


async def die_for(database: Database, webhook: UUID, event: int, **more: Any) -> None:
    """Put one in that is not tried any more."""
    tried = {"attempts": 12, "due": 9.0, "tried": DIED + event, "dead": DIED + event}
    await wait_for(database, webhook, event, **{**tried, "failure": f"answers 50{event}", **more})
