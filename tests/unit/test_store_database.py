"""The file of the store: made once, shared by processes, and its version."""

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from fakes.answers import answered
from fakes.folders import close
from fakes.older import back_to
from sqlalchemy import insert, select, update

from callcue.api.vicidial.written import Wanted
from callcue.store import database as module
from callcue.store import schema
from callcue.store.answers import AnswerRecord, Retention
from callcue.store.database import Database, StoreMissing, StoreOutOfReach, StoreTooNew
from callcue.store.schema import STATE, VERSION


@asynccontextmanager
async def _database(url: str, *, opened: bool = True) -> AsyncIterator[Database]:
    made = Database(url, busy_seconds=0.1)
    try:
        if opened:
            await made.open()
        yield made
    finally:
        await made.close()


def _url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'callcue.db'}"


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _version(database: Database) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(select(STATE.c.version))).scalar_one())


async def test_given_no_file_then_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    async with _database(_url(tmp_path)) as database:
        assert await _version(database) == VERSION
        files = _files(tmp_path)  # the log beside it too
        assert len(files) > 1
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    with sqlite3.connect(tmp_path / "callcue.db") as file_itself:
        assert file_itself.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file_itself.close()


async def test_given_a_file_then_it_is_opened_again_as_it_is(tmp_path: Path) -> None:
    for revision in range(3):
        async with _database(_url(tmp_path)) as database:
            async with database.reading() as connection:
                found = (await connection.execute(select(STATE.c.users_revision))).scalar_one()
            assert found == revision
            async with database.writing() as connection:
                await connection.execute(update(STATE).values(users_revision=revision + 1))


async def test_given_many_who_open_a_new_file_at_once_then_one_makes_it(tmp_path: Path) -> None:
    databases = [Database(_url(tmp_path)) for _ in range(5)]
    await asyncio.gather(*(database.open() for database in databases))
    for database in databases:
        assert await _version(database) == VERSION
        await database.close()


async def test_given_a_store_of_an_older_version_then_it_is_brought_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _database(_url(tmp_path)):
        pass
    monkeypatch.setattr(module, "VERSION", VERSION + 2)
    steps = {
        VERSION + 1: ["CREATE TABLE newer (word TEXT)"],
        VERSION + 2: ["INSERT INTO newer VALUES ('one')", "INSERT INTO newer VALUES ('two')"],
    }
    monkeypatch.setattr(module, "MIGRATIONS", steps)
    for _ in range(2):  # and only once
        async with _database(_url(tmp_path)) as database, database.reading() as connection:
            words = await connection.exec_driver_sql("SELECT word FROM newer")
            assert [row[0] for row in words] == ["one", "two"]
    assert schema.VERSION == VERSION


def _shape(folder: Path) -> set[tuple[str, ...]]:
    """All tables with their columns, and all indices."""
    query = """SELECT m.type, m.name, coalesce(i.name, '') FROM sqlite_master m
               LEFT JOIN pragma_table_info(m.name) i ON m.type = 'table'"""
    with closing(sqlite3.connect(folder / "callcue.db")) as file_itself:
        return set(file_itself.execute(query).fetchall())


async def test_given_a_store_that_was_brought_up_then_it_has_all_that_a_new_one_has(
    tmp_path: Path,
) -> None:
    async with _database(_url(tmp_path)) as database:
        new = _shape(tmp_path)
        async with database.writing() as connection:
            for statement in back_to(1):
                await connection.exec_driver_sql(statement)
        assert _shape(tmp_path) < new
    async with _database(_url(tmp_path)):
        assert _shape(tmp_path) == new


async def test_given_a_record_of_the_first_version_then_its_answers_stay_and_more_come(
    tmp_path: Path,
) -> None:
    async with _database(_url(tmp_path)) as database, database.writing() as connection:
        for statement in back_to(1):
            await connection.exec_driver_sql(statement)
        await connection.exec_driver_sql(
            "INSERT INTO answers VALUES (1, 0, 'ann', '', 'version', '', '', '', '', '', '', 0)"
        )
    async with _database(_url(tmp_path)) as database:
        assert await _version(database) == VERSION
        record = AnswerRecord(database, Retention(days=10**6))
        record.wrote(answered("bob", function="/agc/vicidial.php"))
        await record.write()
        found = [(one.number, one.answered.user) for one in await record.newest(Wanted())]
        assert found == [(2, "bob"), (1, "ann")]


async def test_given_a_migration_that_fails_then_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _database(_url(tmp_path)):
        pass
    with monkeypatch.context() as patch:
        patch.setattr(module, "VERSION", VERSION + 1)
        patch.setattr(
            module, "MIGRATIONS", {VERSION + 1: ["CREATE TABLE newer (word TEXT)", "NONSENSE"]}
        )
        async with _database(_url(tmp_path), opened=False) as database:
            with pytest.raises(StoreOutOfReach):
                await database.open()
    async with _database(_url(tmp_path)) as database:
        assert await _version(database) == VERSION
        async with database.reading() as connection:
            tables = await connection.exec_driver_sql("SELECT name FROM sqlite_master")
            assert "newer" not in {row[0] for row in tables}


async def test_given_a_store_of_a_newer_version_then_it_is_left_alone(tmp_path: Path) -> None:
    async with _database(_url(tmp_path)) as database, database.writing() as connection:
        await connection.execute(update(STATE).values(version=VERSION + 1))
    async with _database(_url(tmp_path), opened=False) as database:
        with pytest.raises(StoreTooNew, match=f"version {VERSION + 1}, ours is {VERSION}"):
            await database.open()


async def test_given_a_file_that_is_none_of_ours_then_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "callcue.db").write_text("not a database, " * 100)
    async with _database(_url(tmp_path), opened=False) as database:
        with pytest.raises(StoreOutOfReach, match="file is not a database"):
            await database.open()


@pytest.mark.parametrize("create", [True, False])
async def test_given_no_place_for_a_file_then_it_is_missing(tmp_path: Path, create: bool) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'no-folder' / 'callcue.db'}"
    async with _database(url, opened=False) as database:
        with pytest.raises(StoreMissing):
            await database.open(create=create)
    assert not _files(tmp_path)


@pytest.mark.parametrize("create", [True, False])
async def test_given_a_folder_that_may_not_be_entered_then_it_is_out_of_reach_and_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, create: bool
) -> None:
    close(monkeypatch, tmp_path)
    async with _database(_url(tmp_path), opened=False) as database:
        with pytest.raises(StoreOutOfReach, match="cannot be reached: Permission denied") as raised:
            await database.open(create=create)
    assert raised.type is StoreOutOfReach  # there may be users in it
    assert not _files(tmp_path)


async def test_given_somebody_who_writes_then_readers_do_not_wait_and_writers_give_up(
    tmp_path: Path,
) -> None:
    async with _database(_url(tmp_path)) as writer, _database(_url(tmp_path)) as other:
        async with writer.writing() as connection:
            await connection.execute(update(STATE).values(users_revision=5))
            assert await _version(other) == VERSION
            with pytest.raises(StoreOutOfReach, match="locked"):
                async with other.writing():
                    pass
        async with other.writing() as connection:
            await connection.execute(update(STATE).values(users_revision=6))


async def test_given_somebody_who_writes_then_a_store_can_be_opened_and_read(
    tmp_path: Path,
) -> None:
    url = _url(tmp_path)
    async with _database(url) as writer, writer.writing(), _database(url) as reader:
        assert await _version(reader) == VERSION


async def test_given_a_short_write_then_another_writer_waits_for_it(tmp_path: Path) -> None:
    patient = Database(_url(tmp_path), busy_seconds=5)
    async with _database(_url(tmp_path)) as writer:
        await patient.open()
        async with writer.writing() as connection:
            await connection.execute(update(STATE).values(users_revision=5))
            waiting = asyncio.create_task(_raise_revision(patient))
            await asyncio.sleep(0)
        await waiting
        async with writer.reading() as connection:
            found = (await connection.execute(select(STATE.c.users_revision))).scalar_one()
        assert found == 6
    await patient.close()


async def _raise_revision(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(update(STATE).values(users_revision=STATE.c.users_revision + 1))


async def test_given_an_error_then_no_value_is_in_its_text(tmp_path: Path) -> None:
    async with _database(_url(tmp_path)) as database:
        with pytest.raises(StoreOutOfReach) as raised:
            async with database.writing() as connection:
                await connection.execute(insert(STATE).values(id="s3cret", version=None))
        assert "s3cret" not in str(raised.value)
        assert raised.value.__cause__ is None


async def test_given_a_store_in_memory_then_everybody_sees_the_same() -> None:
    async with _database(module.MEMORY) as database:
        await asyncio.gather(*(_raise_revision(database) for _ in range(10)))
        async with database.reading() as connection:
            found = (await connection.execute(select(STATE.c.users_revision))).scalar_one()
        assert found == 10
