"""One request for twenty calls in their rooms: each hears it once."""

import asyncio
from typing import Any

import pytest
from ears import hearing
from real.hand import Hand
from real.room import NewRoom
from real.service import Service

from callcue import demo
from callcue.core.types import CallId

pytestmark = pytest.mark.usefixtures("before_all_others")

MANY = 20
WORKSPACE = f"/workspaces/{demo.WORKSPACE}"


async def _ask(service: Service, tail: str, body: Any = None) -> list[dict[str, Any]]:
    headers = {"Authorization": f"AccessKey {demo.ACCESS_KEY}", "Idempotency-Key": f"one{tail}"}
    url = f"{service.url}{WORKSPACE}{tail}"
    async with service.http.post(url, json=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        results: list[dict[str, Any]] = (await response.json())["results"]
        return results


async def test_given_twenty_calls_in_rooms_when_played_to_by_one_request_then_each_hears_it_once(
    service: Service, new_room: NewRoom
) -> None:
    rooms = [await new_room() for _ in range(MANY)]
    ears = [await room.party() for room in rooms]
    second = await rooms[0].party()  # hears what the first one hears
    calls = [CallId(ear.id) for ear in (*ears, second)]
    await service.until(lambda: all(service.controller.directory.call(c) for c in calls))
    body = {"media": ["sound:short-low"], "calls": [str(call) for call in calls]}
    results = await _ask(service, "/playbacks", body)
    assert await _ask(service, "/playbacks", body) == results
    assert {(one["status"], one["error"]) for one in results} == {(202, None)}
    assert results[0]["id"] == results[-1]["id"]
    assert len({one["id"] for one in results}) == MANY
    for one in results:
        bird = service.integrator(calls[0])
        assert (await bird.ended(one["id"]))["endReason"] == "finished"
    await asyncio.gather(*(ear.listen(0.3) for ear in (*ears, second)))
    for ear in (*ears, second):
        heard = [frame for frame in ear.frames if hearing.audible(frame)]
        assert abs(len(heard) - 15) <= 2


async def test_given_a_tag_of_a_channel_when_named_then_its_call_is_played_to_and_stopped(
    service: Service, new_room: NewRoom, hand: Hand
) -> None:
    tagged, other = [await (await new_room()).party() for _ in range(2)]
    named = CallId(tagged.id)
    await service.until(lambda: service.controller.directory.call(named) is not None)
    call = service.controller.directory.call(named)
    assert call is not None
    await hand.do("Setvar", Channel=call.channel, Variable="CALLCUE_TAG", Value="spring")

    def is_known() -> bool:
        found = service.controller.directory.call(named)
        return found is not None and "CALLCUE_TAG=spring" in found.tags

    await service.until(is_known)
    body = {"media": ["sound:sweep"], "tag": "CALLCUE_TAG=spring"}
    (played,) = await _ask(service, "/playbacks", body)
    assert (played["callId"], played["status"]) == (str(tagged.id), 202)
    await tagged.listen(0.3)
    (stopped,) = await _ask(service, "/playback/stop")
    assert (stopped["id"], stopped["status"]) == (played["id"], 200)
    assert not any(hearing.audible(frame) for frame in other.frames)
