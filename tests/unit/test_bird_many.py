"""One request for many calls: an answer for each, one playback in each place."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fake_ami.pbx import FakePbx
from fakes.directory import FakeDirectory
from fakes.service import KEY, OTHER_KEY, ROOM, WORKSPACE, Service, serving, settings
from fakes.telephony import FakeTelephony
from fakes.waiting import until
from fakes.whole import Whole, whole

from callcue.api.bird import many
from callcue.app import make_app
from callcue.core.ports import Call
from callcue.core.types import EndReason, PlaybackId
from callcue.store.store import Store

PATH = f"/workspaces/{WORKSPACE}/playbacks"
STOP = f"/workspaces/{WORKSPACE}/playback/stop"
CLIP: dict[str, Any] = {"media": ["sound:ss-noservice"]}


def _enter(service: Service, number: int, **more: Any) -> Call:
    return service.telephony.directory.enter(f"8600{number}", f"PJSIP/x-{number}", **more)


def _tagged(service: Service, call: Call, *tags: str) -> Call:
    made = Call(
        **{
            name: getattr(call, name)
            for name in ("id", "place", "channel", "uniqueid", "context", "number")
        },
        tags=frozenset(tags),
    )
    service.telephony.directory.live[call.id] = made
    return made


async def _play(service: Service, *calls: Any, query: str = "", **more: Any) -> tuple[int, Any]:
    body = {**CLIP, **more}
    if calls:
        body["calls"] = [str(call.id if isinstance(call, Call) else call) for call in calls]
    return await service.bird("POST", PATH + query, body)


async def test_given_calls_in_their_rooms_then_each_hears_it_and_has_its_answer() -> None:
    async with serving() as service:
        calls = [_enter(service, number) for number in range(5)]
        status, answer = await _play(service, *calls)
        assert status == 200
        results = answer["results"]
        assert [one["callId"] for one in results] == [str(call.id) for call in calls]
        assert {(one["status"], one["error"]) for one in results} == {(202, None)}
        assert {PlaybackId(UUID(one["id"])) for one in results} == set(service.ledger.playbacks)
        assert {one.place for one in service.telephony.player.started} == {c.place for c in calls}


async def test_given_two_calls_in_one_room_then_one_playback_and_its_id_for_both() -> None:
    async with serving() as service:
        _, answer = await _play(service, service.agent, service.customer, service.agent)
        first, second = answer["results"]
        assert first["id"] == second["id"]
        assert (first["callId"], second["callId"]) == (
            str(service.agent.id),
            str(service.customer.id),
        )
        assert len(service.ledger.playbacks) == 1


async def test_given_some_that_cannot_be_then_the_others_are_played_to() -> None:
    async with serving() as service:
        other = _enter(service, 1, context="others")
        status, answer = await _play(service, uuid4(), service.customer, other)
        assert status == 200
        gone, taken, strange = answer["results"]
        assert (gone["status"], gone["id"], gone["error"]["code"]) == (404, None, "not_found")
        assert (taken["status"], taken["error"]) == (202, None)
        assert strange["error"] == gone["error"]  # what a key may not see does not exist


async def test_given_a_room_that_is_shared_then_its_call_says_so() -> None:
    async with serving() as service:
        service.telephony.directory.enter(ROOM, "PJSIP/other-1", context="others")
        _, answer = await _play(service, service.customer)
        (one,) = answer["results"]
        assert (one["status"], one["error"]["code"]) == (409, "room_shared")


async def test_given_the_query_then_it_is_for_each_place() -> None:
    async with serving() as service:
        free = _enter(service, 1)
        await service.bird("POST", service.playback_path, CLIP)
        _, answer = await _play(service, service.customer, free, query="?ifPlaying=reject")
        assert [one["status"] for one in answer["results"]] == [409, 202]
        assert answer["results"][0]["error"]["code"] == "already_playing"
        _, answer = await _play(service, service.customer, query="?audience=agent")
        (one,) = answer["results"]
        playback = service.ledger.playbacks[PlaybackId(UUID(one["id"]))]
        assert str(playback.request.audience) == "agent"


async def test_given_a_sound_that_is_not_there_then_it_is_422_once_and_nothing_plays() -> None:
    async with serving() as service:
        calls = [_enter(service, number) for number in range(5)]
        status, answer = await _play(service, *calls, media=["sound:ss-noservice", "sound:gone"])
        assert (status, list(answer["details"])) == (422, ["$.media[1]"])
        assert not service.ledger.playbacks


async def test_given_a_tag_then_the_calls_of_the_workspace_that_have_it() -> None:
    async with serving(calls={"tags": ["CAMPAIGN", "QUEUE"]}) as service:
        spring = [
            _tagged(service, _enter(service, n), "CAMPAIGN=spring", "QUEUE=1") for n in (1, 2)
        ]
        _tagged(service, _enter(service, 3), "CAMPAIGN=summer")
        _tagged(service, _enter(service, 4, context="others"), "CAMPAIGN=spring")
        other = service.telephony.directory.live
        assert len(other) == 6
        _, answer = await _play(service, tag="CAMPAIGN=spring")
        mine = {str(call.id) for call in spring}
        assert {one["callId"] for one in answer["results"]} >= mine
        named = {one["callId"] for one in answer["results"]}
        strange = [c for c in other.values() if c.context == "others"]
        assert not named & {str(call.id) for call in strange}
        assert len(named) == 2
        _, shown = await service.bird("GET", service.calls_path(spring[0]))
        assert shown["tags"] == ["CAMPAIGN=spring", "QUEUE=1"]
        assert (await _play(service, tag="CAMPAIGN=autumn")) == (200, {"results": []})


async def test_given_a_tag_while_an_asterisk_is_away_then_503() -> None:
    async with serving() as service:
        service.telephony.directory.up = False
        status, answer = await _play(service, tag="CALLCUE_TAG=spring")
        assert (status, answer["code"]) == (503, "asterisk_unavailable")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$"),
        ({"calls": [], "tag": "CALLCUE_TAG=a"}, "$.calls"),
        ({"calls": [str(uuid4())], "tag": "CALLCUE_TAG=a"}, "$"),
        ({"calls": None, "tag": "CALLCUE_TAG=a"}, "$.calls"),
        ({"calls": ["x"]}, "$.calls[0]"),
        ({"calls": [str(uuid4()), 1]}, "$.calls[1]"),
        ({"calls": [str(uuid4()) for _ in range(1001)]}, "$.calls"),
        ({"tag": "UNKNOWN=a"}, "$.tag"),
        ({"tag": "CALLCUE_TAG"}, "$.tag"),
        ({"tag": "CALLCUE_TAG=a\r\nAction: Hangup"}, "$.tag"),
        ({"tag": "${X}=a"}, "$.tag"),
        ({"tag": {"name": "CALLCUE_TAG"}}, "$.tag"),
        ({"tag": "CALLCUE_TAG=a", "media": []}, "$.media"),
        ({"tag": "CALLCUE_TAG=a", "volume": 1}, "$.volume"),
    ],
)
async def test_given_what_is_not_valid_then_422_names_it(body: dict[str, Any], path: str) -> None:
    async with serving() as service:
        status, answer = await _play(service, **body)
        assert (status, list(answer["details"])) == (422, [path])
        assert not service.ledger.playbacks


async def test_given_no_room_for_a_party_as_audience_then_422() -> None:
    async with serving() as service:
        status, _ = await _play(service, service.customer, query=f"?audience={uuid4()}")
        assert status == 422


async def test_given_a_key_then_the_same_answer_and_nothing_twice() -> None:
    async with serving() as service:
        body = {**CLIP, "calls": [str(_enter(service, number).id) for number in range(5)]}
        headers = {"Idempotency-Key": "campaign-1"}
        first = await service.bird("POST", PATH, body, headers=headers)
        assert await service.bird("POST", PATH, body, headers=headers) == first
        assert len(service.ledger.playbacks) == 5


async def test_given_a_kill_in_the_middle_then_the_repetition_does_the_rest(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store"
    headers = {"Authorization": f"AccessKey {KEY}", "Idempotency-Key": "campaign-1"}
    answers, started = [], []
    for run in range(2):
        store = Store(f"sqlite+aiosqlite:///{file}")
        telephony = FakeTelephony(directory=FakeDirectory())
        calls = [telephony.directory.enter(f"86{n}", f"PJSIP/x-{n}") for n in range(4)]
        second = telephony.directory.enter("860", "PJSIP/y-0")  # in the room of the first
        app = make_app(settings(), [telephony], store.playbacks, store=store)
        async with TestClient(TestServer(app, access_log=None)) as client:
            body = {**CLIP, "calls": [str(call.id) for call in (*calls, second)]}
            if run == 1:  # the first has hung up meanwhile
                telephony.directory.leave(calls[0])
            async with client.post(PATH, json=body, headers=headers) as got:
                answers.append(await got.json())
            started.append(len(telephony.player.started))
        with closing(sqlite3.connect(file)) as left, left:
            left.execute("UPDATE idempotency_keys SET status = NULL, body = NULL")
            if run == 0:  # killed before the last two were accepted
                for one in answers[0]["results"][2:4]:
                    left.execute("DELETE FROM playbacks WHERE id = ?", [one["id"]])
    assert answers[0] == answers[1]
    assert started == [4, 2]


# ---- stop ----------------------------------------------------------------------------------------


async def test_given_calls_that_hear_something_then_all_are_stopped_and_named() -> None:
    async with serving() as service:
        calls = [_enter(service, number) for number in range(3)]
        await _play(service, *calls)
        await _play(service, calls[0])  # waits
        _enter(service, 9)
        status, answer = await service.bird("POST", STOP)
        assert status == 200
        assert {one["callId"] for one in answer["results"]} == {str(call.id) for call in calls}
        assert {(one["status"], one["error"]) for one in answer["results"]} == {(200, None)}
        assert {one.reason for one in service.ledger.playbacks.values()} == {EndReason.STOPPED}
        assert await service.bird("POST", STOP) == (200, {"results": []})


async def test_given_the_queue_is_kept_then_the_next_begins() -> None:
    async with serving() as service:
        await service.bird("POST", service.playback_path, CLIP)
        _, waiting = await service.bird("POST", service.playback_path, CLIP)
        _, answer = await service.bird("POST", STOP + "?queue=keep")
        assert len(answer["results"]) == 2  # both hear that room

        async def plays() -> bool:
            _, shown = await service.bird("GET", service.playback_path)
            return (shown["id"], shown["state"]) == (waiting["id"], "playing")

        await until(plays)


async def test_given_anothers_workspace_then_its_calls_play_on() -> None:
    async with serving() as service:
        await service.bird("POST", service.playback_path, CLIP)
        path = STOP.replace(str(WORKSPACE), "bbbbbbbb-0000-4000-8000-000000000001")
        assert await service.bird("POST", path, key=OTHER_KEY) == (200, {"results": []})
        assert not service.ledger.ends


async def test_given_a_lost_link_then_each_stop_is_remembered() -> None:
    async with serving() as service:
        await service.bird("POST", service.playback_path + "?wait=started", CLIP)
        service.telephony.lose_link()
        status, answer = await service.bird("POST", STOP)
        assert status == 200
        assert {one["error"]["code"] for one in answer["results"]} == {"stop_remembered"}
        assert {one["status"] for one in answer["results"]} == {503}


# ---- a thousand ----------------------------------------------------------------------------------

THOUSAND = 1000


def _full(pbx: FakePbx) -> list[str]:
    return [
        pbx.enter(f"9{number:04}", f"PJSIP/p-{number:08x}", CALLCUE_TAG="spring")
        for number in range(THOUSAND)
    ]


async def _ask(house: Whole, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"AccessKey {KEY}"}
    async with house.client.post(path, json=body, headers=headers) as got:
        return got.status, await got.json()


async def test_given_a_thousand_calls_then_each_is_played_to_and_others_are_not_kept_waiting() -> (
    None
):
    async with whole() as house:
        house.pbx.watches = False
        _full(house.pbx)

        async def all_are_known() -> bool:
            tagged = [c for c in house.server.directory.calls() if "CALLCUE_TAG=spring" in c.tags]
            return len(tagged) == THOUSAND

        await until(all_are_known)
        body = {"media": ["sound:offer"], "tag": "CALLCUE_TAG=spring"}
        playing = asyncio.create_task(_ask(house, PATH, body))
        waited: list[float] = []
        await house.integrator(json=CLIP | {"media": ["sound:greeting"]})
        while not playing.done():
            began = monotonic()
            verb = "/pause" if len(waited) % 2 else "/resume"
            answer = await house.integrator(verb)
            assert answer.status in (200, 409), answer.text
            waited.append(monotonic() - began)
        status, answers = await playing
        assert status == 200
        results = answers["results"]
        assert {(one["status"], one["error"]) for one in results} == {(202, None)}
        assert len({one["id"] for one in results}) == THOUSAND
        assert len({leg.room for leg in house.pbx.legs.values()}) == len(house.pbx.legs)
        assert len(house.pbx.legs) == THOUSAND + 1
        waited.sort()
        assert waited[len(waited) // 2] < 0.5, waited
        status, stopped = await _ask(house, STOP)
        ended = [one for one in stopped["results"] if one["status"] == 200]
        assert (status, len(ended) >= THOUSAND) == (200, True)


def test_given_the_bound_then_it_is_far_below_what_a_link_may_have_without_an_answer() -> None:
    assert many.AT_ONCE <= 50
