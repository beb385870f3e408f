"""panoramisk's protocol, with the wire end made safe.

Of ``AMIProtocol`` there remain its table of actions in flight (``responses``), its ``send`` and
its place in the Manager. Reading is ours: whole messages are framed as bytes and only then
decoded, unwanted events are dropped unread, one bad message costs that message and no more.
"""

import socket
import time
from asyncio import BaseTransport, Transport
from collections.abc import Collection
from typing import Protocol

import structlog
from panoramisk.ami_protocol import AMIProtocol

from callcue.asterisk.errors import OutcomeUnknown
from callcue.asterisk.framing import BadStream, Framer
from callcue.asterisk.gate import Gate, Telling
from callcue.asterisk.message import AmiEvent, Reply, parse_message
from callcue.asterisk.pending import Pending

log = structlog.get_logger(__name__)

FULLY_BOOTED = "FullyBooted"
SHUTDOWN = "Shutdown"

# Unacknowledged data for so long ends the connection; Linux would else take some 15 minutes.
_USER_TIMEOUT_MS = 20_000


class Listener(Protocol):
    """Who is told what arrives; all of it synchronously, in the order of the wire."""

    def event_received(self, event: AmiEvent) -> None:
        """Take a wanted event, FullyBooted or Shutdown."""

    def answer_received(self, pending: Pending) -> None:
        """Take an action whose answer is whole."""

    def message_refused(self) -> None:
        """Hear that what comes is no message, or never ends."""

    def link_cut(self, reason: str) -> None:
        """Hear, once, that nothing more will come."""

    def socket_closed(self) -> None:
        """Hear that the socket, too, is gone."""


class LinkProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk is untyped
    """One connection's wire end. ``last_received`` is in seconds of ``time.monotonic()``."""

    # Made by the base class.
    closed: bool
    responses: dict[str, Pending]
    transport: Transport

    def __init__(
        self, wanted_events: Collection[str], listener: Listener, telling: Telling | None = None
    ) -> None:
        self._wanted = frozenset(wanted_events) | {FULLY_BOOTED, SHUTDOWN}
        self._gate = Gate(self._wanted, telling or {})
        self._listener = listener
        self._framer = Framer()
        self.last_received = time.monotonic()
        self.ignored = 0
        """Events that were dropped unread."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Called by asyncio: the socket is open."""
        super().connection_made(transport)
        self.last_received = time.monotonic()
        _tune(transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio: a chunk of any size, ending anywhere."""
        if self.closed:
            return
        self.last_received = time.monotonic()
        try:
            frames = self._framer.feed(data)
        except BadStream as error:
            self._listener.message_refused()
            self.cut(str(error))
            return
        passes, responses = self._gate.passes, self.responses
        for frame in frames:
            if passes(frame, awaits_items=bool(responses)):
                self._take(frame)
            else:
                self.ignored += 1

    def _take(self, frame: bytes) -> None:
        if self.closed:  # by the message before
            return
        try:
            message = parse_message(frame.decode("utf-8", "replace"), self.last_received)
            if message is not None:
                self.handle_message(message)
        except Exception:
            log.exception("an AMI message could not be handled", size=len(frame))

    def handle_message(self, message: AmiEvent | Reply) -> None:
        """Give a message to the action it answers, or to the listener, or to nobody."""
        pending = self.responses.get(message.action_id)
        if pending is not None and pending.accepts(message):
            if pending.add_message(message):
                self.forget(pending)
                self._listener.answer_received(pending)
        elif isinstance(message, AmiEvent) and message.name in self._wanted:
            self._listener.event_received(message)
        # Else: the late answer to an action whose sender has given up.

    def forget(self, pending: Pending) -> None:
        """No answer to *pending* is awaited any more."""
        self.responses.pop(pending.id, None)

    def cut(self, reason: str) -> None:
        """End the connection now and say so; every action in flight gets ``OutcomeUnknown``."""
        if self.closed:
            return
        self.closed = True
        self.transport.abort()
        # Told first: whoever is woken below already finds the link down.
        self._listener.link_cut(reason)
        while self.responses:
            _, pending = self.responses.popitem()
            pending.fail(OutcomeUnknown(f"{pending['Action']}: {reason}"))

    def close(self) -> None:
        """Cut; panoramisk's own would save the actions in flight and send them again later."""
        self.cut("closed")

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio: the socket is closed, by whichever side."""
        if exc is not None:
            self.cut(f"connection lost: {exc}")
        elif self._framer.greeting:
            self.cut("Asterisk closed the connection")
        else:
            self.cut("it closed the connection without a greeting: is this its port, without TLS?")
        self._listener.socket_closed()


def _tune(transport: BaseTransport) -> None:
    """Let the kernel, too, notice a peer that is gone."""
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux only
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
