"""api.php: who hears what an API user plays, and the line where nothing can be played."""

from typing import Any

import pytest
from fakes.service import HOST, PASSWORD, ROOM, Service, cheap_hash, serving

from callcue.core.ports import AgentSession
from callcue.core.types import Alone, Bridge, CallId, Conference, IfPlaying, Role

SUCCESS = "SUCCESS: audio_playback function sent - ss-noservice|PLAY|1000\n"
FAILED = "ERROR: audio_playback error - audio not started"


def users(audience: str) -> list[dict[str, Any]]:
    return [{"user": "6666", "password_hash": cheap_hash(PASSWORD), "audience": audience}]


async def line_of(service: Service, **more: str) -> str:
    answer = await service.play(**more)
    assert answer.endswith("\n")
    assert answer.count("\n") == 1
    return answer


def heard_by(service: Service) -> CallId | None:
    """The listener of the playback that began last."""
    return service.telephony.player.started[-1].listener


async def test_given_users_then_each_ones_own_audience_hears_what_it_plays() -> None:
    for audience in ("everyone", "agent", "caller"):
        async with serving(users=users(audience)) as service:
            wanted = {
                "everyone": None,
                "agent": service.agent.id,
                "caller": service.customer.id,
            }[audience]
            assert await line_of(service) == SUCCESS
            assert heard_by(service) == wanted


async def test_given_no_audience_in_the_settings_then_everyone_hears_it() -> None:
    async with serving() as service:
        await line_of(service)
        (playback,) = service.ledger.playbacks.values()
        assert playback.request.audience is Role.EVERYONE


async def test_given_two_agents_in_the_call_then_the_one_whose_session_it_is() -> None:
    async with serving(users=users("agent")) as service:
        other = service.telephony.directory.enter(ROOM, "PJSIP/agent-0009", agent="2000")
        await line_of(service, agent_user="2000")
        assert heard_by(service) == other.id
        await service.vicidial(stage="STOP")
        await line_of(service)
        assert heard_by(service) == service.agent.id


async def test_given_an_agent_known_by_the_settings_alone_then_the_only_agent_or_refused() -> None:
    """The table of the settings names a room and no channel."""
    async with serving(users=users("agent")) as service:
        service.telephony.directory.agents["3000"] = AgentSession(
            Conference("main", ROOM), "settings"
        )
        assert (await line_of(service, agent_user="3000")).startswith("SUCCESS")
        assert heard_by(service) == service.agent.id
        await service.vicidial(stage="STOP")
        service.telephony.directory.enter(ROOM, "PJSIP/agent-0009", agent="2000")
        assert await line_of(service, agent_user="3000") == (
            f"{FAILED} - more than one party is its agent: name one by its call id|PLAY|3000\n"
        )


@pytest.mark.parametrize("override", ["", "Y"])
async def test_given_nobody_of_that_audience_then_one_line_says_so_and_nothing_is_accepted(
    override: str,
) -> None:
    async with serving(users=users("caller")) as service:
        service.telephony.directory.leave(service.customer)
        answer = await line_of(service, dial_override=override)
        assert answer == f"{FAILED} - nobody in this call is known to be its caller|PLAY|1000\n"
        assert not service.ledger.playbacks


async def test_given_a_call_that_cannot_be_played_to_then_the_line_has_the_reason() -> None:
    async with serving() as service:
        service.telephony.player.cannot_play = "the call is in | Queue,\nwhich cannot be resumed"
        answer = await line_of(service)
        assert answer == f"{FAILED} - the call is in Queue, which cannot be resumed|PLAY|1000\n"
        assert not service.ledger.playbacks


async def test_given_an_override_that_cannot_be_played_then_the_clip_before_plays_on() -> None:
    async with serving() as service:
        await line_of(service)
        service.telephony.player.cannot_play = "the call has only one side at the moment"
        assert (await line_of(service, value="hello_1", dial_override="Y")).startswith(FAILED)
        (playback,) = service.ledger.playbacks.values()
        assert playback.reason is None
        assert playback.request.if_playing is IfPlaying.REJECT


@pytest.mark.parametrize("place", [Bridge("main", "b-1"), Alone("main", "17.1")])
async def test_given_an_agent_who_is_in_no_room_then_the_place_stands_where_the_room_would(
    place: Bridge | Alone,
) -> None:
    async with serving() as service:
        service.telephony.directory.enter(place, "PJSIP/agent-5", agent="5000")
        assert (await line_of(service, agent_user="5000")).startswith("SUCCESS")
        busy = await line_of(service, agent_user="5000")
        assert f"audio already playing in agent session - {place.name}|{HOST}" in busy
        assert (await service.vicidial(stage="STOP", agent_user="5000")).startswith("SUCCESS")
