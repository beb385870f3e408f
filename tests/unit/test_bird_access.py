"""Which calls a key sees, and what it may do in rooms that it shares."""

from typing import Any
from uuid import uuid4

import pytest
from fakes.service import (
    CHANNEL,
    OTHER_CHANNEL,
    OTHER_KEY,
    OTHER_WORKSPACE,
    READ_KEY,
    ROOM,
    WORKSPACE,
    Service,
    serving,
)

from callcue.api.bird.workspaces import Channel
from callcue.core.ports import Call
from callcue.core.types import CallId, Conference

CLIP = {"media": ["sound:ss-noservice"]}
OTHERS = f"/workspaces/{OTHER_WORKSPACE}/channels/{OTHER_CHANNEL}/calls"


async def test_given_calls_then_the_list_has_those_of_the_channel_alone() -> None:
    async with serving() as service:
        service.telephony.directory.enter("8600052", "PJSIP/x-3", context="others")
        status, body = await service.bird("GET", service.calls_path())
        assert status == 200
        assert {call["id"] for call in body["results"]} == {
            str(service.agent.id),
            str(service.customer.id),
        }
        assert body["nextPageToken"] is None


async def test_given_a_call_then_it_is_shown() -> None:
    async with serving() as service:
        status, body = await service.bird("GET", service.calls_path(service.agent))
        assert status == 200
        assert body == {
            "id": str(service.agent.id),
            "channelId": str(CHANNEL),
            "status": "ongoing",
            "server": "main",
            "conference": ROOM,
            "bridge": None,
            "endpoint": "PJSIP/agent",
            "context": "default",
            "number": ROOM,
            "agent": "1000",
            "tags": [],
            "join": "room",
            "cannotPlay": None,
        }


async def test_given_many_calls_then_pages_hold_each_once() -> None:
    async with serving() as service:
        for number in range(8):
            service.telephony.directory.enter("8600053", f"PJSIP/y-{number}")
        seen: list[str] = []
        path = service.calls_path() + "?limit=3"
        while path:
            _, body = await service.bird("GET", path)
            assert len(body["results"]) <= 3
            seen += [call["id"] for call in body["results"]]
            token = body["nextPageToken"]
            path = f"{service.calls_path()}?limit=3&pageToken={token}" if token else ""
        assert len(seen) == len(set(seen)) == 10


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("pageToken=nonsense!", "pageToken"),
        ("pageToken=AAAA", "pageToken"),
        ("page=2", "page"),
    ],
)
async def test_given_a_wrong_query_then_422(query: str, name: str) -> None:
    async with serving() as service:
        status, body = await service.bird("GET", f"{service.calls_path()}?{query}")
        assert (status, list(body["details"])) == (422, [f"$query.{name}"])


async def test_given_what_the_key_cannot_see_then_404_all_the_same() -> None:
    async with serving() as service:
        hidden = service.telephony.directory.enter("8600052", "PJSIP/x-3", context="others")
        calls = service.calls_path()
        bodies: list[Any] = []
        for path in [
            f"{calls}/{hidden.id}/playback",
            f"{calls}/{uuid4()}/playback",
            f"{calls}/not-a-uuid/playback",
            f"{calls}/{service.customer.id.hex}/playback",
            f"/workspaces/{WORKSPACE}/channels/{OTHER_CHANNEL}/calls/{hidden.id}/playback",
            f"/workspaces/{WORKSPACE}/channels/x/calls/{hidden.id}/playback",
            f"{OTHERS}/{hidden.id}/playback",
            f"/workspaces/x/channels/{CHANNEL}/calls/{service.customer.id}/playback",
        ]:
            status, body = await service.bird("GET", path)
            assert (status, body["code"]) == (404, "not_found"), path
            status, body = await service.bird("POST", path, CLIP)
            assert (status, body["code"]) == (404, "not_found"), path
            bodies.append(body)
        assert bodies[0] == bodies[1]


async def test_given_a_right_key_without_the_scope_then_403_and_never_before_404() -> None:
    async with serving() as service:
        status, body = await service.bird("POST", service.playback_path, CLIP, key=READ_KEY)
        assert (status, body["code"]) == (403, "scope_missing")
        status, _ = await service.bird("GET", service.playback_path, key=READ_KEY)
        assert status == 200
        status, _ = await service.bird("POST", f"{OTHERS}/{uuid4()}/playback", CLIP, key=READ_KEY)
        assert status == 404


async def test_given_asterisk_out_of_sight_then_503_instead_of_a_wrong_404() -> None:
    async with serving() as service:
        service.telephony.lose_link()
        service.telephony.directory.live.clear()
        for path in (service.calls_path(), service.playback_path):
            status, body = await service.bird("GET", path)
            assert (status, body["code"]) == (503, "asterisk_unavailable")


async def _stranger(service: Service) -> Call:
    return service.telephony.directory.enter(ROOM, "PJSIP/stranger-9", context="others")


async def test_given_a_shared_room_then_neither_plays_to_everybody() -> None:
    async with serving() as service:
        stranger = await _stranger(service)
        for path, key in [
            (service.playback_path, "key-of-all"),
            (f"{OTHERS}/{stranger.id}/playback", OTHER_KEY),
        ]:
            status, body = await service.bird("POST", path, CLIP, key=key)
            assert (status, body["code"]) == (409, "room_shared")
        assert not service.ledger.playbacks


async def test_given_a_call_of_nobody_then_the_room_is_not_shared() -> None:
    async with serving() as service:
        service.telephony.directory.enter(ROOM, "PJSIP/nobody-9", context="elsewhere")
        status, _ = await service.bird("POST", service.playback_path, CLIP)
        assert status == 202


async def test_given_a_stranger_comes_in_then_only_the_own_clip_is_seen_and_stopped() -> None:
    async with serving() as service:
        _, accepted = await service.bird("POST", service.playback_path, CLIP)
        stranger = await _stranger(service)
        theirs = f"{OTHERS}/{stranger.id}/playback"
        status, body = await service.bird("POST", theirs + "/stop", key=OTHER_KEY)
        assert (status, body["code"]) == (409, "room_shared")
        _, body = await service.bird("GET", theirs, key=OTHER_KEY)
        assert (body["state"], body["media"]) == ("idle", [])
        by_id = f"/workspaces/{OTHER_WORKSPACE}/playbacks/{accepted['id']}"
        status, _ = await service.bird("GET", by_id, key=OTHER_KEY)
        assert status == 404
        status, body = await service.bird("POST", service.playback_path + "/pause")
        assert (status, body["code"]) == (409, "room_shared")
        status, body = await service.bird("POST", service.playback_path + "/stop")
        assert (status, body["endReason"]) == (200, "stopped")


async def test_given_what_the_last_caller_heard_then_the_next_one_is_not_shown_it() -> None:
    async with serving() as service:
        await service.bird("POST", service.playback_path, CLIP)
        await service.bird("POST", service.playback_path + "/stop")
        service.telephony.directory.leave(service.customer)
        other = service.telephony.directory.enter(ROOM, "PJSIP/next-7", context="others")
        service.telephony.directory.leave(service.agent)
        _, body = await service.bird("GET", f"{OTHERS}/{other.id}/playback", key=OTHER_KEY)
        assert body["state"] == "idle"


@pytest.mark.parametrize(
    ("channel", "owns"),
    [
        (Channel(CHANNEL), True),
        (Channel(CHANNEL, server="ma*"), True),
        (Channel(CHANNEL, server="b"), False),
        (Channel(CHANNEL, contexts=("x", "from-*")), True),
        (Channel(CHANNEL, contexts=("x",)), False),
        (Channel(CHANNEL, endpoints=("PJSIP/al?ce",)), True),
        (Channel(CHANNEL, endpoints=("pjsip/alice",)), False),
        (Channel(CHANNEL, numbers=("49*",)), True),
        (Channel(CHANNEL, numbers=("49",)), False),
        (Channel(CHANNEL, contexts=("from-*",), numbers=("1",)), False),
    ],
)
def test_given_patterns_then_all_four_must_match(channel: Channel, owns: bool) -> None:
    call = Call(
        id=CallId(uuid4()),
        place=Conference("main", "1"),
        channel="PJSIP/alice-0001",
        uniqueid="1.1",
        context="from-trunk",
        number="4930",
    )
    assert channel.owns(call) is owns
