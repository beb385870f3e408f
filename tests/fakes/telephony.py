"""One Asterisk made of fakes: what `callcue.app.make_app` is given in tests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from callcue.asterisk.figures import LinkCounts, LinkFigures
from callcue.asterisk.server import AsteriskAddress
from callcue.core.controller import Controller
from callcue.core.ports import MediaLibrary
from callcue.media.sounds import Missing

from .directory import FakeDirectory
from .media import FakeMedia
from .player import FakePlayer


@dataclass
class FakeReadiness:
    ready: bool = True
    phase: str = "up"
    reason: str = ""


@dataclass
class FakeTelephony:
    """As `callcue.asterisk.server.AsteriskServer`, without Asterisk."""

    name: str = "main"
    version: str = "0.0"
    player: FakePlayer = field(default_factory=FakePlayer)
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    sounds: FakeMedia = field(default_factory=FakeMedia)
    state: FakeReadiness = field(default_factory=FakeReadiness)
    counts: LinkCounts = field(default_factory=LinkCounts)
    running: bool = False
    controller: Controller | None = None
    owner: str = ""
    moves: list[AsteriskAddress] = field(default_factory=list)
    seats: dict[str, str] = field(default_factory=dict)
    room_context: Callable[[str], Awaitable[str]] | None = None

    def report_to(self, controller: Controller) -> None:
        self.controller = controller
        self.player.report_to(controller.leg_event)
        self.directory.on_left = controller.call_left
        self.directory.on_deserted = controller.deserted

    def stock(self, wrapped: Callable[[MediaLibrary, Missing], MediaLibrary]) -> None:
        """Its own sounds are all it has; a test says which."""

    def known_as(self, owner: str) -> None:
        self.owner = owner

    def join_rooms_by(self, context: Callable[[str], Awaitable[str]]) -> None:
        self.room_context = context

    def move(self, settings: AsteriskAddress) -> None:
        self.moves.append(settings)

    def seat(self, agents: Mapping[str, str]) -> None:
        self.seats = dict(agents)

    async def run(self) -> None:
        self.running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False

    def readiness(self) -> FakeReadiness:
        return self.state

    def figures(self) -> LinkFigures:
        return LinkFigures(self.state.phase, 1.0, self.counts)

    # ---- what the tester makes happen -----------------------------------------------------------

    def lose_link(self) -> None:
        """Asterisk is out of reach; what the directory knew stays known."""
        assert self.controller is not None
        self.directory.up = False
        self.state = FakeReadiness(False, "down", "connection refused")
        self.controller.link_lost(self.name)
