"""The record of playbacks in the store: what the next service has to know when this one dies."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import time

from sqlalchemy import RowMapping, delete, insert, or_, select

from callcue.core.errors import RecordUnavailable
from callcue.core.playback import Playback
from callcue.core.types import PlaybackId

from .database import Database, StoreOutOfReach
from .events import EventRecord
from .ledger import MemoryLedger
from .occasion import Occasion
from .playback_rows import playback_of, row_of
from .schema import PLAYBACKS

_log = logging.getLogger(__name__)

KEPT_SECONDS = 0.5
"""So long an answer waits until its playback is written; a store that is slower keeps nobody."""
GATHERED_SECONDS = 0.02
"""So long what nobody waits for may wait for more; each transaction costs some ms of CPU."""
MOST_TOLD = 500
"""Events in one transaction; only a backlog has more."""
ENDED_SECONDS = 86_400.0
TIDIED_EVERY_SECONDS = 60.0


class PlaybackRecord(MemoryLedger):
    """Implements `callcue.core.ports.Ledger`. What waits to be written is written at once.

    With it, in the same transaction, go the events that tell of it: after any end of this process
    the record and what others were told agree.
    """

    def __init__(
        self,
        database: Database,
        keep: int = 10_000,
        *,
        events: EventRecord | None = None,
        keep_seconds: float = ENDED_SECONDS,
    ) -> None:
        """*keep*: so many in memory; *keep_seconds*: how long one that has ended is kept."""
        super().__init__(keep)
        self._database = database
        self._keep_seconds = keep_seconds
        self._events = events or EventRecord(database, keep_seconds=keep_seconds)
        self._unwritten: dict[PlaybackId, Playback] = {}
        self._in_flight: dict[PlaybackId, Playback] = {}
        self._begun = 0
        """So many times it was begun to write."""
        self._done = 0
        """The last of these that was no failure."""
        self._failing = False
        self._news = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        """Runs while something waits for more to come."""
        self._written = asyncio.Condition()
        self._unended: list[Playback] = []
        self._tidying = Occasion(TIDIED_EVERY_SECONDS)

    # ---- `Ledger` -----------------------------------------------------------------------------

    def accepted(self, playback: Playback) -> None:
        """See `Ledger.accepted`."""
        super().accepted(playback)
        self.changed(playback)

    def changed(self, playback: Playback) -> None:
        """See `Ledger.changed`."""
        if not self._database.in_memory:
            self._unwritten[playback.id] = playback
            self.soon()

    def ended(self, playback: Playback) -> None:
        """See `Ledger.ended`."""
        super().ended(playback)
        self.changed(playback)

    async def kept(self, playback: Playback) -> bool:
        """See `Ledger.kept`."""
        if playback.id not in self._unwritten and playback.id not in self._in_flight:
            return True
        # As it is by now: what becomes of it meanwhile is not waited for.
        number = self._begun + (playback.id in self._unwritten)
        self.wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(KEPT_SECONDS), self._written:
                await self._written.wait_for(lambda: self._failing or self._done >= number)
        return self._done >= number

    async def recall(self, playback_id: PlaybackId) -> Playback | None:
        """See `Ledger.recall`."""
        if (found := self.find(playback_id)) is not None or self._database.in_memory:
            return found
        query = select(PLAYBACKS).where(PLAYBACKS.c.id == str(playback_id))
        try:
            async with self._database.reading() as connection:
                rows = (await connection.execute(query)).mappings().all()
        except StoreOutOfReach as error:
            raise RecordUnavailable(str(error)) from None
        return next(_readable(rows), None)

    def unended(self) -> Sequence[Playback]:
        """See `Ledger.unended`."""
        return self._unended

    # ---- the store's part -----------------------------------------------------------------------

    async def load(self) -> None:
        """Read what a service before this one has left. Raises `StoreOutOfReach`."""
        if self._database.in_memory or self._live:
            return  # opened late: what plays by now is not to be mixed with what was
        since = PLAYBACKS.c.ended > time() - self._keep_seconds
        query = select(PLAYBACKS).where(or_(PLAYBACKS.c.ended.is_(None), since))
        async with self._database.reading() as connection:
            rows = (await connection.execute(query.order_by(PLAYBACKS.c.accepted))).mappings().all()
        found = list(_readable(rows))
        self._unended = [playback for playback in found if not playback.ended]
        self.take_up(found)

    async def wait_for_news(self) -> None:
        """Until there is something to write."""
        await self._news.wait()

    def soon(self) -> None:
        """There is something that nobody waits for: more may come, and answers go first."""
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(GATHERED_SECONDS, self.wake)

    def wake(self) -> None:
        """Somebody waits for what there is."""
        self._news.set()

    async def write(self) -> None:
        """Write what waits. Raises `StoreOutOfReach`."""
        self._news.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        # What changes from here on is written the next time.
        self._in_flight, self._unwritten = self._unwritten, {}
        self._begun += 1
        # A backlog goes in parts, between which others get a word in. All that has changed is in
        # the first of them: of no playback more is told than is on record. When this process dies
        # in between, the rest is told to nobody, as it is of what was never written.
        told = min(self._events.waiting, MOST_TOLD)
        try:
            if self._in_flight or told:
                await self._write_both(told)
            self._done = self._begun
            self._failing = False
            if told == MOST_TOLD:
                self.wake()
        except BaseException:
            self._failing = True
            self._unwritten = {**self._in_flight, **self._unwritten}
            raise
        finally:
            self._in_flight = {}
            async with self._written:
                self._written.notify_all()

    async def _write_both(self, told: int) -> None:
        rows = [row_of(playback) for playback in self._in_flight.values()]
        async with self._database.writing() as connection:
            if rows:
                await connection.execute(insert(PLAYBACKS).prefix_with("OR REPLACE"), rows)
            written = await self._events.write_into(connection, told)
        self._events.are_written(written)

    async def tidy(self) -> None:
        """Forget those that ended long ago. Raises `StoreOutOfReach`."""
        if self._tidying.has_come():
            async with self._database.writing() as connection:
                await connection.execute(
                    delete(PLAYBACKS).where(PLAYBACKS.c.ended < time() - self._keep_seconds)
                )


def _readable(rows: Sequence[RowMapping]) -> Iterator[Playback]:
    for row in rows:
        try:
            yield playback_of(dict(row))
        except (ValueError, KeyError, TypeError) as error:  # it keeps the others from nothing
            _log.error("playback %s of the store cannot be read: %s", row["id"], error)
