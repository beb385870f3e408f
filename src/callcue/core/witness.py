"""Who sees what the core does, for the log and for figures."""

from typing import Protocol

from .occurrences import Occurrence
from .playback import Playback
from .states import Verb


class Witness(Protocol):
    """Is told when it is so. Never waits and never raises; times are in seconds."""

    def saw(self, playback: Playback, occurrence: Occurrence) -> None:
        """That has just happened to it."""

    def started(self, playback: Playback, seconds: float) -> None:
        """It is heard, so long after the PLAY came or, from the queue, its turn."""

    def obeyed(self, playback: Playback, verb: Verb, request: str) -> None:
        """Asterisk has confirmed that command, which that request asked for."""

    def performed(self, verb: Verb, seconds: float) -> None:
        """A command other than PLAY is confirmed, so long after it came."""


class Nobody:
    """Sees nothing."""

    def saw(self, playback: Playback, occurrence: Occurrence) -> None:
        """See `Witness.saw`."""

    def started(self, playback: Playback, seconds: float) -> None:
        """See `Witness.started`."""

    def obeyed(self, playback: Playback, verb: Verb, request: str) -> None:
        """See `Witness.obeyed`."""

    def performed(self, verb: Verb, seconds: float) -> None:
        """See `Witness.performed`."""
