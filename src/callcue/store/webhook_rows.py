"""A webhook as a row of the store, and back."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from callcue.events.webhook import SigningSecret, Webhook


def row_of(webhook: Webhook) -> dict[str, Any]:
    """For the table `webhooks`."""
    return {
        "id": str(webhook.id),
        "workspace": str(webhook.workspace),
        "url": webhook.url,
        "types": " ".join(sorted(webhook.types)),
        "secrets": secrets_of(webhook.secrets),
        "made": webhook.made,
        "revision": webhook.revision,
    }


def secrets_of(secrets: Iterable[SigningSecret]) -> str:
    """As its column has them."""
    return json.dumps([{"secret": one.secret, "until": one.until} for one in secrets])


def webhook_of(row: Row[Any]) -> Webhook:
    """Of a row. Raises `ValueError`, `KeyError`, `TypeError`: it cannot be read."""
    secrets = json.loads(row.secrets)
    return Webhook(
        id=UUID(row.id),
        workspace=UUID(row.workspace),
        url=row.url,
        types=frozenset(row.types.split()),
        secrets=tuple(SigningSecret(one["secret"], one["until"]) for one in secrets),
        made=row.made,
        revision=row.revision,
    )
