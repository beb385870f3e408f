"""The connection itself: read only, with a time limit, and back by itself."""

import asyncio
import time

import pytest
from real.mariadb import NAME, PASSWORD, USER, MariaDB
from sqlalchemy import text

from callcue.vicidialdb.database import REST_SECONDS, Database, OutOfReach, address, address_of

ONE = text("SELECT 1")


async def test_given_the_connection_when_it_would_write_then_the_database_refuses(
    tables: MariaDB, database: Database
) -> None:
    for statement in (
        "UPDATE system_settings SET pass_cost = 9",
        "INSERT INTO vicidial_users (user) VALUES ('evil')",
        "DELETE FROM vicidial_live_agents",
        "DROP TABLE servers",
    ):
        with pytest.raises(OutOfReach):
            await database.rows(text(statement), {})
    assert tables.do("SELECT pass_cost FROM system_settings") == [(2,)]
    assert tables.do("SELECT COUNT(*) FROM vicidial_users") == [(0,)]


async def test_given_a_url_when_connected_then_it_is_the_same(tables: MariaDB) -> None:
    url = f"mysql://{USER}:{PASSWORD}@{tables.host}:{tables.port}/{NAME}"
    database = Database(address_of(url), pool=1, timeout=1.0)
    assert (await database.rows(ONE, {}))[0][0] == 1
    await database.close()


async def test_given_a_wrong_password_then_out_of_reach_and_no_secret_in_it(
    tables: MariaDB,
) -> None:
    url = address(tables.host, tables.port, NAME, USER, "wr0ng-secret")
    database = Database(url, pool=1, timeout=1.0)
    with pytest.raises(OutOfReach) as refused:
        await database.rows(ONE, {})
    await database.close()
    assert str(refused.value) == "OperationalError 1045"
    assert "wr0ng" not in repr(refused.value)


async def test_given_a_table_that_is_not_there_then_out_of_reach(database: Database) -> None:
    with pytest.raises(OutOfReach, match="1146"):
        await database.rows(text("SELECT * FROM no_such_table"), {})
    assert (await database.rows(ONE, {}))[0][0] == 1


async def test_given_a_database_that_is_stopped_and_started_then_it_is_asked_again(
    tables: MariaDB, database: Database
) -> None:
    await asyncio.gather(*(database.rows(ONE, {}) for _ in range(6)))
    tables.stop()
    try:
        for _ in range(3):
            before = time.monotonic()
            with pytest.raises(OutOfReach):
                await database.rows(ONE, {})
            assert time.monotonic() - before < 5.5
    finally:
        tables.start()
    # The pool has dead connections still, and nobody is told.
    answers = await asyncio.gather(*(database.rows(ONE, {}) for _ in range(6)))
    assert [rows[0][0] for rows in answers] == [1] * 6


async def test_given_a_database_that_was_started_anew_unseen_then_the_first_question_is_answered(
    tables: MariaDB, database: Database
) -> None:
    await asyncio.gather(*(database.rows(ONE, {}) for _ in range(3)))
    tables.stop()
    tables.start()
    assert (await database.rows(ONE, {}))[0][0] == 1


async def test_given_a_database_that_hangs_then_nobody_waits_longer_than_the_limit(
    tables: MariaDB,
) -> None:
    url = address(tables.host, tables.port, NAME, USER, PASSWORD)
    database = Database(url, pool=2, timeout=0.3)
    await database.rows(ONE, {})
    tables.freeze()
    try:
        before = time.monotonic()
        answers = await asyncio.gather(
            *(database.rows(ONE, {}) for _ in range(10)), return_exceptions=True
        )
        assert time.monotonic() - before < 1.0
        assert {type(answer) for answer in answers} == {OutOfReach}
        # Nor several times that, for who needs several answers.
        before = time.monotonic()
        for _ in range(5):
            with pytest.raises(OutOfReach):
                await database.rows(ONE, {})
        assert time.monotonic() - before < 0.2
    finally:
        tables.thaw()
    await asyncio.sleep(REST_SECONDS)
    assert (await database.rows(ONE, {}))[0][0] == 1
    await database.close()


async def test_given_a_database_that_hangs_when_the_service_ends_then_it_ends(
    tables: MariaDB,
) -> None:
    url = address(tables.host, tables.port, NAME, USER, PASSWORD)
    database = Database(url, pool=2, timeout=0.3)
    await database.rows(ONE, {})
    tables.freeze()
    try:
        before = time.monotonic()
        await database.close()
        assert time.monotonic() - before < 1.0
    finally:
        tables.thaw()
