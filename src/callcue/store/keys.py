"""The access keys of the store: `KeyBook` changes them, `StoredKeys` is what requests ask."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from callcue.api.keys import AccessKey, KeysOutOfReach
from callcue.api.rights import Right

from .database import Database
from .schema import KEYS, STATE

USED_SECONDS = 60.0
"""When a key was last used is known to within so long: no request writes."""


class KeyExists(Exception):
    """The workspace has a key of that name already."""


class NoSuchKey(Exception):
    """There is none of that name that could be revoked."""


class SeveralKeys(Exception):
    """More than one workspace has a key of that name."""


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key, and what became of it. Times are in seconds since 1970; None is not yet."""

    key: AccessKey
    made: float
    revoked: float | None = None
    used: float | None = None


class KeyBook:
    """Reads and changes keys. Every method raises `StoreOutOfReach`."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> list[KeptKey]:
        """All keys there ever were, by name, and of one name the oldest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(KEYS).order_by(KEYS.c.name, KEYS.c.made))
            return [_kept(row) for row in rows]

    async def revision(self) -> int:
        """A number that every change raises; that a key was used is none."""
        async with self._database.reading() as connection:
            return int((await connection.execute(select(STATE.c.keys_revision))).scalar_one())

    async def add(self, key: AccessKey) -> None:
        """Put a new key in; raises `KeyExists` where one of that name is not revoked."""
        async with self._database.writing() as connection:
            named = _good(key.name).where(KEYS.c.workspace == str(key.workspace))
            if (await connection.execute(named)).first() is not None:
                raise KeyExists(key.name)
            await connection.execute(insert(KEYS).values(**_row(key), made=self._clock()))
            await connection.execute(_CHANGED)

    async def revoke(self, name: str, workspace: UUID | None = None) -> None:
        """Let nobody in with it any more; without a *workspace* there must be one of that name.

        Raises:
            NoSuchKey: there is none, or it is revoked already.
            SeveralKeys: nobody can tell which is meant.

        """
        async with self._database.writing() as connection:
            named = _good(name)
            if workspace is not None:
                named = named.where(KEYS.c.workspace == str(workspace))
            found = (await connection.execute(named)).scalars().all()
            if not found:
                raise NoSuchKey(name)
            if len(found) > 1:
                raise SeveralKeys(name)
            change = update(KEYS).where(KEYS.c.digest == found[0])
            await connection.execute(change.values(revoked=self._clock()))
            await connection.execute(_CHANGED)

    async def note_use(self, used: Mapping[str, float]) -> None:
        """Remember when each was used last, by digest. A clock that was put back changes none."""
        async with self._database.writing() as connection:
            for digest, at in used.items():
                older = (KEYS.c.used.is_(None)) | (KEYS.c.used < at)
                change = update(KEYS).where(KEYS.c.digest == digest, older)
                await connection.execute(change.values(used=at))


class StoredKeys:
    """The keys as they were at the last look: a request never waits for the store.

    Implements `callcue.api.keys.KeySource`. While the store cannot be read, what was read last
    stands.
    """

    def __init__(
        self, book: KeyBook, *, on_news: Callable[[], None], clock: Callable[[], float] = time
    ) -> None:
        """*on_news* is called when there is something to write."""
        self._book = book
        self._on_news = on_news
        self._clock = clock
        self._revision: int | None = None
        self._keys: Mapping[str, AccessKey] | None = None
        self._noted: dict[str, float] = {}
        self._to_write: dict[str, float] = {}

    async def look(self) -> None:
        """Read what has changed, if anything. Raises `StoreOutOfReach`."""
        revision = await self._book.revision()
        if revision != self._revision:
            self.take(await self._book.all())
            # Read before them: a change in between is seen at the next look.
            self._revision = revision

    def take(self, keys: Iterable[KeptKey]) -> None:
        """Have these keys from now on, but those that are revoked."""
        self._keys = {kept.key.digest: kept.key for kept in keys if kept.revoked is None}
        self._noted = {key: at for key, at in self._noted.items() if key in self._keys}

    def find(self, digest: str) -> AccessKey | None:
        """See `KeySource.find`."""
        if self._keys is None:
            raise KeysOutOfReach
        return self._keys.get(digest)

    def used(self, key: AccessKey) -> None:
        """See `KeySource.used`: to be written once in a while."""
        now, noted = self._clock(), self._noted.get(key.digest)
        if noted is None or abs(now - noted) >= USED_SECONDS:
            self._noted[key.digest] = self._to_write[key.digest] = now
            self._on_news()

    async def write(self) -> None:
        """Write which keys were used. Raises `StoreOutOfReach`."""
        if not self._to_write:
            return
        used, self._to_write = self._to_write, {}
        try:
            await self._book.note_use(used)
        except BaseException:
            self._to_write = {**used, **self._to_write}
            raise


_CHANGED = update(STATE).values(keys_revision=STATE.c.keys_revision + 1)


def _good(name: str) -> Any:
    return select(KEYS.c.digest).where(KEYS.c.name == name, KEYS.c.revoked.is_(None))


def _row(key: AccessKey) -> dict[str, Any]:
    return {
        "digest": key.digest,
        "name": key.name,
        "workspace": str(key.workspace),
        "scopes": " ".join(sorted(key.scopes)),
        "expires": key.expires,
    }


def _kept(row: Row[Any]) -> KeptKey:
    key = AccessKey(
        name=row.name,
        workspace=UUID(row.workspace),
        digest=row.digest,
        scopes=frozenset(Right(word) for word in row.scopes.split()),
        expires=row.expires,
    )
    return KeptKey(key, row.made, row.revoked, row.used)
