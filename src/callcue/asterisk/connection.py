"""One connection to Asterisk: connect, call, cut; used once and thrown away."""

import asyncio
import contextlib
import secrets
import time
from asyncio import Task
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from callcue.asterisk.action import HeaderValue, build_action
from callcue.asterisk.address import ServerAddress
from callcue.asterisk.disposable import DisposableManager
from callcue.asterisk.errors import NotConnected, OutcomeUnknown
from callcue.asterisk.failures import in_words
from callcue.asterisk.figures import LinkCounts
from callcue.asterisk.gate import Telling
from callcue.asterisk.inbox import Inbox
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.pending import Pending
from callcue.asterisk.protocol import FULLY_BOOTED, SHUTDOWN, LinkProtocol
from callcue.asterisk.server_clock import ServerClock
from callcue.asterisk.traced import trace
from callcue.core.refusals import Bound, Refusals

IN_FLIGHT_LIMIT = 500
"""Actions that may wait for their answer at one time; further ones wait to be written."""

_CLOSE_GRACE_S = 1.0


class Connection:
    """``lost`` resolves to the reason of its end, ``booted`` when FullyBooted has come.

    *on_event* gets the wanted events, in order; *on_cut* is called once, synchronously, with the
    reason, and no event is delivered after it. *clock* learns from every ping.
    """

    def __init__(
        self,
        server: ServerAddress,
        wanted_events: Collection[str],
        on_event: Callable[[AmiEvent], None],
        on_cut: Callable[[str], None],
        clock: ServerClock,
        refusals: Refusals | None = None,
        telling: Telling | None = None,
    ) -> None:
        self._clock = clock
        self._refusals = refusals or Refusals()
        loop = asyncio.get_running_loop()
        self.booted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[str] = loop.create_future()
        self._wanted = frozenset(wanted_events)
        self._on_cut = on_cut
        self._taken = self._overflows = 0
        self._inbox = Inbox(on_event, self._overflowed, self._hold)
        self._slots = asyncio.Semaphore(IN_FLIGHT_LIMIT)
        # Not to be guessed: an event that carries one of our ids would pass for an answer.
        prefix = secrets.token_hex(4)
        self._ids = (f"callcue-{prefix}-{number}" for number in count(1))
        self._socket_closed = asyncio.Event()
        self._helpers: list[Task[None]] = []
        self._manager = DisposableManager(
            server, lambda: LinkProtocol(wanted_events, self, telling)
        )

    @property
    def _protocol(self) -> LinkProtocol | None:
        # The Manager's, not a copy: it has it even when our wait for it was cancelled.
        protocol: LinkProtocol | None = self._manager.protocol
        return protocol

    @property
    def alive(self) -> bool:
        """Whether an action written now has a chance."""
        return self._protocol is not None and not self._protocol.closed

    @property
    def last_received(self) -> float:
        """When the last byte came, in seconds of ``time.monotonic()``."""
        return self._protocol.last_received if self._protocol is not None else 0.0

    @property
    def in_flight(self) -> int:
        """How many actions wait for their answer."""
        return len(self._protocol.responses) if self._protocol is not None else 0

    @property
    def queued(self) -> int:
        """How many events and answers wait to be delivered."""
        return len(self._inbox)

    def add_to(self, counts: LinkCounts) -> LinkCounts:
        """*counts*, and what was counted here."""
        return replace(
            counts,
            taken=counts.taken + self._taken,
            ignored=counts.ignored + (self._protocol.ignored if self._protocol else 0),
            lost=counts.lost + self._inbox.lost,
            overflows=counts.overflows + self._overflows,
        )

    async def connect(self, deadline: float) -> None:
        """Open the socket. Raises ``NotConnected``, after *deadline* seconds at the latest."""
        try:
            async with asyncio.timeout(deadline):
                await self._manager.connect()
        except OSError as error:  # a TimeoutError, with no text of its own, is one too
            why = in_words(error) or f"no answer within {deadline:g} s"
            raise NotConnected(f"cannot connect to Asterisk: {why}") from error
        self.start(self._inbox.run())

    def start(self, helper: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine for as long as the connection lasts."""
        self._helpers.append(asyncio.create_task(helper))

    async def call(
        self,
        name: str,
        headers: Mapping[str, HeaderValue],
        variables: Mapping[str, HeaderValue] | None = None,
        *,
        deadline: float,
        wants_list: bool = False,
    ) -> Pending:
        """Write an action and wait, at most *deadline* seconds, until its answer is whole.

        Raises ``UnsafeHeader``, ``NotConnected`` (not written) or ``OutcomeUnknown`` (written).
        """
        action_id = next(self._ids)
        action = build_action(name, action_id, headers, variables)
        trace(name, action_id, headers)
        expires = asyncio.get_running_loop().time() + deadline
        await self._take_slot(name, expires)
        try:
            return await self._exchange(Pending(action, wants_list=wants_list), expires)
        finally:
            self._slots.release()

    async def ping(self, deadline: float) -> None:
        """As ``call``, but never waits for a slot: a full house must not look like a dead peer."""
        expires = asyncio.get_running_loop().time() + deadline
        ping = build_action("Ping", next(self._ids))
        sent = time.monotonic()
        answer = await self._exchange(Pending(ping, wants_list=False), expires)
        if answer.reply is not None:
            with contextlib.suppress(ValueError):  # an answer without the time is one too
                now = float(answer.reply.get("Timestamp"))
                self._clock.answered(now, sent=sent, received=answer.reply.received_at)

    async def _take_slot(self, name: str, expires: float) -> None:
        if not self._slots.locked():  # as nearly always: a timer would cost more than the slot
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout_at(expires):
                await self._slots.acquire()
        except TimeoutError:
            self._refusals.count(Bound.ACTIONS)
            raise NotConnected(f"{name}: too many actions in flight") from None

    async def _exchange(self, pending: Pending, expires: float) -> Pending:
        protocol = self._protocol
        if protocol is None or protocol.closed:
            raise NotConnected(f"{pending['Action']}: not connected")
        protocol.send(pending)
        try:
            async with asyncio.timeout_at(expires):
                await pending.future
        except TimeoutError:
            if not pending.answer_is_whole:  # else it is here, behind events not yet delivered
                raise OutcomeUnknown(f"{pending['Action']}: no answer in time") from None
        finally:
            protocol.forget(pending)
        return pending

    def cut(self, reason: str) -> None:
        """End it now. Does nothing the second time."""
        if self._protocol is not None:
            self._protocol.cut(reason)

    async def close(self, reason: str) -> None:
        """Cut it, and wait until its tasks and its socket are gone."""
        self.cut(reason)
        for helper in self._helpers:
            helper.cancel()
        await asyncio.gather(*self._helpers, return_exceptions=True)
        if self._protocol is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_GRACE_S):
                    await self._socket_closed.wait()

    def _hold(self, stop: bool) -> None:
        if self._protocol is None or self._protocol.closed:
            return
        if stop:
            self._protocol.transport.pause_reading()
        else:
            self._protocol.transport.resume_reading()

    # What the protocol tells us (protocol.Listener).

    def event_received(self, event: AmiEvent) -> None:
        """Queue it for the owner; heed what Asterisk says about itself."""
        if event.name == FULLY_BOOTED and not self.booted.done():
            self.booted.set_result(None)
        if event.name in self._wanted:
            self._taken += 1
            self._inbox.put_event(event)
        if event.name == SHUTDOWN:
            self.cut("Asterisk is shutting down")

    def _overflowed(self) -> None:
        self._overflows += 1
        self._refusals.count(Bound.EVENTS)
        self.cut("event queue overflow")

    def answer_received(self, pending: Pending) -> None:
        """Wake the sender, in its turn."""
        self._inbox.put_answer(pending)

    def link_cut(self, reason: str) -> None:
        """Deliver nothing more, and tell everyone who waits for this connection."""
        self._inbox.close()
        if not self.lost.done():
            self.lost.set_result(reason)
        self._on_cut(reason)

    def message_refused(self) -> None:
        """Count it; the cut follows."""
        self._refusals.count(Bound.MESSAGES)

    def socket_closed(self) -> None:
        """Let ``close()`` end."""
        self._socket_closed.set()
