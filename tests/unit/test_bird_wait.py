"""`?wait=started`: the answer comes with the sound, or with what became of it instead."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from fakes.service import KEY, Service, serving
from fakes.waiting import until

CLIP = {"media": ["sound:ss-noservice"]}
OTHER = {"media": ["sound:hello_1"]}
BIRDS_FIELDS = {"id", "callId", "callFlowId", "status", "command", "conditions"}


async def _wait(service: Service, body: Any = CLIP, query: str = "") -> tuple[int, Any]:
    path = f"{service.playback_path}?wait=started{query}"
    return await service.bird("POST", path, body)


async def _accepted(service: Service, count: int) -> None:
    async def so_many() -> bool:
        return len(service.ledger.playbacks) == count

    await until(so_many)


async def test_given_it_is_heard_then_202_says_started_in_birds_own_form() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.1
        status, body = await _wait(service)
        assert (status, body["status"], set(body)) == (202, "started", BIRDS_FIELDS)
        playback = service.ledger.playbacks[UUID(body["id"])]  # type: ignore[index]
        assert playback.started_at is not None


async def test_given_no_wait_then_the_answer_comes_before_the_sound() -> None:
    async with serving() as service:
        service.telephony.player.silent = {"start"}
        status, body = await service.bird("POST", service.playback_path, CLIP)
        assert (status, body["status"]) == (202, "accepted")


async def test_given_it_is_not_heard_in_time_then_202_says_accepted_and_it_goes_on() -> None:
    async with serving() as service:
        await _wait(service)
        began = asyncio.get_running_loop().time()
        status, body = await _wait(service, query="&waitSeconds=1")  # it waits in the queue
        assert 0.9 < asyncio.get_running_loop().time() - began < 5
        assert (status, body["status"]) == (202, "accepted")
        _, shown = await service.bird("GET", service.playback_path)
        assert shown["queue"] == [body["id"]]


async def test_given_it_waits_in_the_queue_then_its_own_start_is_the_answer() -> None:
    async with serving() as service:
        await _wait(service)
        second = asyncio.create_task(_wait(service, OTHER))
        await _accepted(service, 2)
        service.telephony.player.finish(service.telephony.player.started[0])
        status, body = await second
        assert (status, body["status"]) == (202, "started")
        _, shown = await service.bird("GET", service.playback_path)
        assert (shown["id"], shown["state"]) == (body["id"], "playing")


@pytest.mark.parametrize(
    ("query", "why"),
    [("", "it was still waiting in the queue"), ("?queue=keep", "")],
    ids=["stop", "stop the one before"],
)
async def test_given_a_stop_while_it_waits_then_the_stop_says_whether_it_still_begins(
    query: str, why: str
) -> None:
    async with serving() as service:
        await _wait(service)
        second = asyncio.create_task(_wait(service, OTHER))
        await _accepted(service, 2)
        await service.bird("POST", f"{service.playback_path}/stop{query}")
        status, body = await second
        if why:
            assert (status, body["code"]) == (409, "not_started")
            assert body["message"].endswith(why)
        else:
            assert (status, body["status"]) == (202, "started")


async def test_given_a_clip_that_fails_then_422_names_the_item() -> None:
    async with serving() as service:
        service.telephony.player.unplayable = {"ss-noservice"}
        status, body = await _wait(service)
        assert (status, body["code"]) == (422, "invalid_request")
        assert body["details"] == {"$.media[0]": ["there is no such sound"]}


async def test_given_the_room_cannot_be_joined_then_409_says_why() -> None:
    async with serving() as service:
        service.telephony.player.joins = False
        status, body = await _wait(service)
        assert (status, body["code"]) == (409, "not_started")
        assert body["message"] == "the playback never became audible: the room is | full"


async def test_given_asterisk_never_says_that_it_started_then_409_and_nothing_is_left() -> None:
    async with serving() as service:
        service.telephony.player.silent = {"start"}
        status, body = await _wait(service)
        assert (status, body["code"]) == (409, "not_started")
        (playback,) = service.ledger.playbacks.values()
        await asyncio.wait_for(playback.gone(), 2)


async def test_given_the_call_ends_while_it_waits_then_409() -> None:
    async with serving() as service:
        await _wait(service)
        second = asyncio.create_task(_wait(service, OTHER))
        await _accepted(service, 2)
        service.telephony.directory.leave(service.customer)
        status, body = await second
        assert (status, body["code"]) == (409, "not_started")


async def test_given_the_client_goes_away_while_it_waits_then_it_plays_all_the_same() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.3
        path = f"{service.playback_path}?wait=started"
        headers = {"Authorization": f"AccessKey {KEY}"}
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.1):
                await service.client.post(path, json=CLIP, headers=headers)
        (playback,) = service.ledger.playbacks.values()
        await asyncio.wait_for(playback.audible(), 2)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("wait=ended", "wait"),
        ("wait=", "wait"),
        ("wait=started&wait=started", "wait"),
        ("waitSeconds=0", "waitSeconds"),
        ("waitSeconds=31", "waitSeconds"),
        ("waitSeconds=2.5", "waitSeconds"),
        ("waitSeconds=soon", "waitSeconds"),
        ("waitSeconds=", "waitSeconds"),
        ("waitSeconds=" + "9" * 5000, "waitSeconds"),
    ],
)
async def test_given_a_wrong_wait_then_422_and_nothing_plays(query: str, name: str) -> None:
    async with serving() as service:
        status, body = await service.bird("POST", f"{service.playback_path}?{query}", CLIP)
        assert (status, list(body["details"])) == (422, [f"$query.{name}"])
        assert not service.ledger.playbacks
