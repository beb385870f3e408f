"""One bounded queue and one consumer: everything reaches the owner in the order of the wire.

AMI is one ordered stream, so replies travel through the same queue as events. The owner can rely
on it: when ``Link.send`` or ``Link.collect`` returns (awaited directly, not through a task of its
own), ``on_event`` has seen all that Asterisk reported before the answer and nothing it reported
after. A snapshot applied at once is therefore neither staler nor newer than the events around it.
"""

import asyncio
from collections.abc import Callable

import structlog

from callcue.asterisk.message import AmiEvent
from callcue.asterisk.pending import Pending

log = structlog.get_logger(__name__)

QUEUE_LIMIT = 10_000
"""Events that may wait. More means we no longer keep up, and had better read all anew."""
FULL_ENOUGH, EMPTY_ENOUGH = 2_000, 500
"""From so many on nothing more is read, until so few are left: after a standstill all that has come
meanwhile waits in the socket, and need not be read at once."""

_EVENTS_A_TURN = 100  # then other tasks get theirs


class Inbox:
    """The queue of one connection. After ``close()`` it delivers nothing any more."""

    def __init__(
        self,
        on_event: Callable[[AmiEvent], None],
        on_overflow: Callable[[], None],
        hold: Callable[[bool], None] = lambda _: None,
        limit: int = QUEUE_LIMIT,
    ) -> None:
        """*hold* is told True when no more shall be read, and False when it may be again."""
        self._hold = hold
        self._holding = False
        self.lost = 0
        """Events that were here and were never delivered."""
        self._on_event = on_event
        self._on_overflow = on_overflow
        self._queue: asyncio.Queue[AmiEvent | Pending] = asyncio.Queue(limit)
        self._consumer_waits = False

    def __len__(self) -> int:
        """How many wait."""
        return self._queue.qsize()

    def put_event(self, event: AmiEvent) -> None:
        """Queue *event*; a full queue is told to *on_overflow*."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.lost += 1
            self._on_overflow()
            return
        if not self._holding and self._queue.qsize() >= FULL_ENOUGH:
            self._holding = True
            self._hold(True)

    def put_answer(self, pending: Pending) -> None:
        """Wake the sender of *pending*, after all events that came before its answer."""
        if self._consumer_waits and self._queue.empty():
            pending.settle()  # nothing to wait behind: a turn of the loop saved
            return
        try:
            self._queue.put_nowait(pending)
        except asyncio.QueueFull:
            pending.settle()
            self._on_overflow()

    async def run(self) -> None:
        """Deliver until cancelled."""
        delivered = 0
        while True:
            self._consumer_waits = True
            item = await self._queue.get()
            self._consumer_waits = False
            if self._holding and self._queue.qsize() <= EMPTY_ENOUGH:
                self._holding = False
                self._hold(False)
            delivered += 1
            if isinstance(item, Pending):
                item.settle()
                # The sender runs now, before the events that follow its answer.
                await asyncio.sleep(0)
            else:
                self._deliver(item)
            if delivered % _EVENTS_A_TURN == 0:
                await asyncio.sleep(0)

    def close(self) -> None:
        """Wake the senders whose answers are here, drop the events: the next snapshot has them."""
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if isinstance(item, Pending):
                item.settle()
            else:
                self.lost += 1

    def _deliver(self, event: AmiEvent) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("an event's handler failed", event_name=event.name)
