"""Those who wait in a session: for their command's turn, and for Asterisk's confirmation."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic

from .commands import Command
from .errors import CallcueError
from .moment import Moment
from .playback import Playback
from .tracing import REQUEST


@dataclass(slots=True)
class Job:
    """A command in the row, and the one who waits for its answer."""

    command: Command
    answer: asyncio.Future[Playback]
    asked_in: str = field(default_factory=REQUEST.get)
    """The id of the request it came with."""
    came: float = field(default_factory=monotonic)

    def done(self, playback: Playback) -> None:
        """Answer it, unless nobody waits any more."""
        if not self.answer.done():
            self.answer.set_result(playback)

    def fail(self, error: Exception) -> None:
        """Refuse it, unless nobody waits any more."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(slots=True)
class Confirmation:
    """The command number that Asterisk is to confirm, or the reason why it never will."""

    number: int
    error: CallcueError | None = None
    _settled: Moment = field(default_factory=Moment)

    def settle(self, error: CallcueError | None = None) -> None:
        """It is confirmed, or will never be; what is said first is so."""
        if not self._settled.is_set():
            self.error = error
            self._settled.set()

    async def within(self, seconds: float) -> bool:
        """Whether it is confirmed in that time; raises why it never will be."""
        try:
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        except TimeoutError:
            return False
        if self.error is not None:
            raise self.error
        return True
