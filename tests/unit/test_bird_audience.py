"""The JSON API: who is to hear it, where it can be played, and rooms that are shared."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from fakes.service import (
    KEY,
    OTHER_CHANNEL,
    OTHER_KEY,
    OTHER_WORKSPACE,
    ROOM,
    Service,
    serving,
)

from callcue.core.ports import Call
from callcue.core.types import Alone, Bridge, EndReason, Place

CLIP = {"media": ["sound:ss-noservice"]}
CODE = "cannot_play_here"
NOTHING_HERE = "nothing can be played into this call as it is now"


async def post(
    service: Service, call: Call, query: str, *, key: str = KEY, path: str = ""
) -> tuple[int, Any]:
    path = path or service.calls_path(call, "/playback")
    return await service.bird("POST", f"{path}?{query}", CLIP, key=key)


async def heard(service: Service, accepted: Any) -> None:
    """Wait until that playback is heard."""
    await asyncio.wait_for(service.ledger.playbacks[UUID(accepted["id"])].audible(), 5)  # type: ignore[index]


# ---- who hears it --------------------------------------------------------------------------------


async def test_given_an_audience_then_the_player_is_asked_for_that_party() -> None:
    async with serving() as service:
        place = service.customer.place
        for audience, party in [
            ("everyone", None),
            ("agent", service.agent.id),
            ("caller", service.customer.id),
            (str(service.agent.id), service.agent.id),
            (str(service.agent.id).upper(), service.agent.id),
        ]:
            status, accepted = await post(service, service.customer, f"audience={audience}")
            assert (status, accepted["status"]) == (202, "accepted")
            assert service.telephony.player.checked[-1] == (place, party)


async def test_given_two_callers_then_caller_is_the_one_whose_call_was_named() -> None:
    async with serving() as service:
        second = service.telephony.directory.enter(ROOM, "PJSIP/second-3")
        for call in (service.customer, second):
            await post(service, call, "audience=caller")
            assert service.telephony.player.checked[-1] == (call.place, call.id)
        status, body = await post(service, service.agent, "audience=caller")
        assert (status, body["code"]) == (409, CODE)
        assert body["message"].endswith(
            "more than one party is its caller: name one by its call id"
        )


async def test_given_a_party_that_is_not_there_then_409_with_the_reason() -> None:
    async with serving() as service:
        lone = service.telephony.directory.enter(Alone("main", "1.7"), "PJSIP/lone-7")
        elsewhere = service.agent.id
        for audience, why in [
            ("agent", "nobody in this call is known to be its agent"),
            (str(uuid4()), "the party that is to hear it is not in this call"),
            (str(elsewhere), "the party that is to hear it is not in this call"),
        ]:
            status, body = await post(service, lone, f"audience={audience}")
            assert (status, body["code"]) == (409, CODE)
            assert body["message"] == f"{NOTHING_HERE}: {why}"
        assert not service.ledger.playbacks


# ---- where nothing can be played -----------------------------------------------------------------


async def test_given_a_call_that_cannot_be_played_to_then_409_with_the_reason() -> None:
    async with serving() as service:
        service.telephony.player.cannot_play = "the call has not been answered"
        status, body = await post(service, service.customer, "")
        assert (status, body["code"]) == (409, CODE)
        assert body["message"] == f"{NOTHING_HERE}: the call has not been answered"
        assert not service.ledger.playbacks


@pytest.mark.parametrize(
    ("place", "conference", "bridge"),
    [(Bridge("main", "b-1"), None, "b-1"), (Alone("main", "1.7"), None, None)],
)
async def test_given_a_call_in_no_room_then_it_says_where_it_is_and_how_it_is_played_to(
    place: Place, conference: str | None, bridge: str | None
) -> None:
    async with serving() as service:
        call = service.telephony.directory.enter(place, "PJSIP/other-7")
        _, shown = await service.bird("GET", service.calls_path(call))
        assert (shown["conference"], shown["bridge"]) == (conference, bridge)
        assert (shown["join"], shown["cannotPlay"]) == ("room", None)  # the fake player's word
        service.telephony.player.cannot_play = "the call is in Queue"
        _, shown = await service.bird("GET", service.calls_path(call))
        assert (shown["join"], shown["cannotPlay"]) == (None, "the call is in Queue")
        service.telephony.player.cannot_play = ""
        _, accepted = await post(service, call, "")
        await heard(service, accepted)
        _, playing = await service.bird("GET", service.calls_path(call, "/playback"))
        assert (playing["state"], playing["conference"], playing["bridge"]) == (
            "playing",
            conference,
            bridge,
        )


async def test_given_the_list_of_calls_then_nobody_is_asked_how_each_is_played_to() -> None:
    async with serving() as service:
        _, body = await service.bird("GET", service.calls_path())
        assert all("join" not in call for call in body["results"])
        assert service.telephony.player.checked == []


# ---- rooms that are shared -----------------------------------------------------------------------


async def stranger_in(service: Service) -> tuple[Call, str]:
    """A call of another workspace in the same room, and the path of its playback."""
    call = service.telephony.directory.enter(ROOM, "PJSIP/stranger-9", context="others")
    calls = f"/workspaces/{OTHER_WORKSPACE}/channels/{OTHER_CHANNEL}/calls"
    return call, f"{calls}/{call.id}/playback"


async def test_given_a_shared_room_then_each_may_play_to_its_own_party_and_no_further() -> None:
    async with serving() as service:
        stranger, theirs = await stranger_in(service)
        for call, path, key in [
            (service.customer, service.playback_path, KEY),
            (stranger, theirs, OTHER_KEY),
        ]:
            for audience in ("everyone", "agent", "caller", str(service.agent.id)):
                status, body = await post(service, call, f"audience={audience}", key=key, path=path)
                assert (status, body["code"]) == (409, "room_shared"), audience
            assert len(service.ledger.playbacks) == (call is stranger)
            status, _ = await post(service, call, f"audience={call.id}", key=key, path=path)
            assert status == 202
        assert len(service.ledger.playbacks) == 2


async def test_given_a_clip_to_the_own_party_then_the_others_do_not_see_it() -> None:
    async with serving() as service:
        _, theirs = await stranger_in(service)
        _, accepted = await post(service, service.customer, f"audience={service.customer.id}")
        await heard(service, accepted)
        _, shown = await service.bird("GET", theirs, key=OTHER_KEY)
        assert (shown["state"], shown["media"]) == ("idle", [])
        by_id = f"/workspaces/{OTHER_WORKSPACE}/playbacks/{accepted['id']}"
        status, _ = await service.bird("GET", by_id, key=OTHER_KEY)
        assert status == 404


async def test_given_a_clip_of_others_then_the_own_party_gets_no_clip_in_its_place() -> None:
    async with serving() as service:
        stranger, theirs = await stranger_in(service)
        _, first = await post(service, service.customer, f"audience={service.customer.id}")
        await heard(service, first)
        query = f"audience={stranger.id}&ifPlaying=replace"
        status, body = await post(service, stranger, query, key=OTHER_KEY, path=theirs)
        assert (status, body["code"]) == (409, "room_shared")
        assert service.ledger.playbacks[UUID(first["id"])].reason is None  # type: ignore[index]
        status, _ = await post(
            service, stranger, f"audience={stranger.id}", key=OTHER_KEY, path=theirs
        )
        assert status == 202  # it waits for its turn


async def test_given_a_clip_of_others_that_waits_then_the_own_one_is_not_replaced_either() -> None:
    async with serving() as service:
        stranger, theirs = await stranger_in(service)
        own = f"audience={service.customer.id}"
        _, first = await post(service, service.customer, own)
        await heard(service, first)
        query = f"audience={stranger.id}"
        _, waiting = await post(service, stranger, query, key=OTHER_KEY, path=theirs)
        status, body = await post(service, service.customer, f"{own}&ifPlaying=replace")
        assert (status, body["code"]) == (409, "room_shared")
        assert service.ledger.playbacks[UUID(waiting["id"])].reason is None  # type: ignore[index]


async def test_given_only_the_own_clip_then_it_is_replaced_in_a_shared_room_too() -> None:
    async with serving() as service:
        await stranger_in(service)
        query = f"audience={service.customer.id}&ifPlaying=replace"
        _, first = await post(service, service.customer, query)
        await heard(service, first)
        status, second = await post(service, service.customer, query)
        assert status == 202
        await heard(service, second)
        ended = service.ledger.playbacks[UUID(first["id"])]  # type: ignore[index]
        assert ended.reason is EndReason.REPLACED


async def test_given_a_stop_in_a_shared_room_then_what_others_have_waiting_is_not_ended() -> None:
    async with serving() as service:
        stranger, theirs = await stranger_in(service)
        _, first = await post(service, service.customer, f"audience={service.customer.id}")
        await heard(service, first)
        query = f"audience={stranger.id}"
        _, waiting = await post(service, stranger, query, key=OTHER_KEY, path=theirs)
        status, body = await service.bird("POST", f"{service.playback_path}/stop")
        assert (status, body["code"]) == (409, "room_shared")
        status, body = await service.bird("POST", f"{service.playback_path}/stop?queue=keep")
        assert (status, body["endReason"]) == (200, "stopped")
        await heard(service, waiting)
