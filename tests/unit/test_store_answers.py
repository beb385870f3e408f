"""The record of answers: written behind, bounded, and found again."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.answers import NOW, answered
from fakes.folders import close
from fakes.waiting import until

from callcue.api.lockout import Lockout
from callcue.api.vicidial.record import NoRecord
from callcue.api.vicidial.written import RecordOutOfReach, Wanted
from callcue.store import answers as module
from callcue.store import store as store_module
from callcue.store.answers import AnswerRecord, Retention
from callcue.store.database import Database, StoreOutOfReach
from callcue.store.store import Store


class Clock:
    now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    made = Database()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def record(database: Database) -> AnswerRecord:
    return AnswerRecord(database, Retention(), clock=Clock())


async def _users(record: AnswerRecord, **wanted: object) -> list[str]:
    found = await record.newest(Wanted(**wanted))  # type: ignore[arg-type]
    return [written.answered.user for written in found]


async def test_given_answers_then_they_come_back_whole_and_the_newest_first(
    record: AnswerRecord,
) -> None:
    given = [answered("ann"), answered("bob", reason="a / b", stage="ü\n\x1b[0m", value="")]
    for one in given:
        record.wrote(one)
    assert await record.newest(Wanted()) == []
    await record.write()
    found = await record.newest(Wanted())
    assert [written.answered for written in reversed(found)] == given
    assert found[0].number > found[1].number


async def test_given_filters_then_all_of_them_count(record: AnswerRecord) -> None:
    record.wrote(answered("a", agent="1", at=NOW - timedelta(hours=2)))
    record.wrote(answered("b", agent="1", result="ERROR"))
    record.wrote(answered("c", agent="2", function="version", result="VERSION"))
    record.wrote(answered("a", agent="2", at=NOW + timedelta(hours=1)))
    await record.write()
    assert await _users(record) == ["a", "c", "b", "a"]
    assert await _users(record, user="a") == ["a", "a"]
    assert await _users(record, user="a", agent="1") == ["a"]
    assert await _users(record, function="version") == ["c"]
    assert await _users(record, result="ERROR") == ["b"]
    assert await _users(record, since=NOW) == ["a", "c", "b"]
    assert await _users(record, limit=2) == ["a", "c"]
    second = (await record.newest(Wanted(limit=2)))[-1].number
    assert await _users(record, limit=2, before=second) == ["b", "a"]
    assert await _users(record, user="' OR 1=1 --") == []


async def test_given_what_no_database_takes_then_it_is_written_as_far_as_it_goes(
    record: AnswerRecord,
) -> None:
    record.wrote(answered("\ud800", value="a\0b", stage="x" * 10_000, agent="y" * 10_000))
    await record.write()
    (written,) = await record.newest(Wanted())
    assert (written.answered.user, written.answered.value) == ("?", "a?b")
    assert written.answered.stage == "x" * module.LONGEST
    assert len(written.answered.agent) == 100


async def test_given_many_then_all_are_written_in_order(record: AnswerRecord) -> None:
    names = [f"u{number}" for number in range(module.BATCH * 2 + 7)]
    for name in names:
        record.wrote(answered(name))
    await record.write()
    assert await _users(record, limit=10_000) == names[::-1]


async def test_given_more_than_may_wait_then_the_rest_is_dropped_and_counted(
    record: AnswerRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    for number in range(8):
        record.wrote(answered(f"u{number}"))
    assert record.drops() == 3
    assert record.drops() == 0
    await record.write()
    assert await _users(record) == ["u4", "u3", "u2", "u1", "u0"]
    record.wrote(answered("later"))
    assert record.drops() == 0


async def test_given_two_who_write_at_once_then_nothing_is_written_twice(
    record: AnswerRecord,
) -> None:
    for number in range(3):
        record.wrote(answered(f"u{number}"))
    await asyncio.gather(*(record.write() for _ in range(3)))
    assert await _users(record) == ["u2", "u1", "u0"]


async def test_given_answers_too_old_or_too_many_then_the_newest_stay(database: Database) -> None:
    clock = Clock()
    record = AnswerRecord(database, Retention(days=2, rows=3), clock=clock)
    record.wrote(answered("old", at=NOW - timedelta(days=3)))
    record.wrote(answered("young"))
    await record.write()
    assert await _users(record) == ["young"]
    for number in range(5):
        record.wrote(answered(f"u{number}"))
    clock.now += module.TIDIED_EVERY_SECONDS + 1
    await record.write()
    assert await _users(record) == ["u4", "u3", "u2"]
    clock.now += 3 * 86400
    await record.write()
    assert await _users(record) == []


async def test_given_many_pages_then_they_drive_out_no_answers_of_an_api(
    database: Database,
) -> None:
    record = AnswerRecord(database, Retention(rows=3), clock=Clock())
    for number in range(5):
        record.wrote(answered(f"u{number}"))
        for _ in range(10):
            record.wrote(answered(f"p{number}", function="/agc/vdc_db_query.php"))
    await record.write()
    assert await _users(record) == ["p4", "p4", "p4", "u4", "u3", "u2"]
    assert await _users(record, function="audio_playback") == ["u4", "u3", "u2"]
    assert await _users(record, function="/agc/vdc_db_query.php") == ["p4", "p4", "p4"]
    assert await _users(record, function="/agc/other.php") == []


async def test_given_nothing_too_old_then_tidying_waits_for_nobody_who_writes(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"
    database, other = Database(url, busy_seconds=0.05), Database(url)
    await database.open()
    await other.open()
    clock = Clock()
    record = AnswerRecord(database, Retention(days=2), clock=clock)
    record.wrote(answered("ann"))
    await record.write()
    clock.now += module.TIDIED_EVERY_SECONDS + 1
    async with other.writing():
        assert record.is_untidy()
        await record.tidy()
        assert not record.is_untidy()
        clock.now += 3 * 86400
        with pytest.raises(StoreOutOfReach, match="locked"):
            await record.tidy()
    assert record.is_untidy()
    await record.tidy()
    assert await _users(record) == []
    clock.now -= 30 * 86400
    assert record.is_untidy()  # a clock that is set back keeps nothing waiting
    await asyncio.gather(database.close(), other.close())


async def test_given_no_store_then_the_record_is_out_of_reach(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'x.db'}")
    with pytest.raises(RecordOutOfReach):
        await AnswerRecord(database, Retention()).newest(Wanted())
    await database.close()


def test_given_no_record_then_nothing_happens() -> None:
    NoRecord().wrote(answered())


async def test_given_a_running_store_then_answers_are_written_and_survive_the_end(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"
    store = Store(url)
    await store.start(Lockout())
    store.answers.wrote(answered("first"))

    async def is_there() -> bool:
        return await _users(store.answers) == ["first"]

    await until(is_there)
    store.answers.wrote(answered("last"))  # and the end comes before it is written
    await store.stop()
    again = Store(url)
    await again.start(Lockout())
    assert await _users(again.answers) == ["last", "first"]
    await again.stop()


async def test_given_a_locked_store_then_answers_wait_and_are_written_when_it_is_free(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"
    store, other = Store(url, busy_seconds=0.05), Database(url)
    await store.start(Lockout())
    await other.open()

    async def is_said() -> bool:
        return "cannot be written" in caplog.text

    async def is_over() -> bool:
        return "can be written again" in caplog.text

    with caplog.at_level(logging.INFO):
        async with other.writing():
            store.answers.wrote(answered("ann"))
            await until(is_said)
            assert await _users(store.answers) == []
        await until(is_over)
    assert await _users(store.answers) == ["ann"]
    assert caplog.text.count("cannot be written") == 1
    await asyncio.gather(store.stop(), other.close())


async def test_given_an_idle_service_then_what_grows_too_old_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIDIED_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(store_module, "LOOKED_EVERY_SECONDS", 0.02)
    url = f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"
    other = Database(url)
    await other.open()
    elsewhere = AnswerRecord(other, Retention())
    elsewhere.wrote(answered("old", at=NOW - timedelta(days=3)))
    elsewhere.wrote(answered("young", at=NOW + timedelta(days=3)))
    await elsewhere.write()
    store = Store(url, Retention(days=2))
    await store.start(Lockout())

    async def is_tidy() -> bool:
        return await _users(elsewhere) == ["young"]

    await until(is_tidy)  # at the start
    elsewhere.wrote(answered("old again", at=NOW - timedelta(days=3)))
    await elsewhere.write()
    await until(is_tidy)  # and from then on
    await asyncio.gather(store.stop(), other.close())


async def test_given_a_folder_that_may_not_be_entered_then_the_service_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "TRIED_AGAIN_SECONDS", 0.02)
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}")
    tried = 0
    with monkeypatch.context() as closed, caplog.at_level(logging.INFO):
        close(closed, tmp_path)
        open_it = store._database.open

        async def opened() -> None:
            nonlocal tried
            tried += 1
            await open_it()

        closed.setattr(store._database, "open", opened)
        await store.start(Lockout())

        async def is_tried_again() -> bool:
            return tried > 2

        await until(is_tried_again)
    (said,) = [entry for entry in caplog.records if entry.levelno >= logging.ERROR]
    assert "the store cannot be read" in said.getMessage()
    assert "Permission denied" in said.getMessage()

    async def is_over() -> bool:
        return "can be read again" in caplog.text

    with caplog.at_level(logging.INFO):
        await until(is_over)
    await store.stop()
