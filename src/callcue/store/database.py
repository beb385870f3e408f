"""The database under the store: SQLite in a file that the CLI and the service use at once."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, event, insert, inspect, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from .connections import Connections
from .schema import METADATA, MIGRATIONS, STATE, VERSION

MEMORY = "sqlite+aiosqlite://"
BUSY_SECONDS = 5.0
"""So long one who writes waits for another who does."""

_WRITES = "callcue_writes"
_OWNER_ONLY = 0o600
_CONNECTIONS = 4
_AGAIN_SECONDS = 0.05


class StoreOutOfReach(Exception):
    """The store cannot be read or written now; the text says why and holds no secret."""


class StoreMissing(StoreOutOfReach):
    """There is no store yet and none can be made: so there is nothing in it either."""


class StoreTooNew(StoreOutOfReach):
    """A newer callcue made it."""


class Database:
    """Connections to one database. `open` it first, and `close` it at the end."""

    def __init__(self, url: str = MEMORY, *, busy_seconds: float | None = None) -> None:
        found = make_url(url)
        self._busy_seconds = BUSY_SECONDS if busy_seconds is None else busy_seconds
        in_memory = found.database in (None, "", ":memory:")
        self._file = None if in_memory else Path(found.database or "")
        self._connections = Connections(str(self._file or ":memory:"), self._busy_seconds)
        self._engine = create_async_engine(
            found,
            async_creator=self._connections.connect,
            hide_parameters=True,  # they are hashes, and what clients sent
            poolclass=AsyncAdaptedQueuePool,
            # In memory each connection would have a database of its own.
            pool_size=1 if in_memory else _CONNECTIONS,
            max_overflow=0,
        )
        event.listen(self._engine.sync_engine, "begin", _begin)

    @property
    def in_memory(self) -> bool:
        """Whether it is gone with this process."""
        return self._file is None

    async def open(self, *, create: bool = True) -> None:
        """Make or migrate the tables. May be called again after a failure.

        Raises:
            StoreOutOfReach: it cannot be used; StoreMissing, StoreTooNew where that is why.

        """
        if self._file is not None:
            await asyncio.to_thread(_make_file, self._file, create)
        end = monotonic() + self._busy_seconds
        while True:
            try:
                async with self.reading() as connection:
                    if await connection.run_sync(_is_as_it_should_be):
                        return
                async with self.writing() as connection:
                    await connection.run_sync(_migrate)
                return
            except StoreOutOfReach as error:
                # While somebody else makes the file what it is, SQLite refuses without waiting.
                if "locked" not in str(error) or monotonic() > end:
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state. Raises `StoreOutOfReach`."""
        async with self._connection() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is alone in writing from its beginning. Raises `StoreOutOfReach`."""
        async with self._connection(**{_WRITES: True}) as connection, connection.begin():
            yield connection

    async def close(self) -> None:
        """End all connections."""
        await self._engine.dispose()
        await self._connections.ended()

    @asynccontextmanager
    async def _connection(self, **options: Any) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield await connection.execution_options(**options)
        except DBAPIError as error:
            raise StoreOutOfReach(str(error.orig)) from None
        except (SQLAlchemyError, OSError) as error:
            raise StoreOutOfReach(type(error).__name__) from None


async def identity(database: Database) -> str:
    """The name that the store was given when it was made. Raises `StoreOutOfReach`."""
    async with database.reading() as connection:
        return str((await connection.execute(select(STATE.c.identity))).scalar_one())


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_file(file: Path, create: bool) -> None:
    """See that there is a file, which nobody but its owner reads: it holds hashes."""
    if _is_there(file):
        return
    if not create:
        raise StoreMissing(f"there is no {file}")
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))
    except OSError as error:
        raise StoreMissing(f"{file} cannot be made: {error.strerror}") from None


def _is_there(file: Path) -> bool:
    # Not `exists`: of a folder that may not be entered each Python says something else.
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        # Not missing: there may be users in it.
        raise StoreOutOfReach(f"{file} cannot be reached: {error.strerror}") from None
    return True


def _is_as_it_should_be(connection: Connection) -> bool:
    if not inspect(connection).has_table(STATE.name):
        return False
    return connection.execute(select(STATE.c.version)).scalar() == VERSION


def _migrate(connection: Connection) -> None:
    METADATA.create_all(connection, tables=[STATE])
    version = connection.execute(select(STATE.c.version)).scalar()
    if version is None:
        METADATA.create_all(connection)
        connection.execute(
            insert(STATE).values(id=1, version=VERSION, users_revision=0, identity=uuid4().hex)
        )
        return
    if version > VERSION:
        raise StoreTooNew(f"a newer callcue made it: version {version}, ours is {VERSION}")
    for step in range(version + 1, VERSION + 1):
        for statement in MIGRATIONS[step]:
            connection.execute(text(statement))
    connection.execute(update(STATE).values(version=VERSION))
