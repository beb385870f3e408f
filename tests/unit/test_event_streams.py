"""Events as they happen: whole, in order, for those whom they concern, and over a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.service import KEY, OTHER_KEY, OTHER_WORKSPACE, WORKSPACE, Service, serving
from fakes.stream import Stream
from fakes.waiting import until

from callcue.events import streams as streams_module
from callcue.events.event import Event
from callcue.store.store import Store

EVENTS = f"/workspaces/{WORKSPACE}/events"
LIST = {"media": ["sound:ss-noservice", "sound:hello_1"]}


@asynccontextmanager
async def listening(
    service: Service, path: str = EVENTS, *, key: str = KEY, last: str = ""
) -> AsyncIterator[Stream]:
    headers = {"Authorization": f"AccessKey {key}", **({"Last-Event-ID": last} if last else {})}
    async with service.client.get(path, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        yield Stream(response)


async def _play(service: Service, path: str = "", **body: Any) -> str:
    _, accepted = await service.bird(
        "POST", f"{service.playback_path}?wait=started{path}", {**LIST, **body}
    )
    return str(accepted["id"])


def _kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


async def test_given_verbs_of_both_dialects_when_listened_to_then_each_is_told_in_order() -> None:
    async with serving() as service, listening(service) as stream:
        playback = await _play(service)
        for verb in ("pause", "resume", "restart"):
            await service.bird("POST", f"{service.playback_path}/{verb}")
        await service.bird("POST", f"{service.playback_path}/volume", {"decibels": -6})
        await service.vicidial(stage="STOP")
        seen = await stream.until("stopped")
        assert _kinds(seen) == [
            "accepted",
            "started",
            "item_started",
            "paused",
            "resumed",
            "seeked",
            "volume_changed",
            "stopped",
        ]
        assert {event["playbackId"] for event in seen} == {playback}
        assert [int(event["id"]) for event in seen] == sorted({int(e["id"]) for e in seen})
        assert seen[3]["paused"] is True
        assert seen[-1]["endReason"] == "stopped"
        assert seen[-1]["askedBy"] == {"dialect": "bird", "name": "all"}
        assert str(service.customer.id) in seen[0]["callIds"]


async def test_given_what_waits_and_what_replaces_then_both_are_told() -> None:
    async with serving() as service, listening(service) as stream:
        first = await _play(service)
        _, waiting = await service.bird("POST", service.playback_path, LIST)
        _, third = await service.bird("POST", f"{service.playback_path}?ifPlaying=replace", LIST)
        seen = await stream.until("replaced")
        seen += await stream.until("started")
        of = {
            playback: [e["type"] for e in seen if e["playbackId"] == playback]
            for playback in (first, waiting["id"], third["id"])
        }
        assert of[first] == ["accepted", "started", "item_started", "replaced"]
        assert of[waiting["id"]] == ["accepted", "queued", "replaced"]
        assert of[third["id"]] == ["accepted", "started"]
        assert next(e for e in seen if e["playbackId"] == third["id"])["replaces"] == first


async def test_given_a_screen_plays_then_the_workspace_whose_call_hears_it_is_told() -> None:
    async with serving() as service, listening(service) as stream:
        await service.play("ss-noservice")
        event = await stream.next()
        assert event["askedBy"] == {"dialect": "vicidial", "name": "6666"}
        assert set(event["callIds"]) == {str(service.agent.id), str(service.customer.id)}


async def test_given_another_workspace_then_it_is_told_nothing() -> None:
    others = f"/workspaces/{OTHER_WORKSPACE}/events"
    async with serving() as service, listening(service, others, key=OTHER_KEY) as stream:
        await _play(service)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.next(), 0.3)
        status, _ = await service.bird("GET", EVENTS, key=OTHER_KEY)
        assert status == 404


async def test_given_one_call_then_only_what_it_hears_is_told() -> None:
    async with serving() as service:
        alone = service.telephony.directory.enter("8600099", "PJSIP/other-0009")
        async with listening(service, service.calls_path(alone, "/events")) as stream:
            await _play(service)
            _, accepted = await service.bird(
                "POST", service.calls_path(alone, "/playback"), {"media": ["sound:hello_1"]}
            )
            assert (await stream.next())["playbackId"] == accepted["id"]
        status, _ = await service.bird("GET", service.calls_path(alone, "/events?lastEventId=x"))
        assert status == 422
        gone = service.calls_path(alone, "/events").replace(str(alone.id), str(WORKSPACE))
        status, _ = await service.bird("GET", gone)
        assert status == 404


async def test_given_one_comes_back_then_it_gets_what_it_has_missed_once_and_in_order() -> None:
    async with serving() as service:
        async with listening(service) as stream:
            await _play(service)
            seen = await stream.until("item_started")
        await service.bird("POST", f"{service.playback_path}/pause")
        async with listening(service, last=seen[0]["id"]) as stream:
            await service.bird("POST", f"{service.playback_path}/stop")
            again = await stream.until("stopped")
        assert _kinds(again) == ["started", "item_started", "paused", "stopped"]
        assert [e["id"] for e in again[:2]] == [e["id"] for e in seen[1:]]


async def test_given_a_restart_then_the_ids_go_on_and_what_was_told_is_there(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store'}"
    async with serving(Store(url)) as service, listening(service) as stream:
        await _play(service)
        before = await stream.until("item_started")
    async with serving(Store(url)) as service:
        async with listening(service, last=before[0]["id"]) as stream:
            await _play(service)
            seen = await stream.until("accepted")
        told = [event["id"] for event in seen]
        assert told[:2] == [event["id"] for event in before[1:]]
        assert int(told[-1]) > int(told[1])


async def test_given_one_who_left_before_anything_came_then_it_can_go_on_all_the_same() -> None:
    async with serving() as service:
        async with listening(service) as stream:
            start = await stream.response.content.readline()
        playback = await _play(service)
        async with listening(service, last=start.decode().removeprefix("id: ").strip()) as stream:
            event = await stream.next()
            assert (event["type"], event["playbackId"]) == ("accepted", playback)


async def test_given_events_that_are_kept_no_more_then_only_who_missed_some_is_told(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store'}"
    async with serving(Store(url)) as service, listening(service) as stream:
        others = f"/workspaces/{OTHER_WORKSPACE}/events"
        async with listening(service, others, key=OTHER_KEY) as other:
            line = await other.response.content.readline()
        await _play(service)
        seen = await stream.until("item_started")
    ids = [event["id"] for event in seen]
    async with serving(Store(url, history_seconds=0.0)) as service:
        await until(lambda: _tells_of_a_gap(service, ids[0]))
        async with listening(service, last=ids[0]) as stream:
            assert await stream.block() == {
                "event": "gap",
                "data": f'{{"type":"gap","begins":"{ids[-1]}"}}',
            }
            assert (await stream.next())["id"] == ids[-1]
        assert not await _tells_of_a_gap(service, ids[-2])
        # Of this one nothing is forgotten: the ids that it never had were of others.
        place = line.decode().removeprefix("id: ").strip()
        assert not await _tells_of_a_gap(service, place, others, OTHER_KEY)


async def test_given_an_id_of_another_record_then_what_this_one_has_is_told_from_its_begin() -> (
    None
):
    async with serving() as service:
        playback = await _play(service)
        async with listening(service, last="4711") as stream:
            assert (await stream.block())["event"] == "gap"
            assert (await stream.next())["playbackId"] == playback


async def _tells_of_a_gap(service: Service, last: str, path: str = EVENTS, key: str = KEY) -> bool:
    async with listening(service, path, key=key, last=last) as stream:
        return await stream.response.content.readline() == b"event: gap\n"


async def test_given_a_listener_with_a_full_buffer_then_it_gets_what_waits_and_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams_module, "BUFFER", 3)
    listener = streams_module.Listener(WORKSPACE)
    for number in range(5):
        listener.put(_event_of({"type": "started", "playbackId": WORKSPACE}, number))
    assert listener.over
    assert [one.id for one in await listener.events(0.1)] == [0, 1, 2]


async def test_given_the_service_ends_then_a_stream_is_told_all_and_ends_properly() -> None:
    async with serving() as service, listening(service) as stream:
        await _play(service)
        await stream.until("item_started")
        assert service.client.app is not None
        await service.client.app.shutdown()
        await stream.ends()


def _event_of(body: dict[str, Any], number: int) -> Event:
    return Event(number, WORKSPACE, body["playbackId"], body)


async def test_given_as_many_streams_as_may_be_then_the_next_is_refused_until_one_goes() -> None:
    async with serving(events={"streams": 1}) as service:
        async with listening(service):
            status, body = await service.bird("GET", EVENTS)
            assert (status, body["code"]) == (429, "too_many_requests")

        async def is_free() -> bool:
            async with service.client.get(
                EVENTS, headers={"Authorization": f"AccessKey {KEY}"}
            ) as response:
                return response.status == 200

        await until(is_free)


async def test_given_a_playback_then_its_steps_are_shown_with_who_asked() -> None:
    async with serving() as service:
        playback = await _play(service)
        await service.bird("POST", f"{service.playback_path}/pause")
        _, shown = await service.bird("GET", f"/workspaces/{WORKSPACE}/playbacks/{playback}")
        assert [step["type"] for step in shown["steps"]] == [
            "accepted",
            "started",
            "item_started",
            "paused",
        ]
        assert shown["askedBy"] == {"dialect": "bird", "name": "all"}
        assert all(step["at"] >= shown["acceptedAt"] for step in shown["steps"])


async def test_given_a_step_that_is_written_while_somebody_asks_then_it_is_shown_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store()
    find = store.events._find

    async def once_all_is_written(query: Any) -> list[Event]:
        await store.events.all_told()
        return await find(query)

    monkeypatch.setattr(store.events, "_find", once_all_is_written)
    async with serving(store) as service:
        playback = await _play(service)
        await service.bird("POST", f"{service.playback_path}/pause")
        _, shown = await service.bird("GET", f"/workspaces/{WORKSPACE}/playbacks/{playback}")
        kinds = [step["type"] for step in shown["steps"]]
        assert kinds == ["accepted", "started", "item_started", "paused"]
