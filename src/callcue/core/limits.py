"""How much may wait in one session, and for how long."""

from dataclasses import dataclass

from .types import Missing


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds."""

    queue: int = 16
    commands: int = 64
    sessions: int = 10_000
    """In all; of one call the others."""
    start: float = 2.0
    confirm: float = 2.0
    again: float = 0.25
    """A verb that is not confirmed is sent again: a Redirect can get lost, and is absolute."""
    missing: Missing = Missing.ENDS
    """What becomes of a playback at an item that cannot be had. The first good one begins it."""
