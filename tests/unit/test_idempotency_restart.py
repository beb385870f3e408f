"""A service dies between a request and its answer: what the next one does when it comes again."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fakes.directory import FakeDirectory
from fakes.service import CHANNEL, KEY, ROOM, WORKSPACE, settings
from fakes.telephony import FakeTelephony
from fakes.waiting import until

from callcue.api.bird.promises import Asked, KeptAnswer, Promise
from callcue.app import CONTROLLER, make_app
from callcue.core.controller import Controller
from callcue.core.ports import LegEvent
from callcue.core.states import Event
from callcue.core.types import Milliseconds, PlaybackId, Position
from callcue.store.promises import StoredPromises
from callcue.store.store import Store

AT = Position(1, 1, Milliseconds(700))


@dataclass
class _House:
    """A service over a store in a file, and the customer whom it can play to."""

    client: TestClient[Any, Any]
    telephony: FakeTelephony
    controller: Controller
    path: str

    async def play(self, query: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"AccessKey {KEY}", "Idempotency-Key": "order-17"}
        body = {"media": ["sound:ss-noservice"]}
        async with self.client.post(self.path + query, json=body, headers=headers) as got:
            return got.status, await got.json()


@asynccontextmanager
async def _running(file: Path) -> AsyncIterator[_House]:
    store = Store(f"sqlite+aiosqlite:///{file}")
    telephony = FakeTelephony(directory=FakeDirectory())
    customer = telephony.directory.enter(ROOM, "PJSIP/customer-0002")
    app = make_app(settings(), [telephony], store.playbacks, store=store)
    path = f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls/{customer.id}/playback"
    async with TestClient(TestServer(app, access_log=None)) as client:
        yield _House(client, telephony, app[CONTROLLER], path)


def _as_it_is(file: Path, copy: Path) -> None:
    """What a service would find there that is started after this one was killed now."""
    with closing(sqlite3.connect(file)) as found, closing(sqlite3.connect(copy)) as made:
        found.backup(made)


async def test_given_a_kill_before_the_answer_was_kept_then_the_next_one_finds_the_playback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, left = tmp_path / "store", tmp_path / "left"
    kept = StoredPromises.keep

    async def killed(self: StoredPromises, asked: Asked, answer: KeptAnswer) -> None:
        await asyncio.to_thread(_as_it_is, file, left)
        await kept(self, asked, answer)

    monkeypatch.setattr(StoredPromises, "keep", killed)
    async with _running(file) as house:
        first = await house.play()
    assert first[0] == 202
    async with _running(left) as house:
        playback = PlaybackId(UUID(first[1]["id"]))
        house.telephony.player.lost[playback] = LegEvent(
            Event.FOUND_PLAYING, number=1, position=AT, moving_since=0.0
        )
        assert await house.play() == first  # before it is known what became of it
        await house.controller.link_back("main")
        assert await house.play() == first
        assert house.telephony.player.started == []


async def test_given_a_kill_and_the_call_has_ended_then_the_answer_is_the_playback_still(
    tmp_path: Path,
) -> None:
    async with _running(tmp_path / "store") as house:
        first = await house.play()
    with closing(sqlite3.connect(tmp_path / "store")) as store, store:
        store.execute("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL")
    async with _running(tmp_path / "store") as house:
        for call in house.telephony.directory.calls():
            house.telephony.directory.leave(call)
        assert await house.play() == first
        assert house.telephony.player.started == []


async def test_given_so_many_ended_since_that_it_is_not_at_hand_then_it_is_found_in_the_store(
    tmp_path: Path,
) -> None:
    async with _running(tmp_path / "store") as house:
        first = await house.play("?wait=started")
        house.telephony.player.finish(house.telephony.player.started[0])
    with closing(sqlite3.connect(tmp_path / "store")) as store, store:
        store.execute("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL")
    async with _running(tmp_path / "store") as house:
        _forget(house, PlaybackId(UUID(first[1]["id"])))
        assert await house.play("?wait=started") == first
        assert house.telephony.player.started == []


def _forget(house: _House, playback: PlaybackId) -> None:
    """As after ten thousand others."""
    ledger: Any = house.controller._ledger
    del ledger._ledger._ended[playback]


async def test_given_a_kill_before_it_was_accepted_then_the_next_one_plays_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, left = tmp_path / "store", tmp_path / "left"
    make = StoredPromises.make

    async def killed(self: StoredPromises, asked: Asked) -> Promise:
        promise = await make(self, asked)
        await asyncio.to_thread(_as_it_is, file, left)
        return promise

    with monkeypatch.context() as patch:
        patch.setattr(StoredPromises, "make", killed)
        async with _running(file) as house:
            first = await house.play("?wait=started")
    async with _running(left) as house:
        answers = [await house.play("?wait=started") for _ in range(3)]
        assert answers == [first] * 3  # the id was promised with the key
        assert len(house.telephony.player.started) == 1


async def test_given_a_kept_answer_when_started_again_then_it_is_the_same(tmp_path: Path) -> None:
    async with _running(tmp_path / "store") as house:
        first = await house.play()
    async with _running(tmp_path / "store") as house:
        assert await house.play() == first
        assert house.telephony.player.started == []


async def test_given_a_leg_that_begins_then_its_playback_is_in_the_store_already(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store"
    async with _running(file) as house:
        player = house.telephony.player
        begun: list[bool] = []
        start = player.start

        async def looks(playback: Any) -> None:
            with closing(sqlite3.connect(file)) as store:
                query = "SELECT begun FROM playbacks WHERE id = ?"
                begun.append(bool(store.execute(query, [str(playback.id)]).fetchone()[0]))
            await start(playback)

        player.start = looks  # type: ignore[method-assign]
        await house.play("?wait=started")

        async def looked() -> bool:
            return bool(begun)

        await until(looked)
        assert begun == [True]
