"""The record of answers, as it is read: by the command line, and by operators over HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .record import Answered


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
