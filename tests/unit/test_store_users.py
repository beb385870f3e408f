"""Users of the store: kept, changed, and seen by a service that runs."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from fakes.plain import Plain
from fakes.service import PASSWORD, cheap_hash, serving
from fakes.waiting import until

from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser, FixedUsers, UsersOfAll, UsersOutOfReach
from callcue.core.types import Role
from callcue.store.database import Database
from callcue.store.store import Store
from callcue.store.users import NoSuchUser, StoredUsers, UserBook, UserExists

ANN = ApiUser("ann", Argon2(cheap_hash(PASSWORD)))
WHOLE = ApiUser(
    "bob",
    Argon2(cheap_hash(PASSWORD)),
    level=7,
    active=False,
    group="SALES TEAM",
    functions=frozenset({"audio_playback", "version"}),
    alt_user="crm1",
    audience=Role.AGENT,
    addresses=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/64")),
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"


@pytest.fixture
async def book(url: str) -> AsyncIterator[UserBook]:
    database = Database(url)
    await database.open()
    yield UserBook(database)
    await database.close()


async def test_given_users_then_they_come_back_as_they_were(book: UserBook, url: str) -> None:
    await book.add(WHOLE)
    await book.add(ANN)
    assert await book.all() == [ANN, WHOLE]
    after_a_restart = Database(url)
    await after_a_restart.open()
    assert await UserBook(after_a_restart).all() == [ANN, WHOLE]
    await after_a_restart.close()


async def test_given_a_name_that_is_taken_then_it_is_refused(book: UserBook) -> None:
    await book.add(ANN)
    with pytest.raises(UserExists):
        await book.add(replace(ANN, level=9))
    assert await book.all() == [ANN]


async def test_given_a_change_then_only_that_user_changes_and_the_revision_rises(
    book: UserBook,
) -> None:
    await book.add(ANN)
    await book.add(WHOLE)
    before = await book.revision()
    await book.set_active("bob", True)
    await book.set_password("bob", Argon2(cheap_hash("another")))
    assert await book.revision() == before + 2
    changed = replace(WHOLE, active=True, password=Argon2(cheap_hash("another")))
    assert await book.all() == [ANN, changed]


async def test_given_nobody_of_that_name_then_it_says_so_and_nothing_changes(
    book: UserBook,
) -> None:
    before = await book.revision()
    with pytest.raises(NoSuchUser):
        await book.set_active("ann", False)
    with pytest.raises(NoSuchUser):
        await book.set_password("ann", Argon2("x"))
    assert await book.revision() == before


async def test_given_a_password_in_another_form_then_the_store_does_not_take_it(
    book: UserBook,
) -> None:
    with pytest.raises(TypeError):
        await book.add(replace(ANN, password=Plain("1234")))


async def test_given_no_look_yet_then_nobody_knows(book: UserBook) -> None:
    users = StoredUsers(book)
    with pytest.raises(UsersOutOfReach):
        await users.find("ann")
    with pytest.raises(UsersOutOfReach):
        await users.named_by("crm1")


async def test_given_a_look_then_users_are_found_by_name_and_other_name(book: UserBook) -> None:
    await book.add(WHOLE)
    users = StoredUsers(book)
    await users.look()
    assert await users.find("bob") == WHOLE
    assert await users.find("Bob") is None
    assert await users.named_by("crm1") == "bob"
    assert await users.named_by("bob") is None


async def test_given_several_sources_then_the_first_that_knows_a_name_is_right(
    book: UserBook,
) -> None:
    await book.add(ANN)
    stored = StoredUsers(book)
    users = UsersOfAll([FixedUsers([replace(ANN, level=9)]), stored])
    assert (await users.find("ann")) == replace(ANN, level=9)
    with pytest.raises(UsersOutOfReach):  # it may well be there
        await users.find("bob")


async def test_given_another_process_that_changes_users_then_the_service_sees_it(
    url: str,
) -> None:
    store, other = Store(url), Database(url)  # to SQLite a connection is what a process is
    async with serving(store) as service:
        await other.open()
        book = UserBook(other)

        async def seen() -> bool:
            return store.users._revision == await book.revision()

        async def after(change: Awaitable[None], password: str = PASSWORD) -> str:
            await change
            began = time.perf_counter()
            await until(seen)
            assert time.perf_counter() - began < 1.5
            return await service.play(user="bob", **{"pass": password}, dial_override="Y")

        another = Argon2(cheap_hash("another"))
        assert "|BAD|" in await service.play(user="bob")
        assert "SUCCESS" in await after(book.add(replace(ANN, name="bob")))
        assert "|BAD|" in await after(book.set_active("bob", False))
        assert "SUCCESS" in await after(book.set_active("bob", True))
        assert "|BAD|" in await after(book.set_password("bob", another))
        assert "SUCCESS" in await service.play(user="bob", **{"pass": "another"}, dial_override="Y")
    await other.close()


async def test_given_a_store_that_can_no_longer_be_read_then_who_was_known_still_gets_in(
    url: str, book: UserBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await book.add(ANN)
    store = Store(url, busy_seconds=0.05)
    async with serving(store) as service:
        with monkeypatch.context() as patch:
            looked = asyncio.Event()

            async def broken() -> int:
                looked.set()
                raise sqlite3.OperationalError("disk I/O error")

            patch.setattr(store.users._book, "revision", broken)
            await looked.wait()
            assert (await service.play(user="ann")).startswith("SUCCESS")
