"""Access keys of the store: kept, changed, and seen by a service that runs."""

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from fakes.older import back_to
from fakes.service import KEY, OTHER_WORKSPACE, WORKSPACE, Service, serving
from fakes.waiting import until

from callcue.api.keys import (
    AccessKey,
    AccessKeys,
    FixedKeys,
    KeysOutOfReach,
    TooManyWrongKeys,
    WrongKey,
    digest,
)
from callcue.api.lockout import FAILURES, Lockout
from callcue.api.rights import Right
from callcue.store.database import Database, StoreOutOfReach
from callcue.store.keys import (
    USED_SECONDS,
    KeptKey,
    KeyBook,
    KeyExists,
    NoSuchKey,
    SeveralKeys,
    StoredKeys,
)
from callcue.store.store import Store

STORED = "key-of-the-store"
CRM = AccessKey("crm", WORKSPACE, digest(STORED), frozenset({Right.CALLS_READ}))
WHOLE = AccessKey(
    "whole",
    OTHER_WORKSPACE,
    digest("another"),
    frozenset({Right.CALLS_READ, Right.PLAYBACK_WRITE, Right.MEDIA_WRITE, Right.OPERATOR}),
    expires=2_000_000.0,
)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(url)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(database: Database, clock: Clock) -> KeyBook:
    return KeyBook(database, clock=clock)


# ---- the book ------------------------------------------------------------------------------------


async def test_given_keys_then_they_come_back_as_they_were(book: KeyBook, clock: Clock) -> None:
    await book.add(WHOLE)
    await book.add(CRM)
    assert await book.all() == [KeptKey(CRM, clock.now), KeptKey(WHOLE, clock.now)]


async def test_given_a_name_that_is_taken_then_another_workspace_may_have_it_too(
    book: KeyBook,
) -> None:
    await book.add(CRM)
    with pytest.raises(KeyExists):
        await book.add(replace(CRM, digest=digest("x")))
    await book.add(replace(WHOLE, name="crm"))
    assert len(await book.all()) == 2


async def test_given_a_key_revoked_then_it_stays_on_record_and_its_name_is_free(
    book: KeyBook, clock: Clock
) -> None:
    await book.add(CRM)
    before = await book.revision()
    clock.now += 5
    await book.revoke("crm")
    again = replace(CRM, digest=digest("x"))
    await book.add(again)
    assert await book.revision() == before + 2
    first, second = await book.all()
    assert (first.key, first.revoked) == (CRM, clock.now)
    assert (second.key, second.revoked) == (again, None)


async def test_given_what_cannot_be_revoked_then_it_says_so_and_nothing_changes(
    book: KeyBook,
) -> None:
    await book.add(CRM)
    await book.add(replace(WHOLE, name="crm"))
    before = await book.revision()
    with pytest.raises(SeveralKeys):
        await book.revoke("crm")
    for name, workspace in [("other", None), ("crm", UUID(int=1))]:
        with pytest.raises(NoSuchKey):
            await book.revoke(name, workspace)
    assert await book.revision() == before
    await book.revoke("crm", OTHER_WORKSPACE)
    await book.revoke("crm")
    with pytest.raises(NoSuchKey):
        await book.revoke("crm")


async def test_given_a_store_of_the_version_before_then_keys_can_be_added(
    url: str, tmp_path: Path
) -> None:
    before = Database(url)
    await before.open()
    await before.close()
    with sqlite3.connect(tmp_path / "callcue.db") as file:
        for statement in back_to(3):
            file.execute(statement)
    file.close()
    brought_up = Database(url)
    await brought_up.open()
    book = KeyBook(brought_up)
    assert await book.revision() == 0
    await book.add(WHOLE)
    assert [kept.key for kept in await book.all()] == [WHOLE]
    await brought_up.close()


# ---- what requests ask ---------------------------------------------------------------------------


def _stored(book: KeyBook, clock: Clock) -> tuple[StoredKeys, list[str]]:
    news: list[str] = []
    return StoredKeys(book, on_news=lambda: news.append("news"), clock=clock), news


async def test_given_no_look_yet_then_nobody_knows_and_no_failure_is_counted(
    book: KeyBook, clock: Clock
) -> None:
    stored, _ = _stored(book, clock)
    known = replace(CRM, digest=digest("of the settings"))
    keys = AccessKeys([FixedKeys([known]), stored], Lockout())
    for _ in range(2 * FAILURES):
        with pytest.raises(KeysOutOfReach):
            keys.find(STORED, "1.1.1.1")
    assert keys.find("of the settings", "1.1.1.1") == known
    await book.add(CRM)
    await stored.look()
    assert keys.find(STORED, "1.1.1.1") == CRM


async def test_given_a_locked_address_then_it_is_not_told_that_nobody_knows(
    book: KeyBook, clock: Clock
) -> None:
    lockout = Lockout()
    keys = AccessKeys([_stored(book, clock)[0]], lockout)
    for _ in range(FAILURES):
        lockout.failed(None, "1.1.1.1")
    with pytest.raises(TooManyWrongKeys):
        keys.find(STORED, "1.1.1.1")


async def test_given_a_key_that_expires_then_it_is_good_until_then(
    book: KeyBook, clock: Clock
) -> None:
    await book.add(WHOLE)
    stored, _ = _stored(book, clock)
    await stored.look()
    keys = AccessKeys([stored], Lockout(), clock=clock)
    clock.now = 1_999_999.9
    assert keys.find("another", "1.1.1.1") == WHOLE
    clock.now = 2_000_000.0
    with pytest.raises(WrongKey):
        keys.find("another", "1.1.1.1")


async def test_given_a_key_that_is_used_often_then_it_is_written_once_a_minute(
    book: KeyBook, clock: Clock
) -> None:
    await book.add(CRM)
    stored, news = _stored(book, clock)
    await stored.look()
    revision, first = await book.revision(), clock.now
    for _ in range(1000):
        stored.used(CRM)
    await stored.write()
    assert len(news) == 1
    clock.now += USED_SECONDS - 1
    stored.used(CRM)
    await stored.write()
    assert [kept.used for kept in await book.all()] == [first]
    clock.now += 1
    stored.used(CRM)
    await stored.write()
    assert [kept.used for kept in await book.all()] == [clock.now]
    assert len(news) == 2
    assert await book.revision() == revision  # nobody reads all keys again for that


async def test_given_a_store_that_cannot_be_written_then_the_use_is_written_later(
    book: KeyBook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await book.add(CRM)
    stored, _ = _stored(book, clock)
    stored.used(CRM)

    async def broken(_: object) -> None:
        raise StoreOutOfReach("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(book, "note_use", broken)
        with pytest.raises(StoreOutOfReach):
            await stored.write()
    await stored.write()
    assert [kept.used for kept in await book.all()] == [clock.now]


# ---- the service ---------------------------------------------------------------------------------


async def test_given_another_process_that_changes_keys_then_the_service_sees_it_within_a_second(
    url: str,
) -> None:
    store, other = Store(url), Database(url)
    async with serving(store) as service:
        await other.open()
        book = KeyBook(other)

        async def seen() -> bool:
            return store.keys._revision == await book.revision()

        async def after(change: Awaitable[None], status: int) -> None:
            await change
            began = time.perf_counter()
            await until(seen)
            assert time.perf_counter() - began < 1.5
            assert await _status(service) == status

        assert await _status(service) == 401
        await after(book.add(CRM), 200)
        assert await _status(service, "POST", service.playback_path + "/stop") == 403
        others = f"/workspaces/{OTHER_WORKSPACE}/channels/{OTHER_WORKSPACE}/calls"
        assert await _status(service, "GET", others) == 404

        async def written() -> bool:
            return (await book.all())[0].used is not None

        await until(written)
        await after(book.revoke("crm"), 401)
        assert await _status(service, key=KEY) == 200
    await other.close()


async def test_given_a_workspace_that_the_settings_have_no_more_then_its_keys_are_wrong(
    url: str, book: KeyBook
) -> None:
    everything = replace(WHOLE, workspace=UUID(int=1), expires=None)
    await book.add(everything)
    async with serving(Store(url)) as service:
        for path in ("/sounds", "/vicidial/log", f"/workspaces/{UUID(int=1)}/channels/x/calls"):
            assert await _status(service, "GET", path, key="another") == 401


async def test_given_keys_that_were_never_read_then_503_and_those_of_the_settings_get_in(
    tmp_path: Path,
) -> None:
    (tmp_path / "callcue.db").write_text("no database " * 1000)
    async with serving(Store(f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}")) as service:
        headers = {"Authorization": f"AccessKey {STORED}"}
        async with service.client.get(service.calls_path(), headers=headers) as response:
            assert response.status == 503
            assert response.headers["Retry-After"] == "1"
            assert (await response.json())["code"] == "store_unavailable"
        assert await _status(service, key=KEY) == 200


async def test_given_a_store_that_cannot_even_be_made_then_no_key_is_in_it(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'nowhere' / 'callcue.db'}"
    async with serving(Store(url)) as service:
        assert await _status(service) == 401


async def _status(
    service: Service, method: str = "GET", path: str = "", *, key: str = STORED
) -> int:
    return (await service.bird(method, path or service.calls_path(), key=key))[0]
