"""Who may be connected: how many in all, how many from one address, and how slow they may be.

aiohttp has bounds for what a request may hold, and none for how many connections there are or for
how long a client may take over its request. So each connection is a `Guest`, who comes past here.
Where all places are taken the one that has rested for longest gives way: opening connections and
doing nothing keeps nobody out.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from callcue.core.refusals import Bound, Refusals

from .address import ClientAddress
from .expectations import reasonable
from .guest import Guest, HttpProtocol

TICK_SECONDS = 1.0
RESTED_SECONDS = 1.0
"""Without a request for so long, and a connection may give way to another one."""
TOLD_AGAIN_SECONDS = 60.0
"""A bound that is reached again and again is in the log so often."""

_log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """How many connections there may be."""

    total: int = 2000
    per_address: int = 500


class Doorman:
    """Makes guests, and sends them away. `serves` says for whom, `looks_round` runs beside."""

    def __init__(self, limits: DoorLimits, address: ClientAddress, refusals: Refusals) -> None:
        self._limits = limits
        self._address = address
        self._refusals = refusals
        self._make: Callable[[], web.RequestHandler] | None = None
        self._guests: dict[HttpProtocol, Guest] = {}
        self._of: dict[Guest, tuple[HttpProtocol, str | None]] = {}
        self._resting: dict[Guest, None] = {}
        """Those without a request, the one that has been so for longest first."""
        self._from: Counter[str] = Counter()
        self._told: dict[Bound, float] = {}

    def serves(self, server: web.Server) -> None:
        """Name who speaks with the guests."""
        self._make = server
        server.request_factory = reasonable(server.request_factory)

    def __call__(self) -> Guest:
        """A protocol for one connection more, as `loop.create_server` wants it."""
        return Guest(self)

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._of)

    # ---- at the door ----------------------------------------------------------------------------

    def admit(self, guest: Guest) -> HttpProtocol | None:
        """See `guest.Door.admit`."""
        assert self._make is not None
        address = self._address.counted(guest.peer)
        if address is not None and self._from[address] >= self._limits.per_address:
            self._refuse(guest, Bound.CONNECTIONS_PER_ADDRESS, address)
            return None
        if len(self._of) >= self._limits.total and not self._make_room():
            self._refuse(guest, Bound.CONNECTIONS, guest.peer)
            return None
        inner = self._make()
        self._guests[inner] = guest
        self._of[guest] = (inner, address)
        self._resting[guest] = None
        if address is not None:
            self._from[address] += 1
        return inner

    def left(self, guest: Guest) -> None:
        """See `guest.Door.left`."""
        inner, address = self._of.pop(guest, (None, None))
        if inner is None:  # it had to make room
            return
        del self._guests[inner]
        self._resting.pop(guest, None)
        if address is not None:
            self._from[address] -= 1
            if not self._from[address]:
                del self._from[address]

    def _make_room(self) -> bool:
        longest = next(iter(self._resting), None)
        if longest is None or not longest.rests(RESTED_SECONDS):
            return False
        self._note(Bound.IDLE_CONNECTIONS, longest.peer)
        self.left(longest)
        longest.send_away(Bound.IDLE_CONNECTIONS)
        return True

    def _refuse(self, guest: Guest, bound: Bound, address: str) -> None:
        self._note(bound, address)
        guest.send_away(bound)

    # ---- inside ---------------------------------------------------------------------------------

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note when a request begins and ends. The outermost of the middlewares."""
        guest = self._guests.get(request.protocol)
        if guest is None:  # served without us, as in tests
            return await handler(request)
        self._resting.pop(guest, None)
        guest.request_begins(request.content)
        try:
            response = await handler(request)
        finally:
            guest.request_ends()
            if guest in self._of:
                self._resting[guest] = None
        if response.status == web.HTTPRequestEntityTooLarge.status_code:
            self._refusals.count(Bound.LARGE_BODY)
        return response

    async def looks_round(self) -> None:
        """Send away who is too slow, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for guest in list(self._of):
                bound = guest.fault(TICK_SECONDS)
                if bound is not None:
                    self._note(bound, guest.peer)
                    guest.send_away(bound)

    def _note(self, bound: Bound, address: str) -> None:
        self._refusals.count(bound)
        now = asyncio.get_running_loop().time()
        told = self._told.get(bound)
        if told is None or now - told > TOLD_AGAIN_SECONDS:
            self._told[bound] = now
            _log.warning("an HTTP connection was refused or cut off", bound=bound.value, of=address)
