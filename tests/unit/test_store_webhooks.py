"""Webhooks of the store: kept, changed, and each change to be seen by who delivers."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy.event
from fakes.deliveries import DIED, die_for, wait_for
from fakes.service import OTHER_WORKSPACE, WORKSPACE
from sqlalchemy import select

from callcue.events.signing_secret import is_secret, new_secret
from callcue.events.webhook import SigningSecret, Webhook
from callcue.events.webhook_book import (
    MOST_WEBHOOKS,
    Failure,
    KeptWebhook,
    NoSuchWebhook,
    TooManySecrets,
    TooManyWebhooks,
    WebhooksOutOfReach,
)
from callcue.store.database import MEMORY, Database
from callcue.store.schema import DELIVERIES, STATE
from callcue.store.webhooks import StoredWebhooks

FIRST, SECOND, THIRD, FOURTH = (SigningSecret(new_secret()) for _ in range(4))


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["file", "memory"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = MEMORY if request.param == "memory" else f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"
    made = Database(url)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(database: Database, clock: Clock) -> StoredWebhooks:
    return StoredWebhooks(database, clock=clock)


def _webhook(
    *kinds: str, of: UUID = WORKSPACE, made: float = 5.0, secret: SigningSecret = FIRST
) -> Webhook:
    return Webhook(uuid4(), of, "https://hooks.example.com/a?b", frozenset(kinds), (secret,), made)


async def _secrets(book: StoredWebhooks, webhook: Webhook) -> tuple[SigningSecret, ...]:
    return (await book.find(webhook.id)).webhook.secrets


async def _revision(database: Database) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(select(STATE.c.webhooks_revision))).scalar_one())


async def test_given_webhooks_then_they_come_back_as_they_were_the_oldest_first(
    book: StoredWebhooks,
) -> None:
    newer, older = _webhook("started", "failed", made=6.0), _webhook(made=5.0)
    others = _webhook(of=OTHER_WORKSPACE, made=5.5)
    for one in (newer, older, others):
        await book.add(one)
    assert await book.all(WORKSPACE) == [KeptWebhook(older), KeptWebhook(newer)]
    assert [kept.webhook for kept in await book.all()] == [older, others, newer]
    assert await book.find(newer.id, WORKSPACE) == KeptWebhook(newer)
    assert FIRST.secret not in repr(await book.all())


async def test_given_another_workspace_then_there_is_no_such_webhook_for_it(
    book: StoredWebhooks, database: Database
) -> None:
    webhook = _webhook()
    await book.add(webhook)
    await die_for(database, webhook.id, 1)
    before, revision = await book.all(), await _revision(database)
    for named, workspace in [(webhook.id, OTHER_WORKSPACE), (uuid4(), WORKSPACE), (uuid4(), None)]:
        for asked in (
            book.find(named, workspace),
            book.remove(named, workspace),
            book.rotate(named, SECOND.secret, 60, workspace),
            book.dead(named, 0, 10, workspace),
            book.replay(named, None, workspace),
        ):
            with pytest.raises(NoSuchWebhook):
                await asked
    assert (await book.all(), await _revision(database)) == (before, revision)


async def test_given_changes_then_each_raises_the_revision_and_a_look_does_not(
    book: StoredWebhooks, database: Database
) -> None:
    webhook = _webhook()
    assert await _revision(database) == 0
    await book.add(webhook)
    assert await _revision(database) == 1
    await book.rotate(webhook.id, SECOND.secret, 60)
    assert await _revision(database) == 2
    assert await book.replay(webhook.id, None) == 0
    await die_for(database, webhook.id, 1)
    await book.dead(webhook.id, 0, 10)
    assert await _revision(database) == 2
    assert await book.replay(webhook.id, None) == 1
    assert await _revision(database) == 3
    await book.remove(webhook.id)
    assert await _revision(database) == 4


async def test_given_as_many_as_may_be_then_one_more_is_refused_until_one_goes(
    book: StoredWebhooks,
) -> None:
    made = [_webhook() for _ in range(MOST_WEBHOOKS)]
    for one in made:
        await book.add(one)
    with pytest.raises(TooManyWebhooks):
        await book.add(_webhook())
    await book.add(_webhook(of=OTHER_WORKSPACE))
    await book.remove(made[0].id)
    await book.add(_webhook())
    assert len(await book.all(WORKSPACE)) == MOST_WEBHOOKS


async def test_given_two_at_once_for_the_last_place_then_one_gets_it(
    book: StoredWebhooks,
) -> None:
    for _ in range(MOST_WEBHOOKS - 1):
        await book.add(_webhook())
    came = await asyncio.gather(*(book.add(_webhook()) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in came) == ["NoneType", *["TooManyWebhooks"] * 3]
    assert len(await book.all()) == MOST_WEBHOOKS


# ---- secrets -------------------------------------------------------------------------------------


async def test_given_another_secret_then_it_is_first_and_the_older_one_signs_along(
    book: StoredWebhooks, clock: Clock
) -> None:
    webhook = _webhook()
    await book.add(webhook)
    await book.rotate(webhook.id, SECOND.secret, 60)
    older = SigningSecret(FIRST.secret, clock.now + 60)
    assert await _secrets(book, webhook) == (SECOND, older)
    clock.now += 59
    assert await _secrets(book, webhook) == (SECOND, older)
    clock.now += 1
    assert await _secrets(book, webhook) == (SECOND,)


async def test_given_one_that_ends_already_then_a_change_makes_it_end_no_later(
    book: StoredWebhooks, clock: Clock
) -> None:
    webhook = _webhook()
    await book.add(webhook)
    await book.rotate(webhook.id, SECOND.secret, 60)
    await book.rotate(webhook.id, THIRD.secret, 600)
    until = [one.until for one in await _secrets(book, webhook)]
    assert until == [None, clock.now + 600, clock.now + 60]
    await book.rotate(webhook.id, FOURTH.secret, 0)
    assert await _secrets(book, webhook) == (FOURTH,)


async def test_given_three_that_sign_then_a_fourth_waits_until_one_ends(
    book: StoredWebhooks, clock: Clock, database: Database
) -> None:
    webhook = _webhook()
    await book.add(webhook)
    await book.rotate(webhook.id, SECOND.secret, 60)
    await book.rotate(webhook.id, THIRD.secret, 600)
    before, revision = await _secrets(book, webhook), await _revision(database)
    with pytest.raises(TooManySecrets):
        await book.rotate(webhook.id, FOURTH.secret, 600)
    assert (await _secrets(book, webhook), await _revision(database)) == (before, revision)
    clock.now += 60
    await book.rotate(webhook.id, FOURTH.secret, 600)
    found = [one.secret for one in await _secrets(book, webhook)]
    assert found == [FOURTH.secret, THIRD.secret, SECOND.secret]


async def test_given_a_secret_that_it_has_then_it_is_first_and_there_once(
    book: StoredWebhooks, clock: Clock
) -> None:
    webhook = _webhook()
    await book.add(webhook)
    await book.rotate(webhook.id, FIRST.secret, 60)
    assert await _secrets(book, webhook) == (FIRST,)
    await book.rotate(webhook.id, SECOND.secret, 60)
    await book.rotate(webhook.id, FIRST.secret, 60)
    older = SigningSecret(SECOND.secret, clock.now + 60)
    assert await _secrets(book, webhook) == (FIRST, older)


@pytest.mark.parametrize(
    ("secret", "good"),
    [
        ("whsec_" + "A" * 32, True),
        ("whsec_" + "A" * 86 + "==", True),
        ("whsec_" + "A" * 43 + "=", True),
        ("whsec_" + "+/" * 21 + "==", True),
        ("whsec_" + "A" * 31 + "=", False),  # 23 bytes
        ("whsec_" + "A" * 87 + "=", False),  # 65
        ("whsec_" + "A" * 88, False),  # 66
        ("whsec_" + "A" * 43, False),
        ("whsec_" + "A" * 44 + "\n", False),
        ("whsec_" + "-_" * 22, False),
        ("whsk_" + "A" * 44, False),
        ("A" * 44, False),
        ("", False),
    ],
)
def test_given_a_text_then_it_can_be_a_secret_or_not(secret: str, good: bool) -> None:
    assert is_secret(secret) is good


def test_given_new_secrets_then_each_can_be_one_and_no_two_are_the_same() -> None:
    made = [new_secret() for _ in range(100)]
    assert all(map(is_secret, made))
    assert len(set(made)) == 100


# ---- what was not taken --------------------------------------------------------------------------


async def test_given_deliveries_then_they_are_counted_and_the_last_failure_is_told(
    book: StoredWebhooks, database: Database
) -> None:
    webhook, other = _webhook(made=1.0), _webhook(made=2.0)
    for one in (webhook, other):
        await book.add(one)
    await wait_for(database, webhook.id, 1)
    await wait_for(database, webhook.id, 2, tried=DIED + 9, failure="answers 500", attempts=1)
    await die_for(database, webhook.id, 3)
    await wait_for(database, other.id, 1)
    assert await book.all() == [
        KeptWebhook(webhook, waiting=2, dead=1, failure=Failure(DIED + 9, "answers 500")),
        KeptWebhook(other, waiting=1),
    ]


async def test_given_many_deliveries_then_none_is_looked_at_for_what_is_told_of_a_webhook(
    book: StoredWebhooks, database: Database
) -> None:
    webhook = _webhook()
    await book.add(webhook)
    asked: list[tuple[str, Sequence[object]]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if "FROM deliveries" in statement:
            asked.append((statement, values))

    engine = database._engine.sync_engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", note)
    await book.find(webhook.id)
    sqlalchemy.event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 2
    async with database.reading() as connection:
        for statement, values in asked:
            plan = await connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values)
            (step,) = (row.detail for row in plan)  # so nothing is sorted either
            assert "INDEX deliveries_" in step


async def test_given_many_who_look_at_once_then_one_of_them_reads_at_a_time(
    book: StoredWebhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, real, reading, most = _webhook(), StoredWebhooks._kept, 0, 0
    await book.add(webhook)

    async def kept(self: StoredWebhooks, *found: Any) -> KeptWebhook:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        read = await real(self, *found)
        reading -= 1
        return read

    monkeypatch.setattr(StoredWebhooks, "_kept", kept)
    await asyncio.gather(*(book.find(webhook.id) for _ in range(3)), book.all(), book.all())
    assert most == 1


async def test_given_dead_letters_then_they_are_read_in_pages_by_their_events(
    book: StoredWebhooks, database: Database
) -> None:
    webhook, other = _webhook(), _webhook()
    for one in (webhook, other):
        await book.add(one)
    for event in (7, 3, 5):
        await die_for(database, webhook.id, event)
    await wait_for(database, webhook.id, 4)
    await die_for(database, other.id, 6)
    first = await book.dead(webhook.id, 0, 2)
    assert [one.event.id for one in first] == [3, 5]
    assert [one.event.id for one in await book.dead(webhook.id, 5, 2)] == [7]
    letter = first[0]
    assert (letter.webhook, letter.event.workspace) == (webhook.id, WORKSPACE)
    assert (letter.attempts, letter.tried, letter.dead) == (12, DIED + 3, DIED + 3)
    assert (letter.failure, letter.event.type) == ("answers 503", "started")


@pytest.mark.parametrize(
    ("events", "replayed"), [(None, {3, 5, 7}), ({5, 7}, {5, 7}), ({4, 6, 99}, set())]
)
async def test_given_dead_letters_when_replayed_then_they_are_as_new_and_nothing_else_is(
    book: StoredWebhooks,
    database: Database,
    clock: Clock,
    events: set[int] | None,
    replayed: set[int],
) -> None:
    webhook, other = _webhook(), _webhook()
    for one in (webhook, other):
        await book.add(one)
    for event in (3, 5, 7):
        await die_for(database, webhook.id, event)
    await wait_for(database, webhook.id, 4, attempts=2, failure="answers 500")
    await die_for(database, other.id, 6)
    assert await book.replay(webhook.id, events) == len(replayed)
    async with database.reading() as connection:
        rows = (await connection.execute(select(DELIVERIES))).all()
    new = {row.event for row in rows if row.made == clock.now}
    assert new == replayed
    for row in rows:
        if row.event in replayed:
            assert (row.dead, row.attempts, row.due) == (None, 0, 0.0)
            assert (row.tried, row.failure) == (None, "")
    left = {one.event.id for one in await book.dead(webhook.id, 0, 10)}
    assert left == {3, 5, 7} - replayed
    assert (await book.find(other.id)).dead == 1


async def test_given_a_webhook_removed_then_nothing_of_it_is_left(
    book: StoredWebhooks, database: Database
) -> None:
    webhook, other = _webhook(), _webhook()
    for one in (webhook, other):
        await book.add(one)
        await wait_for(database, one.id, 1)
        await die_for(database, one.id, 2)
    await book.remove(webhook.id, WORKSPACE)
    assert [kept.webhook for kept in await book.all()] == [other]
    async with database.reading() as connection:
        left = (await connection.execute(select(DELIVERIES.c.webhook))).scalars().all()
    assert set(left) == {str(other.id)}
    with pytest.raises(NoSuchWebhook):
        await book.remove(webhook.id, WORKSPACE)


async def test_given_a_store_that_another_writes_to_then_it_is_out_of_reach_and_can_be_read(
    tmp_path: Path,
) -> None:
    file = tmp_path / "callcue.db"
    database = Database(f"sqlite+aiosqlite:///{file}", busy_seconds=0.05)
    await database.open()
    book, webhook = StoredWebhooks(database), _webhook()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(WebhooksOutOfReach) as error:
            await book.add(webhook)
        assert FIRST.secret not in str(error.value)
        assert await book.all() == []
        other.execute("ROLLBACK")
    await book.add(webhook)
    await database.close()
