"""What the service asks of an Asterisk besides what the core does."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from callcue.api.health import Readiness
from callcue.asterisk.figures import LinkFigures
from callcue.asterisk.server import AsteriskAddress
from callcue.core.controller import Controller
from callcue.core.ports import MediaLibrary, Server
from callcue.media.sounds import Missing


class Telephony(Server, Protocol):
    """One Asterisk, as `callcue.asterisk.server` has it; tests have their own."""

    def report_to(self, controller: Controller) -> None:
        """Name the one who is told what happens."""

    def stock(self, wrapped: Callable[[MediaLibrary, Missing], MediaLibrary]) -> None:
        """Play more than its own sounds: *wrapped* makes of these what there is instead."""

    def join_rooms_by(self, context: Callable[[str], Awaitable[str]]) -> None:
        """Get into rooms by VICIdial's own dialplan, in the context that this says."""

    def known_as(self, owner: str) -> None:
        """The name by which it knows its legs again after a restart; without one it does not."""

    def move(self, settings: AsteriskAddress) -> None:
        """It is elsewhere now, or we are somebody else there: connect anew."""

    def seat(self, agents: Mapping[str, str]) -> None:
        """Agent to conference, where no other source knows: from now on these."""

    async def run(self) -> None:
        """Keep the link up until cancelled."""

    def readiness(self) -> Readiness:
        """Whether it is."""

    def figures(self) -> LinkFigures:
        """How it is, in numbers."""
