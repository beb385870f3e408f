"""What a world must be able to do and to tell, so that the same scripts run in it.

The sounds of `script` are there, and nobody but the script makes anything happen.
`fake_world` has the fake Asterisk in it; the real one listens with an ear.
"""

from typing import NamedTuple, Protocol

from callcue.core.commands import Command
from callcue.core.playback import Playback
from callcue.core.session import CallSession
from callcue.core.types import Conference

from .stage import StrictLedger


class Heard(NamedTuple):
    """One clip that a room hears: its name, and the ms into it."""

    sound: str
    offset: int


class World(Protocol):
    """All of callcue, an Asterisk behind it, and someone who listens in each room."""

    rooms: tuple[Conference, ...]
    """Rooms that have a party in them when the world begins."""
    ledger: StrictLedger
    tolerance: int
    """ms by which what is heard may differ from what is reported."""

    async def perform(self, room: Conference, command: Command) -> Playback:
        """As a dialect does it; a PLAY is answered once it is heard."""

    def session(self, room: Conference) -> CallSession | None:
        """What callcue says of that room."""

    async def heard(self, room: Conference) -> list[Heard]:
        """What that room hears now, asked of whoever listens and not of callcue."""

    def most_heard(self) -> int:
        """The most clips that were heard in one room at one time since the world began."""

    async def end_clip(self, room: Conference) -> None:
        """The clip that is heard there comes to its end; nothing when none is."""

    async def enter(self, room: Conference) -> None:
        """A party comes in."""

    async def leave(self, room: Conference) -> None:
        """All parties go."""

    async def lose_link(self) -> None:
        """The connection to Asterisk is cut; it comes back by itself."""

    async def until_ready(self) -> None:
        """Wait until the link is up and the rooms are known."""
