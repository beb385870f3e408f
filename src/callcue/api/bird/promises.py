"""What is written down of requests that may come again, so that each is done once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4, uuid5

from callcue.core.types import CallId, PlaybackId

KEPT_SECONDS = 86_400.0
"""So long a request is known by its key, from the first one on."""
MOST_KEYS = 1_000_000
"""Of one workspace."""
MOST_BYTES = 256 * 1024 * 1024
"""Of the answers to one workspace."""


class TooManyKeys(Exception):
    """As many requests of the workspace are known as may be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may come again, by the key that its client gave it."""

    workspace: UUID
    key: str
    fingerprint: str
    """Of what is asked for: SHA-256 in hexadecimal."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first one was answered."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Promise:
    """What is known of a request: it has an answer, or what is done for it can be found."""

    fingerprint: str
    seed: UUID = field(default_factory=uuid4)
    """The ids of its playbacks are made of it, so that they can be found before they are known."""
    again: bool = False
    """It came before; without an answer the service has died meanwhile, or the store was away."""
    answer: KeptAnswer | None = None

    def playback_id(self, call: CallId) -> PlaybackId:
        """The one id that a playback for that call can have."""
        return PlaybackId(uuid5(self.seed, str(call)))

    @property
    def webhook_id(self) -> UUID:
        """The one id that a webhook made by it can have."""
        return uuid5(self.seed, "webhook")


class PromiseBook(Protocol):
    """Where promises are kept. Every method raises `RecordUnavailable`."""

    async def make(self, asked: Asked) -> Promise:
        """What was promised for that key before, else a new promise. It survives us at once.

        Raises:
            TooManyKeys: it is new, and there is no room.

        """

    async def keep(self, asked: Asked, answer: KeptAnswer) -> None:
        """It is done, and this is the answer from now on."""

    async def release(self, asked: Asked) -> None:
        """Nothing was done: the key is as new."""
