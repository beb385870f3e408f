"""A record of every answer, for those who have to know who did what. Never a password."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answered:
    """One request and what was answered."""

    at: datetime
    """When the request came; UTC."""
    user: str
    agent: str
    function: str
    stage: str
    value: str
    result: str
    """The word that the answer begins with: SUCCESS, NOTICE, ERROR, VERSION; else empty."""
    reason: str
    """The whole answer, its lines joined by ` / `, cut off at 500 characters."""
    source: str
    address: str
    seconds: float
    """From the request to the answer."""


class Record(Protocol):
    """Somewhere answers are written down."""

    def wrote(self, answered: Answered) -> None:
        """Take one. Never waits and never raises: an answer is not held up by its record."""


class NoRecord:
    """Nothing is written down."""

    def wrote(self, answered: Answered) -> None:
        """See `Record.wrote`."""
