"""Failed logins, and who has been right from where: what a restart must not forget."""

from collections import OrderedDict
from collections.abc import Callable
from time import time
from typing import Any

from sqlalchemy import delete, insert, select

from callcue.api.lockout import LOCK_SECONDS, REMEMBERED, Failures, Judged, Lockout

from .database import Database
from .schema import FAILURES, KNOWN

KNOWN_SECONDS = 30 * 86400.0
"""Who has not been seen for so long is a stranger after the next start."""
_LONGEST_NAME = 255

_Key = tuple[str, ...]


class KeptLogins:
    """Implements `callcue.api.lockout.Keeper`: notes at once, and writes when told to."""

    def __init__(
        self, database: Database, *, on_news: Callable[[], None], clock: Callable[[], float] = time
    ) -> None:
        """*on_news* is called when there is something to write."""
        self._database = database
        self._on_news = on_news
        self._clock = clock
        self._failures: OrderedDict[_Key, tuple[int, float]] = OrderedDict()
        self._known: OrderedDict[_Key, float] = OrderedDict()

    def failed(self, failures: Failures) -> None:
        """See `Keeper.failed`."""
        key = (failures.of.by, _text(failures.of.name), failures.of.address)
        _note(self._failures, key, (failures.count, self._clock() - failures.age))
        self._on_news()

    def known(self, name: str, address: str) -> None:
        """See `Keeper.known`."""
        _note(self._known, (_text(name), address), self._clock())
        self._on_news()

    async def load_into(self, lockout: Lockout) -> None:
        """Tell *lockout* what was kept. Raises `StoreOutOfReach`."""
        now = self._clock()
        async with self._database.reading() as connection:
            counted = select(FAILURES).where(FAILURES.c.latest > now - LOCK_SECONDS)
            counts = (await connection.execute(counted.order_by(FAILURES.c.latest))).all()
            seen = select(KNOWN.c.name, KNOWN.c.address).where(KNOWN.c.seen > now - KNOWN_SECONDS)
            newest = seen.order_by(KNOWN.c.seen.desc()).limit(REMEMBERED)
            pairs = (await connection.execute(newest)).all()
        lockout.restore(
            [
                # A clock that was put back makes nobody wait longer.
                Failures(Judged(row.judged_by, row.name, row.address), row.failures, age)
                for row in counts
                for age in (max(0.0, now - row.latest),)
            ],
            [(row.name, row.address) for row in reversed(pairs)],
        )

    async def write(self) -> None:
        """Write what was noted, and drop what is too old. Raises `StoreOutOfReach`."""
        if not self._failures and not self._known:
            return
        failures, self._failures = self._failures, OrderedDict()
        known, self._known = self._known, OrderedDict()
        try:
            await self._write(failures, known)
        except BaseException:
            self._failures = OrderedDict({**failures, **self._failures})
            self._known = OrderedDict({**known, **self._known})
            raise

    async def _write(
        self,
        failures: OrderedDict[_Key, tuple[int, float]],
        known: OrderedDict[_Key, float],
    ) -> None:
        now = self._clock()
        async with self._database.writing() as connection:
            await connection.execute(
                delete(FAILURES).where(FAILURES.c.latest <= now - LOCK_SECONDS)
            )
            await connection.execute(delete(KNOWN).where(KNOWN.c.seen <= now - KNOWN_SECONDS))
            for (by, name, address), (count, latest) in failures.items():
                key = {"judged_by": by, "name": name, "address": address}
                await connection.execute(delete(FAILURES).filter_by(**key))
                values: dict[str, Any] = {**key, "failures": count, "latest": latest}
                await connection.execute(insert(FAILURES).values(**values))
            for (name, address), seen in known.items():
                await connection.execute(delete(KNOWN).filter_by(name=name, address=address))
                values = {"name": name, "address": address, "seen": seen}
                await connection.execute(insert(KNOWN).values(**values))


def _note(notes: OrderedDict[_Key, Any], key: _Key, value: object) -> None:
    notes[key] = value
    notes.move_to_end(key)
    while len(notes) > REMEMBERED:
        notes.popitem(last=False)


def _text(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:_LONGEST_NAME]
