"""A link to the fake, with an owner who remembers all it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.gate import Telling
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.status import LinkTimings, Phase

from .fake import FakeAmi

QUICK = LinkTimings(
    connect=2.0, login=2.0, booted=2.0, first_retry=0.01, longest_retry=0.05, rejected_retry=60.0
)
"""Retries at once, but the deadlines of a slow machine."""


@dataclass
class Owner:
    """``log`` has every call in its order: ``up``, ``down: REASON`` and the events' names."""

    link: Link = field(init=False)
    task: asyncio.Task[None] = field(init=False)
    events: list[AmiEvent] = field(default_factory=list)
    downs: list[str] = field(default_factory=list)
    ups: int = 0
    log: list[str] = field(default_factory=list)
    when_up: Callable[[], Awaitable[object]] | None = None
    when_event: Callable[[AmiEvent], object] | None = None

    async def on_up(self) -> None:
        self.ups += 1
        self.log.append("up")
        if self.when_up is not None:
            await self.when_up()

    def on_down(self, reason: str) -> None:
        self.downs.append(reason)
        self.log.append(f"down: {reason}")

    def on_event(self, event: AmiEvent) -> None:
        self.events.append(event)
        self.log.append(event.name)
        if self.when_event is not None:
            self.when_event(event)

    async def until(self, condition: Callable[[], object], within: float = 5.0) -> None:
        """Wait until *condition* holds, looking every millisecond."""
        async with asyncio.timeout(within):
            while not condition():  # the link's state has no event to wait on
                await asyncio.sleep(0.001)

    async def until_phase(self, phase: Phase) -> None:
        await self.until(lambda: self.link.state.phase is phase)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def linked(
    ami: FakeAmi,
    *,
    wanted: Collection[str] = ("Hangup", "UserEvent", "OriginateResponse"),
    timings: LinkTimings = QUICK,
    filters: Sequence[Mapping[str, str]] = (),
    secret: str = "a-secret",
    owner: Owner | None = None,
    phase: Phase = Phase.UP,
    port: int | None = None,
    tls: ssl.SSLContext | None = None,
    telling: Telling | None = None,
) -> AsyncIterator[Owner]:
    """A running link to *ami*, entered once it is in *phase*, closed at the end.

    *port*: of whoever stands between.
    """
    owner = owner or Owner()
    owner.link = Link(
        ServerAddress("127.0.0.1", port or ami.port, "callcue", secret, tls),
        wanted_events=wanted,
        on_event=owner.on_event,
        on_up=owner.on_up,
        on_down=owner.on_down,
        filters=filters,
        timings=timings,
        telling=telling,
    )
    owner.task = asyncio.create_task(owner.link.run())
    try:
        await owner.until_phase(phase)
        yield owner
    finally:
        await owner.close()
