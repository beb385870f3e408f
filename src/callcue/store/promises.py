"""Promises in the store: what was asked for by which key, and what was answered."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import time
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from callcue.api.bird.promises import (
    KEPT_SECONDS,
    MOST_BYTES,
    MOST_KEYS,
    Asked,
    KeptAnswer,
    Promise,
    TooManyKeys,
)
from callcue.core.errors import RecordUnavailable

from .database import Database, StoreOutOfReach
from .occasion import Occasion
from .schema import IDEMPOTENCY_KEYS as KEYS

TIDIED_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class _Room:
    """How much of it a workspace has taken."""

    keys: int = 0
    bytes: int = 0


class StoredPromises:
    """Implements `callcue.api.bird.promises.PromiseBook`. Each is written before it is given."""

    def __init__(
        self,
        database: Database,
        *,
        most_keys: int = MOST_KEYS,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time,
    ) -> None:
        self._database = database
        self._most_keys = most_keys
        self._most_bytes = most_bytes
        self._clock = clock
        self._writing = asyncio.Lock()
        self._tidying = Occasion(TIDIED_EVERY_SECONDS, clock)
        self._rooms: dict[UUID, _Room] | None = None

    async def make(self, asked: Asked) -> Promise:
        """See `PromiseBook.make`."""
        room = await self._room_of(asked.workspace)
        async with self._transaction() as connection:
            since = self._clock() - KEPT_SECONDS
            query = select(KEYS).where(_is(asked))
            found = (await connection.execute(query)).mappings().one_or_none()
            if found is not None and found["at"] > since:
                return _promise(found)
            if room.keys >= self._most_keys or room.bytes >= self._most_bytes:
                raise TooManyKeys
            await connection.execute(delete(KEYS).where(_is(asked)))
            promise = Promise(asked.fingerprint)
            values = {
                "workspace": str(asked.workspace),
                "name": asked.key,
                "fingerprint": asked.fingerprint,
                "seed": str(promise.seed),
                "at": self._clock(),
            }
            await connection.execute(insert(KEYS).values(**values))
        room.keys += 1
        return promise

    async def _room_of(self, workspace: UUID) -> _Room:
        try:
            if self._rooms is None:
                await self._measure()
        except StoreOutOfReach as error:
            raise RecordUnavailable(str(error)) from None
        assert self._rooms is not None
        return self._rooms.setdefault(workspace, _Room())

    async def _measure(self) -> None:
        """Count what there is. In between it is counted along: a look at all of it takes long."""
        query = select(KEYS.c.workspace, func.count(), func.sum(KEYS.c.size))
        async with self._database.reading() as connection:
            found = (await connection.execute(query.group_by(KEYS.c.workspace))).all()
        self._rooms = {UUID(of): _Room(keys, size) for of, keys, size in found}

    async def keep(self, asked: Asked, answer: KeptAnswer) -> None:
        """See `PromiseBook.keep`."""
        values = {
            "status": answer.status,
            "headers": json.dumps(dict(answer.headers)),
            "body": answer.body,
            "size": len(answer.body),
        }
        async with self._transaction() as connection:
            await connection.execute(update(KEYS).where(_is(asked)).values(**values))
        (await self._room_of(asked.workspace)).bytes += len(answer.body)

    async def release(self, asked: Asked) -> None:
        """See `PromiseBook.release`."""
        async with self._transaction() as connection:
            await connection.execute(delete(KEYS).where(_is(asked)))
        (await self._room_of(asked.workspace)).keys -= 1

    async def tidy(self) -> None:
        """Forget those of the day before, now and then. Raises `StoreOutOfReach`."""
        if self._tidying.has_come():
            old = KEYS.c.at <= self._clock() - KEPT_SECONDS
            # An idle service only looks: it neither writes nor waits for somebody who does.
            async with self._database.reading() as connection:
                found = (await connection.execute(select(KEYS.c.at).where(old).limit(1))).first()
            if found is not None:
                async with self._writing, self._database.writing() as connection:
                    await connection.execute(delete(KEYS).where(old))
                await self._measure()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        # One after the other: SQLite lets those who write at once wait for much longer.
        try:
            async with self._writing, self._database.writing() as connection:
                yield connection
        except StoreOutOfReach as error:
            raise RecordUnavailable(str(error)) from None


def _is(asked: Asked) -> ColumnElement[bool]:
    return (KEYS.c.workspace == str(asked.workspace)) & (KEYS.c.name == asked.key)


def _promise(row: RowMapping) -> Promise:
    answer = None
    if row["status"] is not None:
        answer = KeptAnswer(row["status"], json.loads(row["headers"]), row["body"])
    return Promise(row["fingerprint"], UUID(row["seed"]), again=True, answer=answer)
