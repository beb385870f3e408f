"""Sends what webhooks wait for: a lane for each, and a bound over all of them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic, time
from uuid import UUID

from .lane import DeliveryLog, Lane, Send
from .slots import AllSlots
from .webhook import Delivery, Webhook

MOST_HELD = 50_000
"""Deliveries in memory; beyond, no window grows over its usual size."""
GIVE_UP_SECONDS = 86_400.0
END_SECONDS = 2.0
"""So long, at the end, requests that are on their way may take; they are repeated otherwise."""


class Dispatcher:
    """Begins when it is told of webhooks. What it has not sent is still in the record."""

    def __init__(
        self,
        record: DeliveryLog,
        send: Send,
        *,
        give_up_seconds: float = GIVE_UP_SECONDS,
        clock: Callable[[], float] = time,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        """*give_up_seconds*: from when an event was recorded until it is not tried any more."""
        self._record = record
        self._send = send
        self._give_up_seconds = give_up_seconds
        self._clock = clock
        self._steady = steady
        self._slots = AllSlots()
        self._lanes: dict[UUID, Lane] = {}
        self._closed = False

    @property
    def held(self) -> int:
        """How many deliveries are in memory."""
        return sum(map(len, self._lanes.values()))

    def serve(self, webhooks: Iterable[Webhook]) -> None:
        """These are all webhooks from now on; what waits for them may have changed, too."""
        if self._closed:
            return
        new = {webhook.id: webhook for webhook in webhooks}
        for gone in self._lanes.keys() - new.keys():
            self._lanes.pop(gone).cancel()
        for webhook in new.values():
            if webhook.id not in self._lanes:
                self._lanes[webhook.id] = self._lane(webhook)
            elif self._lanes[webhook.id].webhook != webhook:
                self._lanes[webhook.id].renew(webhook)

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """These have been recorded. Never waits."""
        for delivery in deliveries:
            if not self._closed and delivery.webhook in self._lanes:
                self._lanes[delivery.webhook].put(delivery)

    async def close(self) -> None:
        """Send nothing more, and see what becomes of what is on its way."""
        self._closed = True
        await asyncio.gather(*(lane.close(END_SECONDS) for lane in self._lanes.values()))

    def _lane(self, webhook: Webhook) -> Lane:
        return Lane(
            webhook,
            self._record,
            self._send,
            self._slots.of(webhook.workspace),
            may_grow=lambda: self.held < MOST_HELD,
            give_up_seconds=self._give_up_seconds,
            clock=self._clock,
            steady=self._steady,
        )
