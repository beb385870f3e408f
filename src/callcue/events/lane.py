"""What goes to one webhook: as much at a time as its receiver bears, and in its order per call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from .event import EventsOutOfReach
from .pace import Pace
from .retries import LONGEST_DELAY, delay
from .sending import Outcome
from .slots import Slots
from .webhook import Delivery, Webhook
from .window import Window

WINDOW = 1000
"""Deliveries of a webhook in memory; the others wait in the record."""
LARGEST_WINDOW = 10 * WINDOW
"""Where all of them wait behind some that a receiver, which takes others, does not take."""
PAGE = 250
"""Deliveries that are read from the record at a time: nobody else gets a word in meanwhile."""
LOOKED_AGAIN_SECONDS = 1.0
"""So often it is seen what is due, and whether a record out of reach is back."""

Send = Callable[[Webhook, Delivery], Awaitable[Outcome]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """The oldest deliveries that wait, or some of them."""

    deliveries: Sequence[Delivery]
    until: int
    """All up to this event are in it."""
    whole: bool
    """Whether there are no younger ones."""


class DeliveryLog(Protocol):
    """Where all deliveries are. What it is told it writes soon; nobody waits for that."""

    async def oldest(self, webhook: Webhook, after: int, limit: int) -> Page:
        """Those that wait, of events after that id. Raises `EventsOutOfReach`."""

    def taken(self, delivery: Delivery) -> None:
        """The receiver has it."""

    def failed(self, delivery: Delivery) -> None:
        """It is to be tried again."""

    def died(self, delivery: Delivery) -> None:
        """It is not to be tried any more."""


class Lane:
    """Sends to one webhook, until it is closed."""

    def __init__(
        self,
        webhook: Webhook,
        record: DeliveryLog,
        send: Send,
        slots: Slots,
        *,
        may_grow: Callable[[], bool],
        give_up_seconds: float,
        clock: Callable[[], float],
        steady: Callable[[], float],
    ) -> None:
        """*slots*: for requests, shared with others.

        *may_grow*: whether there is memory for more than the usual window.
        *clock* is the record's, in seconds since 1970. By *steady*, which nobody sets, it waits.
        """
        self.webhook = webhook
        self._record = record
        self._send = send
        self._slots = slots
        self._may_grow = may_grow
        self._give_up_seconds = give_up_seconds
        self._clock = clock
        self._steady = steady
        self._window = Window()
        self._pace = Pace(steady)
        self._began = clock()
        self._well_since = 0.0
        """What failed before failed by the receiver's fault, and not its own: it need not wait."""
        self._stale = True
        """The window is to be read anew: nothing is known of it."""
        self._until = 0
        """All that wait, up to this event, are in the window."""
        self._more = False
        """There are younger ones."""
        self._reading = False
        self._wake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._running = asyncio.create_task(self._run(), name=f"webhook {webhook.id}")

    def __len__(self) -> int:
        """How many deliveries are in memory."""
        return len(self._window)

    def put(self, delivery: Delivery) -> None:
        """One more has been recorded."""
        if self._stale or self._reading or self._more or len(self._window) >= WINDOW:
            self._more = True
        elif delivery.event.id > self._until:  # else it was read before we were told
            self._take_in([delivery], delivery.event.id)
        self._wake.set()

    def renew(self, webhook: Webhook) -> None:
        """It may have changed, and so may what waits for it."""
        self.webhook = webhook
        self._stale = True
        self._wake.set()

    def cancel(self) -> None:
        """Send nothing more, and wait for nothing."""
        self._running.cancel()
        for task in self._sending:
            task.cancel()

    async def close(self, seconds: float) -> None:
        """Send nothing more; what is on its way has so long to come through."""
        self._running.cancel()
        if self._sending:
            await asyncio.wait(self._sending, timeout=seconds)
        self.cancel()
        await asyncio.gather(self._running, *self._sending, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._fill()
                await self._begin()
            except Exception:
                # A fault of ours must not end it; in a second it is tried again.
                _log.exception("webhook %s: nothing can be sent now", self.webhook.id)
                self._stale = True
            with suppress(TimeoutError):
                async with asyncio.timeout(self._idle_seconds()):
                    await self._wake.wait()

    def _idle_seconds(self) -> float | None:
        """So long there is nothing to do, as far as is known; None: until something happens."""
        if self._is_to_be_read():
            return LOOKED_AGAIN_SECONDS  # the record was out of reach
        due = self._window.next_due()
        if due is None or len(self._sending) >= self._pace.at_once:
            return None
        left = max(due, self._pace.rests_until) - self._steady()
        return min(max(left, 0.0), LOOKED_AGAIN_SECONDS)

    # ---- the window -----------------------------------------------------------------------------

    def _is_to_be_read(self) -> bool:
        if self._stale or not self._more:
            return self._stale
        return len(self._window) <= WINDOW // 2 or self._is_stuck()

    def _is_stuck(self) -> bool:
        """Whether nothing of it can be sent, and that not because the receiver is down."""
        due = self._window.next_due()
        return (
            (due is None or due > self._steady())
            and not self._sending
            and not self._pace.is_slow
            and len(self._window) < self._limit()
        )

    def _limit(self) -> int:
        return LARGEST_WINDOW if self._may_grow() else WINDOW

    async def _fill(self) -> None:
        while self._is_to_be_read():
            anew, self._stale, self._more, self._reading = self._stale, False, False, True
            try:
                page = await self._record.oldest(self.webhook, 0 if anew else self._until, PAGE)
            except EventsOutOfReach:
                self._stale, self._more = self._stale or anew, True
                return
            finally:
                self._reading = False
            # What was recorded while it was read may be in it, or not: then it is read again.
            self._more = self._more or not page.whole
            if anew:
                self._window = self._window.anew()
            self._take_in(page.deliveries, page.until)

    def _take_in(self, deliveries: Sequence[Delivery], until: int) -> None:
        for delivery in deliveries:
            self._window.put(delivery, self._due(delivery))
        self._until = until

    def _due(self, delivery: Delivery) -> float | None:
        """When one of the record is due by the steady clock; None: it has not failed yet."""
        if delivery.tried is None or delivery.tried < self._well_since:
            return None
        return self._steady() + min(delivery.due - self._clock(), LONGEST_DELAY)

    # ---- the attempts ---------------------------------------------------------------------------

    def _may_begin(self) -> bool:
        due = self._window.next_due()
        return (
            due is not None
            and max(due, self._pace.rests_until) <= self._steady()
            and len(self._sending) < self._pace.at_once
        )

    async def _begin(self) -> None:
        while self._may_begin():
            await self._slots.acquire()
            # Much may have happened until it was our turn.
            delivery = self._window.take(self._steady()) if self._may_begin() else None
            if delivery is None:
                self._slots.release()
                return
            task = asyncio.create_task(self._attempt(delivery))
            self._sending.add(task)
            task.add_done_callback(self._attempted)

    def _attempted(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._slots.release()
        self._wake.set()

    async def _attempt(self, delivery: Delivery) -> None:
        try:
            outcome = await self._send(self.webhook, delivery)
        except Exception as error:
            # By its kind alone: what it says may hold the URL.
            _log.error("webhook %s: a fault of ours, %s", self.webhook.id, type(error).__name__)
            outcome = Outcome("could not be sent, by a fault of callcue's")
        if outcome.taken:
            self._taken(delivery)
        else:
            self._failed(delivery, outcome)

    def _taken(self, delivery: Delivery) -> None:
        self._record.taken(delivery)
        self._window.done(delivery)
        if self._pace.is_slow:
            _log.info("webhook %s: its receiver is back", self.webhook.id)
            self._is_well_since(self._clock())
        elif not self._well_since:  # the service before this one may have seen it down
            self._is_well_since(self._began)
        self._pace.taken()

    def _is_well_since(self, moment: float) -> None:
        self._well_since = moment
        self._window.hasten(moment)

    def _failed(self, delivery: Delivery, outcome: Outcome) -> None:
        now = self._clock()
        tried = replace(
            delivery, attempts=delivery.attempts + 1, tried=now, failure=outcome.failure
        )
        last = delivery.made + self._give_up_seconds
        if outcome.gone or now >= last:
            self._died(tried, now)
            self._window.done(tried)
        else:
            wait = min(delay(tried.attempts, outcome.rest), last - now)
            self._record.failed(replace(tried, due=now + wait))
            self._window.again(tried, self._steady() + wait)
        was_slow = self._pace.is_slow
        self._pace.failed(outcome.rest)
        if self._pace.is_slow:
            if not was_slow:
                _log.warning("webhook %s: its receiver %s", self.webhook.id, outcome.failure)
            # One request at a time would never come to all of these.
            for old in self._window.drop(now - self._give_up_seconds):
                self._died(replace(old, failure=outcome.failure), now)

    def _died(self, delivery: Delivery, now: float) -> None:
        self._record.died(replace(delivery, dead=now))
