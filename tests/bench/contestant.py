"""What is compared: several ways to play a clip into a room and to control it."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

ALL_VERBS = ("play", "pause", "resume", "seek", "restart", "volume", "stop")
"""In the order in which they are measured."""


@dataclass(frozen=True, slots=True)
class Place:
    """A room and the party in it, in everybody's words."""

    number: str
    agent: str
    call: UUID


class Refused(Exception):
    """A command was answered, but not with success."""


class Contestant(Protocol):
    """One way. Each verb returns when the way itself says that it is done."""

    name: str
    verbs: tuple[str, ...]

    async def play(self, place: Place, clip: str) -> None:
        """Play into a room where this contestant plays nothing."""

    async def pause(self, place: Place) -> None:
        """Stand still."""

    async def resume(self, place: Place) -> None:
        """Go on."""

    async def restart(self, place: Place) -> None:
        """From the beginning."""

    async def seek(self, place: Place, seconds: float) -> None:
        """Jump there, or by `lands` about there."""

    async def volume(self, place: Place, decibels: int) -> None:
        """Louder or quieter."""

    async def stop(self, place: Place) -> None:
        """End it."""

    async def clear(self, place: Place) -> None:
        """Take away what a stop leaves; not measured."""

    def lands(self, before: float, target: float) -> float:
        """Where a seek to *target* leads when it was at *before* (seconds)."""

    async def close(self) -> None:
        """Let everything go."""
