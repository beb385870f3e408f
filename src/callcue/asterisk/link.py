"""The link to one Asterisk: kept up for ever, and honest about when it is not."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from callcue.asterisk.action import HeaderValue
from callcue.asterisk.address import ServerAddress
from callcue.asterisk.answer import items_of, reply_of
from callcue.asterisk.backoff import Backoff
from callcue.asterisk.connection import Connection
from callcue.asterisk.errors import LinkError, LoginRejected, NotConnected
from callcue.asterisk.figures import LinkCounts, LinkFigures
from callcue.asterisk.gate import Telling
from callcue.asterisk.handshake import add_filters, log_in, wait_booted
from callcue.asterisk.keepalive import watch
from callcue.asterisk.message import AmiEvent, Reply
from callcue.asterisk.server_clock import ServerClock
from callcue.asterisk.status import LinkStatus, LinkTimings, Phase
from callcue.core.refusals import Refusals

log = structlog.get_logger(__name__)

MOVED = "its settings have changed"


class Link:
    """A supervised AMI session. Make it inside the running loop, then run ``run()`` as a task.

    - *on_event* gets every wanted event, one at a time, in Asterisk's order.
    - *on_up* is awaited after each login: take the snapshot there with ``send`` and ``collect``.
      Events already flow meanwhile. If it raises, the connection is dropped.
    - *on_down* is told the reason, synchronously and exactly once for each call of *on_up*. No
      event of that connection comes after it.
    - *telling*: of these events only some are wanted; see ``Gate``.
    - *filters*: headers of one ``Filter`` action each, sent after every login.
    """

    def __init__(
        self,
        server: ServerAddress,
        *,
        wanted_events: Collection[str],
        on_event: Callable[[AmiEvent], None],
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[str], None],
        filters: Sequence[Mapping[str, HeaderValue]] = (),
        timings: LinkTimings | None = None,
        refusals: Refusals | None = None,
        telling: Telling | None = None,
    ) -> None:
        self.clock = ServerClock()
        """Asterisk's, known whenever *on_up* is called."""
        self._server = server
        self._refusals = refusals
        self._wanted = frozenset(wanted_events)
        self._telling = telling
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._filters = tuple(filters)
        self._timings = timings or LinkTimings()
        self._backoff = Backoff(self._timings.first_retry, self._timings.longest_retry)
        self._state = LinkStatus(Phase.DOWN, "not started")
        self._connection: Connection | None = None
        self._moved = asyncio.Event()
        self._counts = LinkCounts()
        """Of the connections that have ended; and all that is counted here."""

    @property
    def figures(self) -> LinkFigures:
        """How it is now, and what has been counted since the start."""
        seconds, connection = time.monotonic() - self._state.since, self._connection
        if connection is None:
            return LinkFigures(self._state.phase.value, seconds, self._counts)
        return LinkFigures(
            self._state.phase.value,
            seconds,
            connection.add_to(self._counts),
            connection.in_flight,
            connection.queued,
        )

    @property
    def state(self) -> LinkStatus:
        """Where the link is now, and why."""
        return self._state

    async def run(self) -> None:
        """Keep the link up. Ends only by cancellation, and then leaves no task and no socket."""
        try:
            while True:
                self._mark(Phase.CONNECTING, self._state.reason)
                self._moved.clear()
                await self._pause(await self._live_once())
        finally:
            self._mark(Phase.DOWN, "closed")

    def move(self, server: ServerAddress) -> None:
        """From now on it is there, or we are somebody else there: connect anew, at once."""
        self._server = server
        self._backoff.reset()
        self._moved.set()
        if self._connection is not None:
            self._connection.cut(MOVED)

    async def send(
        self,
        name: str,
        headers: Mapping[str, HeaderValue] | None = None,
        *,
        variables: Mapping[str, HeaderValue] | None = None,
        deadline: float = 2.0,
    ) -> Reply:
        """Send one action and wait for its reply, at most *deadline* seconds.

        Raises ``UnsafeHeader`` or ``NotConnected`` (nothing was sent), ``ActionRefused`` (nothing
        was done), ``OutcomeUnknown`` (sent, no answer: never send it again).
        """
        answer = await self._ready_connection(name).call(
            name, headers or {}, variables, deadline=deadline
        )
        return reply_of(name, answer)

    async def collect(
        self,
        name: str,
        headers: Mapping[str, HeaderValue] | None = None,
        *,
        deadline: float = 5.0,
    ) -> list[AmiEvent]:
        """Send an action that answers with a list; its items, without the event that ends it.

        ``ConfbridgeListRooms`` without a room is ``[]``. Raises as ``send`` does, and
        ``ActionRefused`` for an answer that is no list or was broken off by Asterisk.
        """
        answer = await self._ready_connection(name).call(
            name, headers or {}, deadline=deadline, wants_list=True
        )
        return items_of(name, answer)

    def _ready_connection(self, name: str) -> Connection:
        if self._connection is None or self._state.phase not in (Phase.SYNCING, Phase.UP):
            raise NotConnected(f"{name}: {self._state.reason or self._state.phase.value}")
        return self._connection

    async def _live_once(self) -> float:
        """One connection from its first byte to its last; the seconds to wait before the next."""
        server = self._server
        connection = Connection(
            server,
            self._wanted,
            self._on_event,
            self._went_down,
            self.clock,
            self._refusals,
            self._telling,
        )
        self._connection = connection
        reason = "closed"
        try:
            await self._bring_up(connection, server)
            reason = await self._stay_up(connection)
        except LoginRejected as error:
            self._counts.rejections += 1
            log.error("AMI login refused", reason=str(error))
            self._mark(Phase.REJECTED, str(error))
            return self._timings.rejected_retry
        except LinkError as error:
            reason = str(error)
        except Exception as error:
            # As text, not as exc_info: a renderer that shows locals would show the secret.
            log.error("the AMI connection failed", traceback=traceback.format_exc())
            reason = f"{type(error).__name__}: {error}"
        finally:
            await connection.close(reason)
            self._counts = connection.add_to(self._counts)
            self._connection = None
        self._mark(Phase.DOWN, reason)
        pause = self._backoff.next()
        log.info("no AMI link", reason=reason, next_try_s=round(pause, 2))
        return pause

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()

    async def _bring_up(self, connection: Connection, server: ServerAddress) -> None:
        timings = self._timings
        await connection.connect(timings.connect)
        if self._moved.is_set():  # before there was anything that could be cut
            raise NotConnected(MOVED)
        await log_in(connection, server, timings.login)
        connection.start(watch(connection, timings))
        await add_filters(connection, self._filters, timings.filter)
        await wait_booted(connection, timings.booted)
        await connection.ping(timings.patience)  # its clock is known before any leg is looked up

    async def _stay_up(self, connection: Connection) -> str:
        """From the snapshot to the loss; its reason."""
        self._mark(Phase.SYNCING)
        await self._synchronise(connection)
        if connection.alive:
            self._mark(Phase.UP)
            self._counts.ups += 1
            log.info("AMI link is up")
        return await connection.lost

    async def _synchronise(self, connection: Connection) -> None:
        """Let the owner take its snapshot, for as long as there is someone to ask."""
        snapshot = asyncio.ensure_future(self._on_up())
        try:
            either: set[asyncio.Future[Any]] = {snapshot, connection.lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            snapshot.cancel()  # does nothing to one that is done
            await asyncio.gather(snapshot, return_exceptions=True)
        if not connection.alive:
            return
        if snapshot.cancelled():  # by itself: that must not pass for the end of run()
            raise NotConnected("the snapshot was cancelled")
        if (error := snapshot.exception()) is not None:
            log.error("the snapshot of Asterisk failed", exc_info=error)
            raise NotConnected(f"the snapshot failed: {type(error).__name__}: {error}")

    def _went_down(self, reason: str) -> None:
        """Runs inside the very call that ended the connection."""
        was = self._state
        if was.phase not in (Phase.SYNCING, Phase.UP):
            return
        if was.phase is Phase.UP and time.monotonic() - was.since >= self._timings.stable:
            self._backoff.reset()
        self._mark(Phase.DOWN, reason)
        log.warning("AMI link is down", reason=reason)
        try:
            self._on_down(reason)
        except Exception:
            log.exception("on_down failed")

    def _mark(self, phase: Phase, reason: str = "") -> None:
        self._state = LinkStatus(phase, reason)
