"""A delivery as a row of the store, and back."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from callcue.core.types import PlaybackId
from callcue.events.event import Event
from callcue.events.webhook import Delivery, Webhook


def fate_of(delivery: Delivery) -> dict[str, object]:
    """What changes of it: how it was tried, and what came of that."""
    return {
        "attempts": delivery.attempts,
        "due": delivery.due,
        "tried": delivery.tried,
        "failure": delivery.failure,
        "dead": delivery.dead,
    }


def row_of(delivery: Delivery, body: str) -> dict[str, object]:
    """For the table `deliveries`; *body* as the table `events` has it."""
    return {
        "webhook": str(delivery.webhook),
        "event": delivery.event.id,
        "playback": str(delivery.event.playback),
        "body": body,
        "made": delivery.made,
        **fate_of(delivery),
    }


def delivery_of(row: Row[Any], webhook: Webhook) -> Delivery:
    """Of a row of that webhook."""
    playback = PlaybackId(UUID(row.playback))
    return Delivery(
        webhook=webhook.id,
        event=Event(row.event, webhook.workspace, playback, json.loads(row.body)),
        made=row.made,
        attempts=row.attempts,
        due=row.due,
        tried=row.tried,
        failure=row.failure,
        dead=row.dead,
    )
