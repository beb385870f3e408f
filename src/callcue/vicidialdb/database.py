"""The connection: a small pool, a time limit on everything, and no way to write.

A database that goes away and comes back needs nobody's help: a connection that has died takes the
whole pool with it, and the question is asked once more over a new one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import URL, Executable, Row, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_log = structlog.stdlib.get_logger(__name__)

DRIVER = "mysql+aiomysql"
READ_ONLY = "SET SESSION TRANSACTION READ ONLY"
TOO_LATE = "it did not answer in time"
TRIES = 2
"""A question that met a dead connection is asked again; a select may be."""

REST_SECONDS = 0.25
"""After a question that was not answered in time, for so long none is asked: a request that needs
several answers shall not wait for the time limit several times."""

RECYCLE_SECONDS = 1800
"""Younger than what firewalls and `wait_timeout` forget."""


class OutOfReach(Exception):
    """It did not answer, or not in time; the text holds no secret."""


class WrongUrl(ValueError):
    """That is no address of a database; the text does not repeat it."""


def address(
    host: str, port: int, name: str, user: str, password: str, *, charset: str = "utf8mb4"
) -> URL:
    """Where the database is, and who we are there."""
    return URL.create(DRIVER, user, password or None, host, port, name, query={"charset": charset})


def address_of(url: str) -> URL:
    """The same from one text: `mysql://user:password@host:port/name`.

    Raises:
        WrongUrl: it is none of that form.

    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise WrongUrl("is no URL of a database") from None
    if parsed.get_backend_name() not in ("mysql", "mariadb"):
        raise WrongUrl("is no mysql:// or mariadb:// URL")
    if not (parsed.host and parsed.database and parsed.username):
        raise WrongUrl("lacks a host, a user or the database's name")
    return address(
        parsed.host,
        parsed.port or 3306,
        parsed.database,
        parsed.username,
        str(parsed.password or ""),
    )


class Database:
    """Asks questions, each within the time limit."""

    def __init__(self, url: URL, *, pool: int, timeout: float) -> None:
        """Nothing connects yet. *timeout*: seconds for a question, its connection included."""
        self._timeout = timeout
        self._well = True
        self._rests_until = 0.0
        self._asking: set[asyncio.Task[Sequence[Row[Any]]]] = set()
        self._engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=timeout,
            pool_recycle=RECYCLE_SECONDS,
            isolation_level="AUTOCOMMIT",
            # Nothing to be rolled back: else each connection is asked for that when it is given
            # back, also one that hangs.
            pool_reset_on_return=None,
            hide_parameters=True,
            connect_args={"connect_timeout": timeout, "init_command": READ_ONLY},
        )

    async def rows(self, question: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """All rows of the answer.

        Raises:
            OutOfReach: there is none within the time limit.

        """
        if monotonic() < self._rests_until:
            raise OutOfReach(TOO_LATE)
        asking = asyncio.create_task(self._asked(question, values))
        self._asking.add(asking)
        asking.add_done_callback(self._asked_for)
        try:
            rows = await self._within_limit(asking)
        except TimeoutError:
            self._rests_until = monotonic() + REST_SECONDS
            raise self._out_of_reach(TOO_LATE) from None
        except (SQLAlchemyError, OSError, EOFError) as error:
            raise self._out_of_reach(_what(error)) from None
        if not self._well:
            self._well = True
            _log.info("VICIdial's database answers again")
        return rows

    async def _within_limit(self, asking: asyncio.Task[Sequence[Row[Any]]]) -> Sequence[Row[Any]]:
        """Not `asyncio.timeout`: that would wait for the clearing up behind a question, too, and
        what is to be cleared up may hang as the question did.
        """
        try:
            await asyncio.wait({asking}, timeout=self._timeout)
        finally:
            asking.cancel()
        if not asking.done():
            raise TimeoutError
        return asking.result()

    def _asked_for(self, asking: asyncio.Task[Sequence[Row[Any]]]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # who asked has it, or waits no longer

    async def close(self) -> None:
        """Give the connections back; one that hangs is left where it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await self._engine.dispose()

    async def _asked(self, question: Executable, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        for tries_left in reversed(range(TRIES)):
            try:
                async with self._engine.connect() as connection:
                    return (await connection.execute(question, dict(values))).all()
            except DBAPIError as error:
                if not (error.connection_invalidated and tries_left):
                    raise
        raise AssertionError("the last try returns or raises")

    def _out_of_reach(self, why: str) -> OutOfReach:
        if self._well:  # once, and not at each of two hundred requests a second
            self._well = False
            _log.warning("VICIdial's database cannot be asked", why=why)
        return OutOfReach(why)


def _what(error: Exception) -> str:
    """The kind and the number. Not the text: that names hosts and users, and quotes SQL."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    numbers = [part for part in origin.args[:1] if isinstance(part, int)]
    return " ".join([type(origin).__name__, *map(str, numbers)])
