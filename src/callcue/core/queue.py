"""The playbacks that wait in a session for the one before them to end."""

from collections.abc import Iterator

from .errors import QueueFull
from .occurrences import Occurrence
from .playback import Playback
from .ports import Ledger
from .types import EndReason
from .witness import Witness


class PlaybackQueue:
    """First come, first played. Whoever has to leave it has ended, and is on record so."""

    def __init__(self, ledger: Ledger, witness: Witness, longest: int) -> None:
        """*longest*: how many may wait."""
        self._ledger = ledger
        self._witness = witness
        self._longest = longest
        self._waiting: list[Playback] = []  # a deque weighs ten times as much, and this is short

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def __iter__(self) -> Iterator[Playback]:
        """Those who wait, the next one first."""
        return iter(self._waiting)

    def check_room(self) -> None:
        """Raise `QueueFull` if no more may wait."""
        if len(self._waiting) >= self._longest:
            raise QueueFull(f"{self._longest} playbacks wait already")

    def append(self, playback: Playback) -> None:
        """Let it wait behind the others."""
        self._waiting.append(playback)

    def next(self) -> Playback:
        """Take the next one out, to begin."""
        return self._waiting.pop(0)

    def drop(self, playback: Playback, reason: EndReason, detail: str) -> None:
        """End one that waits."""
        self._waiting.remove(playback)
        playback.doom(reason, detail)
        playback.finish()
        self._ledger.ended(playback)
        self._witness.saw(playback, Occurrence.of_end(playback.reason or reason))

    def clear(self, reason: EndReason, detail: str = "it was still waiting in the queue") -> None:
        """End all that wait."""
        for playback in list(self._waiting):
            self.drop(playback, reason, detail)
