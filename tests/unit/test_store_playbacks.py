"""The record of playbacks in the store: what the next service reads of what this one wrote."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from uuid import uuid4

import pytest
from fakes.older import back_to
from fakes.service import WORKSPACE

from callcue.api.lockout import Lockout
from callcue.core.errors import ClipFailed
from callcue.core.playback import Asker, Playback, PlayRequest
from callcue.core.types import (
    Alone,
    Bridge,
    CallId,
    Conference,
    EndReason,
    Milliseconds,
    Missing,
    Place,
    PlaybackId,
    Role,
    SoundName,
)
from callcue.events.event import Event, News
from callcue.store.playback_rows import playback_of, row_of
from callcue.store.playbacks import MOST_TOLD
from callcue.store.store import Store

SECRET = "https://origin.example/a.wav?signature=abc"
PLACES: list[Place] = [Conference("main", "8600051"), Bridge("main", "b-1"), Alone("main", "1.2")]


def accepted(place: Place = PLACES[0]) -> Playback:
    asker = Asker("bird", "key", uuid4(), CallId(uuid4()))
    request = PlayRequest(
        (SECRET, "offer", "late"),
        rounds=None,
        gap=Milliseconds(20),
        limit=Milliseconds(9000),
        audience=Role.CALLER,
        asked_by=asker,
    )
    clips: list[SoundName | Missing | None] = [
        SoundName("callcue/cache/abc"),
        Missing.SKIPPED,
        None,
    ]
    playback = Playback(place, request, clips=clips, begun=True, promised=True, volume=-6)
    playback.faults[1] = ClipFailed(1, "offer", "too large")
    playback.listener = CallId(uuid4())
    playback.replaced = PlaybackId(uuid4())
    playback.start()
    return playback


@asynccontextmanager
async def running(file: Path) -> AsyncIterator[Store]:
    store = Store(f"sqlite+aiosqlite:///{file}")
    await store.start(Lockout(keeper=store.logins))
    try:
        yield store
    finally:
        await store.stop()


@pytest.mark.parametrize("place", PLACES)
def test_given_a_playback_when_written_and_read_then_it_is_the_same(place: Place) -> None:
    playback = accepted(place)
    again = playback_of(row_of(playback))
    for name in (
        "id",
        "place",
        "request",
        "clips",
        "begun",
        "promised",
        "volume",
        "listener",
        "replaced",
    ):
        assert getattr(again, name) == getattr(playback, name), name
    assert again.accepted_at == playback.accepted_at
    assert again.started_at == playback.started_at
    assert str(again.faults[1]) == "item 2: too large"
    assert not again.ended


def test_given_one_that_has_ended_when_written_then_no_signature_of_a_url_is_left() -> None:
    playback = accepted()
    playback.doom(EndReason.FAILED, "item 3: too large")
    playback.finish()
    row = row_of(playback)
    assert "signature" not in str(row)
    again = playback_of(row)
    assert (again.ended, again.reason, again.detail) == (
        True,
        EndReason.FAILED,
        "item 3: too large",
    )
    assert again.ended_at == playback.ended_at


async def test_given_a_service_that_is_gone_when_the_next_one_starts_then_it_knows(
    tmp_path: Path,
) -> None:
    ended, playing = accepted(), accepted()
    async with running(tmp_path / "store") as store:
        for playback in (ended, playing):
            store.playbacks.accepted(playback)
        ended.doom(EndReason.STOPPED)
        ended.finish()
        store.playbacks.ended(ended)
        await store.playbacks.kept(ended)
        name = store.identity
    async with running(tmp_path / "store") as store:
        assert [one.id for one in store.playbacks.unended()] == [playing.id]
        found = store.playbacks.find(ended.id)
        assert found is not None
        assert (found.reason, found.ended) == (EndReason.STOPPED, True)
        assert store.identity == name != ""


async def test_given_an_answer_that_waits_when_it_is_given_then_the_row_is_there(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store"
    async with running(file) as store:
        for _ in range(20):
            playback = accepted()
            store.playbacks.accepted(playback)
            await store.playbacks.kept(playback)
            with closing(sqlite3.connect(file)) as reader:
                query = "SELECT count(*) FROM playbacks WHERE id = ?"
                assert reader.execute(query, [str(playback.id)]).fetchone() == (1,)


async def test_given_a_playback_that_changes_on_and_on_when_an_answer_waits_then_not_for_that(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "store") as store:
        playback = accepted()
        store.playbacks.accepted(playback)
        answer = asyncio.create_task(store.playbacks.kept(playback))
        while not answer.done():
            await asyncio.sleep(0)
            store.playbacks.changed(playback)
        assert answer.result()


async def test_given_a_store_that_somebody_locks_when_accepted_then_not_for_long_and_not_lost(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store"
    async with running(file) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            playback = accepted()
            store.playbacks.accepted(playback)
            async with asyncio.timeout(2):
                await store.playbacks.kept(playback)
            other.execute("ROLLBACK")
    async with running(file) as store:
        assert [one.id for one in store.playbacks.unended()] == [playback.id]


async def test_given_a_backlog_of_events_then_it_is_told_in_parts_and_what_it_tells_of_is_there(
    tmp_path: Path,
) -> None:
    file, parts, rows = tmp_path / "store", list[int](), list[int]()

    def listen(events: Sequence[Event]) -> None:
        parts.append(len(events))
        with closing(sqlite3.connect(file)) as reader:
            rows.extend(reader.execute("SELECT count(*) FROM playbacks").fetchone())

    async with running(file) as store:
        store.events.tell(listen)
        playback = accepted()
        store.playbacks.accepted(playback)
        news = News(WORKSPACE, playback.id, 1.0, lambda: {"type": "paused", "callIds": []})
        for _ in range(2 * MOST_TOLD + 7):
            store.events.took(news)
    assert (parts, rows) == ([MOST_TOLD, MOST_TOLD, 7], [1, 1, 1])


@pytest.mark.parametrize(
    "broken", ["place = '{}'", 'clips = \'[{"missing": "LATER"}]\'', "clips = '7'", "id = 'x'"]
)
async def test_given_a_row_that_nobody_can_read_when_started_then_the_others_are_read(
    tmp_path: Path, broken: str
) -> None:
    file = tmp_path / "store"
    good, bad = accepted(), accepted()
    async with running(file) as store:
        for playback in (good, bad):
            store.playbacks.accepted(playback)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute(f"UPDATE playbacks SET {broken} WHERE id = ?", [str(bad.id)])
    async with running(file) as store:
        assert [one.id for one in store.playbacks.unended()] == [good.id]


async def test_given_a_store_of_version_2_when_opened_then_it_has_a_name_and_takes_playbacks(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store"
    async with running(file):
        pass
    with closing(sqlite3.connect(file)) as old, old:
        for statement in back_to(2):
            old.execute(statement)
    async with running(file) as store:
        assert len(store.identity) == 32
        playback = accepted()
        store.playbacks.accepted(playback)
        await store.playbacks.kept(playback)
    async with running(file) as store:
        assert [one.id for one in store.playbacks.unended()] == [playback.id]


async def test_given_a_store_in_memory_then_it_has_no_name_and_nothing_waits() -> None:
    store = Store()
    await store.start(Lockout(keeper=store.logins))
    playback = accepted()
    store.playbacks.accepted(playback)
    await store.playbacks.kept(playback)
    assert (store.identity, store.playbacks.unended()) == ("", [])
    await store.stop()
