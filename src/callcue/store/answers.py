"""The record of answers: taken at once, written behind, bounded by age and by rows."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from time import time
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select

from callcue.api.vicidial.record import PAGE_BEGINS, Answered
from callcue.api.vicidial.written import RecordOutOfReach, Wanted, Written

from .database import Database, StoreOutOfReach
from .schema import ANSWERS

MOST_WAITING = 10_000
"""Answers that wait to be written. Beyond, they are dropped and counted."""
BATCH = 500
TIDIED_EVERY_ROWS = 1000
TIDIED_EVERY_SECONDS = 60.0
LONGEST = 500
_SHORT = 100


@dataclass(frozen=True, slots=True)
class Retention:
    """How long, and how many, answers are kept."""

    days: float = 90
    rows: int = 1_000_000
    """Of an API's; and as many of other pages, of which a screen asks for some each second: they
    shall not drive out what agents did."""


class AnswerRecord:
    """Implements `callcue.api.vicidial.record.Record`, and `WrittenRecord`."""

    def __init__(
        self,
        database: Database,
        retention: Retention,
        *,
        on_news: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time,
    ) -> None:
        """*on_news* is called when there is something to write."""
        self._database = database
        self._retention = retention
        self._on_news = on_news
        self._clock = clock
        self._waiting: deque[Answered] = deque()
        self._writing = asyncio.Lock()
        self._dropped = 0
        self.dropped = 0
        """How many were, since the start."""
        self._since_tidied = TIDIED_EVERY_ROWS
        self._tidied = 0.0

    def wrote(self, answered: Answered) -> None:
        """See `Record.wrote`."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            self.dropped += 1
            return
        self._waiting.append(answered)
        self._on_news()

    async def write(self) -> None:
        """Write what waits, and tidy up now and then. Raises `StoreOutOfReach`."""
        async with self._writing:  # two at once would write the same
            await self._write()

    async def _write(self) -> None:
        # Not what comes meanwhile: one by one it would cost more than the answers themselves.
        left = len(self._waiting)
        while left > 0:
            batch = list(islice(self._waiting, min(left, BATCH)))
            left -= len(batch)
            async with self._database.writing() as connection:
                await connection.execute(insert(ANSWERS), [_values(each) for each in batch])
            for _ in batch:
                self._waiting.popleft()
            self._since_tidied += len(batch)
        if self.is_untidy():
            await self._tidy()

    @property
    def waiting(self) -> int:
        """How many wait to be written."""
        return len(self._waiting)

    def drops(self) -> int:
        """How many were dropped since this was asked the last time."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def is_untidy(self) -> bool:
        """Whether it is time to tidy up."""
        return (
            self._since_tidied >= TIDIED_EVERY_ROWS
            # A clock that was set back does not keep it waiting.
            or not 0 <= self._clock() - self._tidied <= TIDIED_EVERY_SECONDS
        )

    async def tidy(self) -> None:
        """Take out what is too old or too much, if there is any. Raises `StoreOutOfReach`."""
        async with self._writing:
            await self._tidy()

    async def _tidy(self) -> None:
        surplus = (
            ANSWERS.c.at < self._clock() - self._retention.days * 86400,
            *(_beyond(self._retention.rows, is_page=kind) for kind in (False, True)),
        )
        # An idle service only looks: it neither writes nor waits for somebody who does.
        async with self._database.reading() as connection:
            found = [
                (await connection.execute(select(ANSWERS.c.id).where(each).limit(1))).first()
                for each in surplus
            ]
        if any(found):
            async with self._database.writing() as connection:
                for each in surplus:
                    await connection.execute(delete(ANSWERS).where(each))
        self._since_tidied, self._tidied = 0, self._clock()

    async def newest(self, wanted: Wanted) -> list[Written]:
        """See `WrittenRecord.newest`."""
        query = select(ANSWERS).order_by(ANSWERS.c.id.desc()).limit(wanted.limit)
        for name in ("user", "agent", "function", "result"):
            if (value := getattr(wanted, name)) is not None:
                query = query.where(ANSWERS.c[name] == value)
        if wanted.function is not None:  # not to look for it among a million of the other kind
            query = query.where(ANSWERS.c.is_page == wanted.function.startswith(PAGE_BEGINS))
        if wanted.since is not None:
            query = query.where(ANSWERS.c.at >= wanted.since.timestamp())
        if wanted.before is not None:
            query = query.where(ANSWERS.c.id < wanted.before)
        try:
            async with self._database.reading() as connection:
                return [_written(row) for row in await connection.execute(query)]
        except StoreOutOfReach as error:
            raise RecordOutOfReach(str(error)) from None


def _beyond(rows: int, *, is_page: bool) -> ColumnElement[bool]:
    """Whether there are so many newer ones of that kind."""
    of_kind = ANSWERS.c.is_page == is_page
    newer = select(ANSWERS.c.id).where(of_kind).order_by(ANSWERS.c.id.desc())
    return and_(of_kind, ANSWERS.c.id <= newer.offset(rows).limit(1).scalar_subquery())


def _values(answered: Answered) -> dict[str, Any]:
    return {
        "at": answered.at.timestamp(),
        "user": _text(answered.user, _SHORT),
        "agent": _text(answered.agent, _SHORT),
        "function": _text(answered.function, _SHORT),
        "stage": _text(answered.stage),
        "value": _text(answered.value),
        "result": _text(answered.result, 20),
        "reason": _text(answered.reason),
        "source": _text(answered.source),
        "address": _text(answered.address, 64),
        "seconds": answered.seconds,
        "is_page": answered.is_page,
    }


def _text(text: str, longest: int = LONGEST) -> str:
    """What every database takes: no half characters, no NUL, and not too long."""
    return text[:longest].encode("utf-8", "replace").decode().replace("\0", "?")


def _written(row: Row[Any]) -> Written:
    return Written(
        row.id,
        Answered(
            at=datetime.fromtimestamp(row.at, UTC),
            user=row.user,
            agent=row.agent,
            function=row.function,
            stage=row.stage,
            value=row.value,
            result=row.result,
            reason=row.reason,
            source=row.source,
            address=row.address,
            seconds=row.seconds,
        ),
    )
