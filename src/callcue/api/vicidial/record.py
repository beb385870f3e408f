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
    """Nowhere."""

    def wrote(self, answered: Answered) -> None:
        """See `Record.wrote`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers somebody wants to see. What is None or empty leaves nothing out."""

    user: str | None = None
    agent: str | None = None
    function: str | None = None
    result: str | None = None
    since: datetime | None = None
    limit: int = 100
    before: int | None = None
    """Only what was written before the one of that number."""


@dataclass(frozen=True, slots=True)
class Written:
    """One of the record, and its number there."""

    number: int
    answered: Answered


class RecordOutOfReach(Exception):
    """The record cannot be read now."""


class WrittenRecord(Protocol):
    """What is written down, for those who may read it."""

    async def newest(self, wanted: Wanted) -> list[Written]:
        """The newest that are wanted, the newest first. Raises `RecordOutOfReach`."""
