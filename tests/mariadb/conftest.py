"""Fixtures of the tests that read VICIdial's database from a real MariaDB."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from real import vicidial_tables
from real.mariadb import NAME, PASSWORD, USER, MariaDB
from real.mariadb_fixture import mariadb

from callcue.vicidialdb.database import Database, address

__all__ = ["mariadb"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a MariaDB, one for all of it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.mariadb)
            item.add_marker(pytest.mark.xdist_group("mariadb"))


@pytest.fixture
def tables(mariadb: MariaDB) -> MariaDB:
    """VICIdial's tables, as good as empty."""
    vicidial_tables.make(mariadb)
    return mariadb


@pytest_asyncio.fixture
async def database(tables: MariaDB) -> AsyncIterator[Database]:
    """callcue's way to them."""
    url = address(tables.host, tables.port, NAME, USER, PASSWORD)
    made = Database(url, pool=3, timeout=5.0)
    yield made
    await made.close()
