"""Control and view of a playback: what is confirmed is what is answered."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from fakes.service import WORKSPACE, Service, serving

from callcue.core.types import Milliseconds

LIST = {"media": ["sound:ss-noservice", "sound:hello_1"]}
VERBS = ["stop", "pause", "resume", "restart"]
FIELDS = {
    "id",
    "callId",
    "conference",
    "bridge",
    "server",
    "state",
    "item",
    "items",
    "round",
    "rounds",
    "positionMilliseconds",
    "durationMilliseconds",
    "media",
    "audience",
    "queue",
    "volume",
    "acceptedAt",
    "startedAt",
    "endedAt",
    "endReason",
    "detail",
}


async def _playing(service: Service) -> dict[str, Any]:
    _, accepted = await service.bird("POST", service.playback_path, LIST)
    (playback,) = service.ledger.playbacks.values()
    await asyncio.wait_for(playback.audible(), 2)
    return dict(accepted)


async def _do(service: Service, verb: str, body: Any = None) -> tuple[int, Any]:
    return await service.bird("POST", f"{service.playback_path}/{verb}", body)


@pytest.mark.parametrize("verb", VERBS)
async def test_given_nothing_plays_then_409(verb: str) -> None:
    async with serving() as service:
        status, body = await _do(service, verb)
        assert (status, body["code"]) == (409, "nothing_playing")


async def test_given_items_of_known_length_then_the_one_it_stands_in_is_shown() -> None:
    async with serving() as service:
        service.telephony.sounds.lengths["hello_1"] = Milliseconds(700)
        accepted = await _playing(service)
        _, body = await service.bird("GET", service.playback_path)
        assert (body["item"], body["durationMilliseconds"]) == (1, None)
        _, body = await _do(service, "seek", {"positionMilliseconds": 100, "item": 2})
        assert (body["item"], body["durationMilliseconds"]) == (2, 700)
        _, body = await service.bird("GET", f"/workspaces/{WORKSPACE}/playbacks/{accepted['id']}")
        assert body["durationMilliseconds"] == 700


async def test_given_pause_resume_restart_then_the_view_is_the_confirmed_state() -> None:
    async with serving() as service:
        accepted = await _playing(service)
        for verb, state in [
            ("pause", "paused"),
            ("pause", "paused"),
            ("resume", "playing"),
            ("resume", "playing"),
            ("pause", "paused"),
            ("restart", "playing"),
        ]:
            status, body = await _do(service, verb)
            assert (status, body["state"], body["id"]) == (200, state, accepted["id"])
        verbs = [verb for verb, _ in service.telephony.player.taken]
        assert verbs == ["start", "pause", "resume", "pause", "restart"]


@pytest.mark.parametrize("method_and_tail", [("POST", "/stop"), ("DELETE", "")])
async def test_given_a_stop_then_it_has_ended(method_and_tail: tuple[str, str]) -> None:
    method, tail = method_and_tail
    async with serving() as service:
        await _playing(service)
        status, body = await service.bird(method, service.playback_path + tail)
        assert (status, body["state"], body["endReason"]) == (200, "ended", "stopped")
        assert body["endedAt"]


async def test_given_a_stop_then_the_queue_is_emptied_unless_it_is_kept() -> None:
    async with serving() as service:
        await _playing(service)
        await service.bird("POST", service.playback_path, LIST)
        status, body = await service.bird("POST", service.playback_path + "/stop?queue=keep")
        assert (status, body["state"]) == (200, "ended")
        _, shown = await service.bird("GET", service.playback_path)
        assert shown["state"] in {"preparing", "starting", "playing"}
        await service.bird("POST", service.playback_path, LIST)
        await service.bird("POST", service.playback_path + "/stop")
        _, shown = await service.bird("GET", service.playback_path)
        assert (shown["state"], shown["queue"]) == ("ended", [])


async def test_given_a_seek_then_it_is_there() -> None:
    async with serving() as service:
        await _playing(service)
        await _do(service, "pause")
        status, body = await _do(service, "seek", {"positionMilliseconds": 41_000, "item": 2})
        assert (status, body["state"]) == (200, "paused")
        assert (body["item"], body["positionMilliseconds"]) == (2, 41_000)


async def test_given_a_seek_beyond_the_list_then_422() -> None:
    async with serving() as service:
        await _playing(service)
        status, body = await _do(service, "seek", {"positionMilliseconds": 0, "item": 3})
        assert (status, list(body["details"])) == (422, ["$.item"])


async def test_given_a_volume_then_the_answer_says_what_was_set() -> None:
    async with serving() as service:
        await _playing(service)
        status, body = await _do(service, "volume", {"decibels": -6.4})
        assert (status, body["volume"]) == (200, -6)


@pytest.mark.parametrize(
    ("verb", "body", "path"),
    [
        ("seek", {}, "$.positionMilliseconds"),
        ("seek", {"positionMilliseconds": -1}, "$.positionMilliseconds"),
        ("seek", {"positionMilliseconds": 1.5}, "$.positionMilliseconds"),
        ("seek", {"positionMilliseconds": True}, "$.positionMilliseconds"),
        ("seek", {"positionMilliseconds": 1, "item": 0}, "$.item"),
        ("seek", {"positionMilliseconds": 1, "x": 0}, "$.x"),
        ("volume", {}, "$.decibels"),
        ("volume", {"decibels": 13}, "$.decibels"),
        ("volume", {"decibels": -30.5}, "$.decibels"),
        ("volume", {"decibels": True}, "$.decibels"),
        ("volume", {"decibels": "3"}, "$.decibels"),
    ],
)
async def test_given_a_wrong_body_then_422_names_it(
    verb: str, body: dict[str, Any], path: str
) -> None:
    async with serving() as service:
        await _playing(service)
        status, answer = await _do(service, verb, body)
        assert (status, list(answer["details"])) == (422, [path])


async def test_given_asterisk_confirms_nothing_then_503_and_not_200() -> None:
    async with serving() as service:
        await _playing(service)
        service.telephony.player.silent = {"pause"}
        status, body = await _do(service, "pause")
        assert (status, body["code"]) == (503, "not_confirmed")


async def test_given_the_link_is_lost_then_a_stop_is_remembered_and_the_view_adrift() -> None:
    async with serving() as service:
        await _playing(service)
        service.telephony.lose_link()
        status, body = await _do(service, "stop")
        assert (status, body["code"]) == (503, "stop_remembered")
        status, body = await service.bird("GET", service.playback_path)
        assert (status, body["state"]) == (200, "adrift")


async def test_given_nothing_ever_played_then_the_view_is_idle_with_the_same_fields() -> None:
    async with serving() as service:
        status, idle = await service.bird("GET", service.playback_path)
        assert (status, idle["state"], idle["id"]) == (200, "idle", None)
        await _playing(service)
        _, playing = await service.bird("GET", service.playback_path)
        assert set(idle) == set(playing) == FIELDS


async def test_given_a_playback_that_ended_then_it_is_still_there_by_its_id() -> None:
    async with serving() as service:
        accepted = await _playing(service)
        service.telephony.directory.leave(service.customer)
        service.telephony.directory.leave(service.agent)
        async with asyncio.timeout(2):
            await next(iter(service.ledger.playbacks.values())).gone()
        path = f"/workspaces/{WORKSPACE}/playbacks/{accepted['id']}"
        status, body = await service.bird("GET", path)
        assert (status, body["state"], body["endReason"]) == (200, "ended", "hung_up")
        assert body["callId"] == str(service.customer.id)


async def test_given_an_unknown_playback_then_404() -> None:
    async with serving() as service:
        status, body = await service.bird("GET", f"/workspaces/{WORKSPACE}/playbacks/{uuid4()}")
        assert (status, body["code"]) == (404, "not_found")


async def test_given_a_gap_before_the_item_then_the_position_is_not_below_zero() -> None:
    async with serving() as service:
        await _playing(service)
        await _do(service, "pause")
        (playback,) = service.ledger.playbacks.values()
        playback.stand_at(playback.position().__class__(2, 1, -250), moving_since=None)  # type: ignore[arg-type]
        _, body = await service.bird("GET", service.playback_path)
        assert (body["item"], body["positionMilliseconds"]) == (2, 0)
