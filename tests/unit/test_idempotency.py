"""`Idempotency-Key`: a request is done once, and answered as often as it is asked."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fakes.service import CHANNEL, KEY, OTHER_KEY, OTHER_WORKSPACE, Service, serving, settings
from fakes.waiting import until

from callcue.api.bird import idempotency
from callcue.api.bird.promises import KEPT_SECONDS, Asked, KeptAnswer, TooManyKeys
from callcue.api.keys import digest
from callcue.core.errors import RecordUnavailable
from callcue.core.playback import Playback
from callcue.core.types import EndReason
from callcue.store.database import Database
from callcue.store.promises import StoredPromises
from callcue.store.store import Store

CLIP: dict[str, Any] = {"media": ["sound:ss-noservice"], "loop": 2}
NAME = "order-17"


async def _ask(
    service: Service,
    tail: str = "",
    body: Any = CLIP,
    *,
    key: str = NAME,
    method: str = "POST",
    access: str = KEY,
    **more: Any,
) -> tuple[int, Any, Mapping[str, str]]:
    """Status, body and headers of a request with that Idempotency-Key."""
    headers = {"Authorization": f"AccessKey {access}", "Idempotency-Key": key}
    path = service.playback_path + tail
    sent = {"json": body} if "data" not in more else more
    async with service.client.request(method, path, headers=headers, **sent) as got:
        return got.status, await got.json(), got.headers


def _times(service: Service) -> int:
    return len(service.ledger.playbacks)


async def test_given_a_request_when_it_comes_again_then_the_same_answer_and_one_playback() -> None:
    async with serving() as service:
        first = await _ask(service)
        assert first[0] == 202
        assert "Idempotency-Replayed" not in first[2]
        for _ in range(3):
            again = await _ask(service)
            assert again[:2] == first[:2]
            assert again[2]["Idempotency-Replayed"] == "true"
            assert again[2]["Content-Type"] == first[2]["Content-Type"]
        assert _times(service) == 1
        assert (await _ask(service, key="order-18"))[1]["id"] != first[1]["id"]
        assert _times(service) == 2


async def test_given_no_key_then_each_request_is_one_of_its_own() -> None:
    async with serving() as service:
        for _ in range(2):
            await service.bird("POST", service.playback_path, CLIP)
        assert _times(service) == 2


@pytest.mark.parametrize(
    ("tail", "body", "method"),
    [
        ("", {**CLIP, "loop": 3}, "POST"),
        ("", {**CLIP, "loop": 2.0}, "POST"),
        ("?ifPlaying=replace", CLIP, "POST"),
        ("/stop", None, "POST"),
        ("", CLIP, "DELETE"),
    ],
)
async def test_given_the_key_of_another_request_then_409_and_nothing_is_done(
    tail: str, body: Any, method: str
) -> None:
    async with serving() as service:
        await _ask(service)
        status, answer, _ = await _ask(service, tail, body, method=method)
        assert (status, answer["code"]) == (409, "idempotency_key_reused")
        assert _times(service) == 1
        assert not service.ledger.ends


async def test_given_the_same_meaning_in_other_bytes_then_it_is_the_same_request() -> None:
    async with serving() as service:
        query = "?ifPlaying=queue&audience=everyone"
        first = await _ask(service, query)
        headers = {"Authorization": f"AccessKey {KEY}", "Idempotency-Key": NAME}
        headers["Content-Type"] = "application/json"
        path = f"{service.playback_path}?audience=everyone&ifPlaying=queue"
        data = b'{ "loop" : 2,\n "media": ["sound:ss-noservice"] }'
        async with service.client.post(path, data=data, headers=headers) as got:
            assert (got.status, await got.json()) == first[:2]


@pytest.mark.parametrize("key", ["", "a" * 256, "caf\u00e9", "a\tb"])
async def test_given_what_is_no_key_then_422_says_so(key: str) -> None:
    async with serving() as service:
        status, answer, _ = await _ask(service, key=key)
        assert (status, list(answer["details"])) == (422, ["$header.Idempotency-Key"])
        assert _times(service) == 0


@pytest.mark.parametrize("key", ["a", "~" * 255, '"8e03978e-40d5"', "two words", "${X},|;"])
async def test_given_a_strange_key_then_it_is_one(key: str) -> None:
    async with serving() as service:
        assert (await _ask(service, key=key))[:2] == (await _ask(service, key=key))[:2]
        assert _times(service) == 1


async def test_given_two_keys_then_422() -> None:
    async with serving() as service:
        headers = [("Authorization", f"AccessKey {KEY}"), ("Idempotency-Key", "a")]
        headers.append(("Idempotency-Key", "b"))
        async with service.client.post(service.playback_path, json=CLIP, headers=headers) as got:
            assert got.status == 422
        assert _times(service) == 0


async def test_given_twins_at_once_then_one_playback_and_one_answer() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.05
        answers = await asyncio.gather(*(_ask(service, "?wait=started") for _ in range(20)))
        assert {(status, body["id"], body["status"]) for status, body, _ in answers} == {
            (202, answers[0][1]["id"], "started")
        }
        assert sum("Idempotency-Replayed" not in headers for _, _, headers in answers) == 1
        assert _times(service) == 1


async def test_given_twins_of_another_body_at_once_then_one_of_them_is_409() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.05
        other = {**CLIP, "loop": 7}
        answers = await asyncio.gather(
            *(_ask(service, "?wait=started", body) for body in (CLIP, other))
        )
        assert sorted(status for status, _, _ in answers) == [202, 409]
        assert _times(service) == 1


async def test_given_a_first_one_that_takes_too_long_then_its_twin_is_told_to_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(idempotency.Idempotency.__init__, "__kwdefaults__", {"twin_seconds": 0.05})
    async with serving() as service:
        service.telephony.player.delay = 0.5
        first = asyncio.create_task(_ask(service, "?wait=started"))

        async def is_at_work() -> bool:
            return _times(service) == 1

        await until(is_at_work)
        status, answer, headers = await _ask(service, "?wait=started")
        assert (status, answer["code"]) == (409, "idempotency_key_in_use")
        assert int(headers["Retry-After"]) > 0
        assert (await first)[1]["status"] == "started"
        assert (await _ask(service, "?wait=started"))[1]["status"] == "started"
        assert _times(service) == 1


async def test_given_a_client_that_goes_away_then_its_repetition_finds_the_answer() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.1
        first = asyncio.create_task(_ask(service, "?wait=started"))

        async def is_at_work() -> bool:
            return _times(service) == 1

        await until(is_at_work)
        first.cancel()
        assert (await _ask(service, "?wait=started"))[1]["status"] == "started"
        assert _times(service) == 1


async def test_given_a_control_when_it_comes_again_then_it_is_not_done_again() -> None:
    async with serving() as service:
        _, playing, _ = await _ask(service, "?wait=started")
        first = await _ask(service, "/pause", None, key="pause-1")
        assert (await service.bird("POST", f"{service.playback_path}/resume"))[0] == 200
        assert (await _ask(service, "/pause", None, key="pause-1"))[:2] == first[:2]
        assert (await service.bird("GET", service.playback_path))[1]["state"] == "playing"
        stopped = await _ask(service, "", None, key="stop-1", method="DELETE")
        assert (stopped[0], stopped[1]["id"]) == (200, playing["id"])
        _, following, _ = await _ask(service, "?wait=started", key="order-18")
        again = await _ask(service, "", None, key="stop-1", method="DELETE")
        assert again[:2] == stopped[:2]
        shown = await service.bird("GET", service.playback_path)
        assert (shown[1]["id"], shown[1]["state"]) == (following["id"], "playing")


async def test_given_a_refusal_that_stands_then_it_is_the_answer_for_a_day() -> None:
    async with serving() as service:
        first = await _ask(service, "/pause", None)
        assert (first[0], first[1]["code"]) == (409, "nothing_playing")
        await _ask(service, "?wait=started", key="order-18")
        assert (await _ask(service, "/pause", None))[:2] == first[:2]


async def test_given_nothing_was_done_then_the_next_one_is_done() -> None:
    async with serving() as service:
        service.telephony.directory.up = False
        assert (await _ask(service))[0] == 503
        service.telephony.directory.up = True
        assert (await _ask(service, "", {"media": ["sound:gone"]}))[0] == 422
        assert (await _ask(service))[0] == 202
        assert _times(service) == 1


async def test_given_two_workspaces_then_each_has_its_own_keys() -> None:
    async with serving() as service:
        await _ask(service)
        path = f"/workspaces/{OTHER_WORKSPACE}/media/prefetch"
        body = {"media": ["sound:hello_1"]}
        headers = {"Idempotency-Key": NAME}
        status, _ = await service.bird("POST", path, body, key=OTHER_KEY, headers=headers)
        assert status == 202  # of another path: 409 if it were the same key


async def test_given_another_access_key_of_the_workspace_then_it_is_the_same_request() -> None:
    made = settings().model_dump(mode="json")["workspaces"]
    keys = [
        {"name": name, "sha256": digest(word), "scopes": ["playback:write"]}
        for name, word in (("old", KEY), ("new", "key-after-the-change"))
    ]
    channels = [{"id": str(CHANNEL), "contexts": ["default"]}]
    tables = [{"id": made[0]["id"], "channels": channels, "keys": keys}]
    async with serving(workspaces=tables) as service:
        first = await _ask(service)
        assert (await _ask(service, access="key-after-the-change"))[:2] == first[:2]


async def test_given_a_get_then_the_key_is_not_looked_at() -> None:
    async with serving() as service:
        headers = {"Idempotency-Key": ""}
        status, _ = await service.bird("GET", service.playback_path, headers=headers)
        assert status == 200


async def test_given_a_store_out_of_reach_then_503_with_a_key_and_202_without(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store"
    store = Store(f"sqlite+aiosqlite:///{file}", busy_seconds=0.05)
    async with serving(store) as service:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            status, answer, headers = await _ask(service)
            assert (status, answer["code"]) == (503, "store_unavailable")
            assert int(headers["Retry-After"]) > 0
            assert _times(service) == 0
            assert (await service.bird("POST", service.playback_path, CLIP))[0] == 202
            other.execute("ROLLBACK")
        assert (await _ask(service))[0] == 202


async def test_given_a_record_that_cannot_be_written_then_what_was_promised_is_not_heard() -> None:
    async with serving() as service:

        async def not_kept(playback: Playback) -> bool:  # noqa: ARG001
            return False

        service.ledger.kept = not_kept  # type: ignore[method-assign]
        status, answer, _ = await _ask(service, "?wait=started")
        assert (status, answer["code"]) == (409, "not_started")
        assert "record" in answer["message"]
        (playback,) = service.ledger.playbacks.values()
        assert playback.reason is EndReason.FAILED
        assert not service.telephony.player.started


async def test_given_an_answer_that_could_not_be_kept_then_the_playback_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(*_: object) -> None:
        raise RecordUnavailable("the disk is gone")

    async with serving() as service:
        with monkeypatch.context() as patch:
            patch.setattr(StoredPromises, "keep", away)
            first = await _ask(service, "?wait=started")
        service.telephony.directory.leave(service.customer)  # the call has ended by now
        again = await _ask(service, "?wait=started")
        assert again[:2] == first[:2]
        assert _times(service) == 1


# ---- the book ------------------------------------------------------------------------------------


@asynccontextmanager
async def _book(**limits: Any) -> AsyncIterator[StoredPromises]:
    database = Database()
    await database.open()
    yield StoredPromises(database, **limits)
    await database.close()


ANSWER = KeptAnswer(202, {"Retry-After": "1"}, '{"id": 1}')


async def test_given_a_day_then_the_key_is_new_again_and_nothing_of_it_is_left() -> None:
    now = [1000.0]
    async with _book(clock=lambda: now[0]) as book:
        asked = Asked(uuid4(), "a", "f" * 64)
        first = await book.make(asked)
        await book.keep(asked, ANSWER)
        now[0] += KEPT_SECONDS - 1
        again = await book.make(asked)
        assert (again.answer, again.seed, again.again) == (ANSWER, first.seed, True)
        now[0] += 2
        new = await book.make(asked)
        assert (new.answer, new.again) == (None, False)
        assert new.seed != first.seed
        now[0] += KEPT_SECONDS + 1
        await book.tidy()
        assert not (await book.make(asked)).again


async def test_given_as_many_keys_as_may_be_then_one_more_is_refused_until_there_is_room() -> None:
    workspace = uuid4()
    async with _book(most_keys=2) as book:
        first, second, third = (Asked(workspace, key, "f" * 64) for key in "abc")
        await book.make(first)
        await book.make(second)
        with pytest.raises(TooManyKeys):
            await book.make(third)
        assert (await book.make(first)).again
        await book.make(Asked(uuid4(), "c", "f" * 64))  # another workspace has its own
        await book.release(first)
        assert not (await book.make(third)).again


async def test_given_as_many_bytes_as_may_be_then_one_more_is_refused() -> None:
    workspace = uuid4()
    async with _book(most_bytes=5) as book:
        first, second = (Asked(workspace, key, "f" * 64) for key in "ab")
        await book.make(first)
        await book.keep(first, ANSWER)
        with pytest.raises(TooManyKeys):
            await book.make(second)


async def test_given_no_room_then_429_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise TooManyKeys

    monkeypatch.setattr(StoredPromises, "make", full)
    async with serving() as service:
        status, answer, headers = await _ask(service)
        assert (status, answer["code"]) == (429, "too_many_requests")
        assert "Retry-After" in headers
        assert _times(service) == 0
        async with service.client.get("/metrics") as page:
            assert 'bound="idempotency_keys"} 1.0' in await page.text()
