"""Bird's POST: what is accepted, what is refused, and what becomes of it."""

import asyncio
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from fakes.service import serving

from callcue.core.types import EndReason, IfPlaying

CLIP = {"media": ["sound:ss-noservice"]}


async def test_given_birds_own_sample_then_202_with_birds_body() -> None:
    async with serving() as service:
        sample = {**CLIP, "loop": 0, "timeout": 0, "pauseMilliseconds": 0}
        status, body = await service.bird("POST", service.playback_path, sample)
        assert status == 202
        assert UUID(body.pop("id")) in service.ledger.playbacks
        assert body == {
            "callId": str(service.customer.id),
            "callFlowId": None,
            "status": "accepted",
            "command": "playback",
            "conditions": [],
        }


async def test_given_a_whole_request_then_the_core_gets_it_in_its_units() -> None:
    async with serving() as service:
        body = {
            "media": ["sound:ss-noservice", "sound:hello_1"],
            "loop": 3,
            "timeout": 60,
            "pauseMilliseconds": 250,
        }
        await service.bird("POST", service.playback_path, body)
        (playback,) = service.ledger.playbacks.values()
        request = playback.request
        assert request.media == ("ss-noservice", "hello_1")
        assert (request.rounds, request.gap, request.limit) == (3, 250, 60_000)
        assert request.if_playing is IfPlaying.QUEUE


@pytest.mark.parametrize(("meaning", "rounds"), [("once", 1), ("until_stopped", None)])
@pytest.mark.parametrize("body", [CLIP, {**CLIP, "loop": 0}])
async def test_given_loop_zero_then_the_setting_says_what_it_means(
    meaning: str, rounds: int | None, body: dict[str, Any]
) -> None:
    async with serving(playback={"loop_zero": meaning}) as service:
        await service.bird("POST", service.playback_path, body)
        _, shown = await service.bird("GET", service.playback_path)
        assert shown["rounds"] == rounds


async def test_given_something_plays_then_the_next_waits_and_comes_after() -> None:
    async with serving() as service:
        _, first = await service.bird("POST", service.playback_path, CLIP)
        _, second = await service.bird("POST", service.playback_path, CLIP)
        _, shown = await service.bird("GET", service.playback_path)
        assert (shown["id"], shown["queue"]) == (first["id"], [second["id"]])
        _, waiting = await service.bird("GET", _by_id(second["id"]))
        assert (waiting["state"], waiting["startedAt"]) == ("queued", None)
        service.telephony.player.finish(service.telephony.player.started[0])
        await asyncio.wait_for(service.ledger.playbacks[_id(second)].audible(), 2)
        _, shown = await service.bird("GET", service.playback_path)
        assert (shown["id"], shown["state"], shown["queue"]) == (second["id"], "playing", [])


async def test_given_replace_then_the_old_one_ends_as_replaced() -> None:
    async with serving() as service:
        _, first = await service.bird("POST", service.playback_path, CLIP)
        path = service.playback_path + "?ifPlaying=replace"
        status, second = await service.bird("POST", path, CLIP)
        assert status == 202
        await asyncio.wait_for(service.ledger.playbacks[_id(second)].audible(), 2)
        assert service.ledger.playbacks[_id(first)].reason is EndReason.REPLACED


async def test_given_reject_then_409() -> None:
    async with serving() as service:
        await service.bird("POST", service.playback_path, CLIP)
        path = service.playback_path + "?ifPlaying=reject"
        status, body = await service.bird("POST", path, CLIP)
        assert (status, body["code"]) == (409, "already_playing")


async def test_given_sixteen_wait_then_409() -> None:
    async with serving() as service:
        statuses = [(await service.bird("POST", service.playback_path, CLIP))[0] for _ in range(18)]
        assert statuses == [202] * 17 + [409]
        _, body = await service.bird("POST", service.playback_path, CLIP)
        assert body["code"] == "queue_full"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.media"),
        ({"media": None}, "$.media"),
        ({"media": []}, "$.media"),
        ({"media": "sound:hello_1"}, "$.media"),
        ({"media": ["sound:hello_1"] * 81}, "$.media"),
        ({"media": ["sound:hello_1", 1]}, "$.media[1]"),
        ({"media": [None]}, "$.media[0]"),
        ({"media": ["hello_1"]}, "$.media[0]"),
        ({"media": ["sound:"]}, "$.media[0]"),
        ({"media": ["sound:a/b"]}, "$.media[0]"),
        ({"media": ["sound:a.wav"]}, "$.media[0]"),
        ({"media": ["sound:a\n"]}, "$.media[0]"),
        ({"media": ["sound:${X}"]}, "$.media[0]"),
        ({"media": ["sound:a,b"]}, "$.media[0]"),
        ({"media": ["sound:\ud800"]}, "$.media[0]"),
        ({"media": ["sound:" + "a" * 81]}, "$.media[0]"),
        ({"media": ["SOUND:hello_1"]}, "$.media[0]"),
        ({"media": ["ftp://host/x"]}, "$.media[0]"),
        ({"media": ["sound:hello_1"] * 3 + ["https://host/x.wav"]}, "$.media[3]"),
        ({"media": ["sound:hello_1", "sound:gone", "sound:hello_1"]}, "$.media[1]"),
        ({**CLIP, "loop": -1}, "$.loop"),
        ({**CLIP, "loop": 10_001}, "$.loop"),
        ({**CLIP, "loop": True}, "$.loop"),
        ({**CLIP, "loop": 1.0}, "$.loop"),
        ({**CLIP, "loop": "1"}, "$.loop"),
        ({**CLIP, "loop": None}, "$.loop"),
        ({**CLIP, "loop": 10**30}, "$.loop"),
        ({**CLIP, "timeout": -1}, "$.timeout"),
        ({**CLIP, "timeout": 604_801}, "$.timeout"),
        ({**CLIP, "pauseMilliseconds": -1}, "$.pauseMilliseconds"),
        ({**CLIP, "pauseMilliseconds": 30_001}, "$.pauseMilliseconds"),
        ({**CLIP, "pauseMilliseconds": False}, "$.pauseMilliseconds"),
        ({**CLIP, "volume": 3}, "$.volume"),
    ],
)
async def test_given_a_wrong_field_then_422_names_it(body: dict[str, Any], path: str) -> None:
    async with serving() as service:
        status, answer = await service.bird("POST", service.playback_path, body)
        assert (status, answer["code"]) == (422, "invalid_request")
        assert list(answer["details"]) == [path]
        assert all(isinstance(text, str) for text in answer["details"][path])
        assert not service.ledger.playbacks


async def test_given_several_wrong_fields_then_all_are_named() -> None:
    async with serving() as service:
        wrong = {"media": ["x", "sound:hello_1", "y"], "loop": -1, "extra": 1}
        _, answer = await service.bird("POST", service.playback_path, wrong)
        assert set(answer["details"]) == {"$.media[0]", "$.media[2]", "$.loop", "$.extra"}


async def test_given_neither_a_url_nor_a_sound_then_the_message_says_what_to_do_instead() -> None:
    async with serving() as service:
        wrong = {"media": ["ftp://host/x.wav"]}
        _, answer = await service.bird("POST", service.playback_path, wrong)
        assert "must be a URL, or sound:NAME" in answer["details"]["$.media[0]"][0]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b'{"media":["sound:hello_1"],"media":["sound:hello_1"]}',
        b'{"media":["sound:hello_1"],"loop":NaN}',
        b'{"media":["sound:hello_1"],"loop":-Infinity}',
        b'{"media":["sound:\xff"]}',
        b'\xef\xbb\xbf{"media":["sound:hello_1"]}',
        '{"media":["sound:hello_1"]}'.encode("utf-16"),
        b'{"media":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"media":["sound:hello_1"],"loop":' + b"9" * 5000 + b"}",
        b'{"media":["sound:hello_1"]} x',
    ],
)
async def test_given_no_clean_json_object_then_400(raw: bytes) -> None:
    async with serving() as service:
        headers = {"Content-Type": "application/json"}
        status, body = await service.bird("POST", service.playback_path, data=raw, headers=headers)
        assert (status, body["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""],
)
async def test_given_another_type_then_415(kind: str) -> None:
    async with serving() as service:
        headers = {"Content-Type": kind}
        raw = b'{"media":["sound:hello_1"]}'
        status, body = await service.bird("POST", service.playback_path, data=raw, headers=headers)
        assert (status, body["code"]) == (415, "unsupported_media_type")


async def test_given_a_body_over_the_limit_then_413() -> None:
    async with serving() as service:
        body = BytesIO(b'{"media":["sound:' + b"a" * 1024 * 1024 + b'"]}')
        headers = {"Content-Type": "application/json"}
        path = service.playback_path
        status, answer = await service.bird("POST", path, data=body, headers=headers)
        assert (status, answer["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("ifPlaying=loudly", "ifPlaying"),
        ("ifPlaying=", "ifPlaying"),
        ("ifPlaying=queue&ifPlaying=replace", "ifPlaying"),
        ("audience=nobody", "audience"),
        ("audience=", "audience"),
        ("audience=Agent", "audience"),
        ("listener=agent", "listener"),
    ],
)
async def test_given_a_wrong_query_then_422_names_it(query: str, name: str) -> None:
    async with serving() as service:
        status, body = await service.bird("POST", f"{service.playback_path}?{query}", CLIP)
        assert (status, list(body["details"])) == (422, [f"$query.{name}"])


async def test_given_asterisk_out_of_reach_then_503_and_when_to_try_again() -> None:
    async with serving() as service:
        service.telephony.lose_link()
        url, headers = service.playback_path, {"Authorization": "AccessKey key-of-all"}
        async with service.client.post(url, json=CLIP, headers=headers) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) > 0
            assert (await response.json())["code"] == "asterisk_unavailable"


async def test_given_a_fault_of_ours_then_500_in_the_envelope_without_its_text() -> None:
    async with serving() as service:
        service.telephony.sounds.refuse = ValueError("inner secret")  # type: ignore[assignment]
        status, body = await service.bird("POST", service.playback_path, CLIP)
        assert (status, body["code"]) == (500, "internal_error")
        assert "inner secret" not in str(body)


async def test_given_a_clip_of_vicidial_then_it_is_seen_and_stopped_here() -> None:
    async with serving() as service:
        await service.play("hello_1")
        _, shown = await service.bird("GET", service.playback_path)
        assert (shown["state"], shown["media"]) == ("playing", ["sound:hello_1"])
        status, _ = await service.bird("POST", service.playback_path + "/stop")
        assert status == 200
        assert "no audio playing" in await service.vicidial(stage="STOP")


async def test_given_a_clip_of_bird_then_vicidial_sees_and_stops_it() -> None:
    async with serving() as service:
        await service.bird("POST", service.playback_path, CLIP)
        assert "audio already playing" in await service.play()
        assert (await service.vicidial(stage="STOP")).startswith("SUCCESS")
        _, shown = await service.bird("GET", service.playback_path)
        assert (shown["state"], shown["endReason"]) == ("ended", "stopped")


def _by_id(playback_id: str) -> str:
    return f"/workspaces/aaaaaaaa-0000-4000-8000-000000000001/playbacks/{playback_id}"


def _id(accepted: Any) -> Any:
    return UUID(accepted["id"])
