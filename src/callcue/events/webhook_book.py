"""What is kept of webhooks, as those who make and look after them see it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from .webhook import Delivery, Webhook

MOST_WEBHOOKS = 20
"""Of one workspace."""
MOST_SECRETS = 3
"""That sign at one time."""


class WebhooksOutOfReach(Exception):
    """They cannot be read or changed now; the text says why and holds no secret."""


class NoSuchWebhook(Exception):
    """There is none of that id, or it is another workspace's."""


class TooManyWebhooks(Exception):
    """The workspace has as many as it may have."""


class TooManySecrets(Exception):
    """As many sign as may, and none of them ends by this change."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that was none."""

    at: float
    """Seconds since 1970."""
    why: str
    """In words for the integrator."""


@dataclass(frozen=True, slots=True)
class KeptWebhook:
    """A webhook, and what it has not taken."""

    webhook: Webhook
    """With those of its secrets that sign now."""
    waiting: int = 0
    """Events that are to be tried, or tried again."""
    dead: int = 0
    """Events that are not tried any more."""
    failure: Failure | None = None
    """The last one of these."""


class WebhookBook(Protocol):
    """Where they are kept. Every method raises `WebhooksOutOfReach`.

    *workspace* is whose it must be; None stands for whosever it is.
    """

    async def add(self, webhook: Webhook) -> None:
        """Put a new one in; raises `TooManyWebhooks`."""

    async def all(self, workspace: UUID | None) -> Sequence[KeptWebhook]:
        """The oldest first."""

    async def find(self, webhook: UUID, workspace: UUID | None) -> KeptWebhook:
        """That one; raises `NoSuchWebhook`."""

    async def remove(self, webhook: UUID, workspace: UUID | None) -> None:
        """Forget it, and all that waits for it; raises `NoSuchWebhook`."""

    async def rotate(
        self, webhook: UUID, secret: str, overlap_seconds: float, workspace: UUID | None
    ) -> None:
        """Have *secret* sign first; what signed until now signs along for so long at most.

        The same once more changes nothing but that.

        Raises:
            NoSuchWebhook: there is none.
            TooManySecrets: it would have more than `MOST_SECRETS`.

        """

    async def dead(
        self, webhook: UUID, after: int, limit: int, workspace: UUID | None
    ) -> Sequence[Delivery]:
        """What is not tried any more, by the ids of the events, from after that one on.

        Raises:
            NoSuchWebhook: there is none.

        """

    async def replay(
        self, webhook: UUID, events: Collection[int] | None, workspace: UUID | None
    ) -> int:
        """Have those of *events* that are dead tried again as if they were new; None: all.

        How many they are. Raises `NoSuchWebhook`.
        """
