"""One party is to hear it: who that is, and what becomes of it when that party goes."""

from uuid import uuid4

import pytest
from stateful.stage import ROOM, Stage, staged

from callcue.core.commands import Play, Stop
from callcue.core.errors import CannotPlayHere
from callcue.core.playback import Asker, PlayRequest
from callcue.core.ports import Call
from callcue.core.states import Event, State
from callcue.core.types import Audience, CallId, EndReason, IfPlaying, Role

NOBODY = "nobody in this call is known to be its agent"


def play_to(audience: Audience, name: str = "greeting", asked: CallId | None = None) -> Play:
    asker = Asker("bird", "key", uuid4(), asked)
    queued = IfPlaying.QUEUE
    return Play(PlayRequest((name,), if_playing=queued, audience=audience, asked_by=asker))


def enter_both(stage: Stage) -> tuple[Call, Call]:
    """An agent and a caller are in the room."""
    agent = stage.directory.enter(ROOM.number, "PJSIP/agent-1", agent="1000")
    return agent, stage.directory.enter(ROOM.number, "PJSIP/caller-2")


async def heard_by(stage: Stage, audience: Audience) -> None:
    """It plays to that audience."""
    await stage.perform(play_to(audience))
    await stage.until(lambda: stage.state is State.STARTING)
    stage.is_heard()


def leave(stage: Stage, call: Call) -> None:
    stage.directory.leave(call)
    stage.session.call_left(call.id)


# ---- who -----------------------------------------------------------------------------------------


async def test_given_an_audience_when_played_then_its_party_is_checked_and_is_the_listener() -> (
    None
):
    async with staged() as stage:
        agent, caller = enter_both(stage)
        wanted: list[tuple[Audience, CallId | None]] = [
            (Role.EVERYONE, None),
            (Role.AGENT, agent.id),
            (Role.CALLER, caller.id),
            (caller.id, caller.id),
        ]
        for audience, party in wanted:
            playback = await stage.perform(play_to(audience))
            await stage.until(lambda: stage.state is State.STARTING)
            assert stage.player.checked[-1] == (ROOM, party)
            assert playback.listener == party
            stage.is_gone()


async def test_given_several_callers_when_the_request_named_one_then_that_one_hears_it() -> None:
    async with staged() as stage:
        enter_both(stage)
        second = stage.directory.enter(ROOM.number, "PJSIP/caller-3")
        with pytest.raises(CannotPlayHere, match="more than one"):
            await stage.perform(play_to(Role.CALLER))
        playback = await stage.perform(play_to(Role.CALLER, asked=second.id))
        await stage.until(lambda: stage.player.sent)
        assert playback.listener == second.id


# ---- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.IDLE, State.PLAYING, State.PAUSED])
async def test_given_an_audience_that_is_not_there_when_played_then_refused_and_nothing_accepted(
    state: State,
) -> None:
    async with staged() as stage:
        stage.directory.enter(ROOM.number, "PJSIP/caller-2")
        await stage.bring_to(state)
        accepted, checked = len(stage.ledger.accepted_ones), len(stage.player.checked)
        for audience in (Role.AGENT, CallId(uuid4())):
            with pytest.raises(CannotPlayHere):
                await stage.perform(play_to(audience))
        assert (len(stage.ledger.accepted_ones), len(stage.player.checked)) == (accepted, checked)
        assert (stage.state, len(stage.session.queue)) == (state, 0)


async def test_given_a_place_where_nothing_can_be_played_when_asked_then_refused_and_why() -> None:
    async with staged() as stage:
        stage.player.faults["check"] = CannotPlayHere("the call is in Queue")
        with pytest.raises(CannotPlayHere, match="in Queue"):
            await stage.perform(play_to(Role.EVERYONE))
        assert (stage.state, stage.ledger.accepted_ones) == (State.IDLE, [])
        await stage.perform(play_to(Role.EVERYONE))  # the next one is asked for anew
        assert len(stage.player.checked) == 2


# ---- gone when its turn comes --------------------------------------------------------------------


async def test_given_one_that_waits_when_its_agent_is_gone_then_it_fails_and_the_next_begins() -> (
    None
):
    async with staged() as stage:
        agent, _ = enter_both(stage)
        await stage.bring_to(State.PLAYING)
        waiting = await stage.perform(play_to(Role.AGENT, "hers"))
        await stage.perform(play_to(Role.EVERYONE, "all"))
        leave(stage, agent)
        assert not waiting.ended  # another agent may come before its turn
        stage.is_gone()
        with pytest.raises(CannotPlayHere, match=NOBODY):
            await waiting.audible()
        assert (waiting.reason, waiting.detail) == (EndReason.FAILED, NOBODY)
        await stage.until(lambda: stage.player.sent[-1] == "start all")
        assert "start hers" not in stage.player.sent


async def test_given_one_that_waits_when_another_agent_has_come_then_that_one_hears_it() -> None:
    async with staged() as stage:
        agent, _ = enter_both(stage)
        await stage.bring_to(State.PLAYING)
        waiting = await stage.perform(play_to(Role.AGENT, "hers"))
        leave(stage, agent)
        relief = stage.directory.enter(ROOM.number, "PJSIP/agent-9", agent="2000")
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start hers")
        assert waiting.listener == relief.id


async def test_given_a_start_that_finds_no_way_when_its_turn_comes_then_failed_and_why() -> None:
    async with staged() as stage:
        enter_both(stage)
        stage.player.faults["start"] = CannotPlayHere("the party that is to hear it has left")
        playback = await stage.perform(play_to(Role.AGENT))
        with pytest.raises(CannotPlayHere, match="has left"):
            await playback.audible()
        assert (playback.reason, stage.state) == (EndReason.FAILED, State.IDLE)
        assert "stop greeting" not in stage.player.sent  # no leg was ever made


# ---- gone while it plays -------------------------------------------------------------------------


async def test_given_one_that_hears_it_when_it_leaves_then_hung_up_and_the_next_begins() -> None:
    for role in (Role.AGENT, Role.CALLER):
        async with staged() as stage:
            agent, caller = enter_both(stage)
            await heard_by(stage, role)
            playback = stage.current
            await stage.perform(play_to(Role.EVERYONE, "all"))
            leave(stage, agent if role is Role.AGENT else caller)
            assert stage.state is State.STOPPING
            stage.is_gone()
            assert (playback.reason, playback.detail) == (
                EndReason.HUNG_UP,
                "its call has ended or moved",
            )
            await stage.until(lambda: stage.player.sent[-1] == "start all")


async def test_given_one_that_hears_it_when_the_other_party_leaves_then_it_plays_on() -> None:
    async with staged() as stage:
        _, caller = enter_both(stage)
        await heard_by(stage, Role.AGENT)
        leave(stage, caller)
        assert stage.state is State.PLAYING


async def test_given_one_named_by_its_id_when_it_leaves_then_what_waits_for_it_ends_too() -> None:
    async with staged() as stage:
        _, caller = enter_both(stage)
        await heard_by(stage, Role.EVERYONE)
        waiting = await stage.perform(play_to(caller.id, "hers"))
        leave(stage, caller)
        assert waiting.reason is EndReason.HUNG_UP
        assert stage.state is State.PLAYING


async def test_given_a_whisper_when_its_target_moves_then_what_waits_for_others_goes_on() -> None:
    """Asterisk says that it is over before it says that the party has left."""
    async with staged() as stage:
        agent, _ = enter_both(stage)
        await heard_by(stage, Role.AGENT)
        await stage.perform(play_to(Role.EVERYONE, "all"))
        stage.tell(Event.TARGET_MOVED, detail="the call has moved or ended")
        leave(stage, agent)
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start all")
        assert stage.ledger.ends == [("greeting", EndReason.HUNG_UP)]


@pytest.mark.parametrize("override", [False, True])
async def test_given_a_leg_that_is_stopped_when_it_loses_its_target_then_the_next_begins(
    override: bool,
) -> None:
    """Asterisk says so of every leg that spies, whatever it is that ends it."""
    async with staged() as stage:
        enter_both(stage)
        await heard_by(stage, Role.EVERYONE)
        if override:
            await stage.perform(Play(PlayRequest(("next",), if_playing=IfPlaying.REPLACE)))
        else:
            await stage.perform(play_to(Role.EVERYONE, "next"))
            _ = stage.ask(Stop(keep_queue=True))
        await stage.until(lambda: stage.state is State.STOPPING)
        stage.tell(Event.TARGET_MOVED, detail="the call has moved or ended")
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start next")


async def test_given_a_clip_for_all_when_its_target_moves_then_nothing_that_waits_begins() -> None:
    async with staged() as stage:
        enter_both(stage)
        await heard_by(stage, Role.EVERYONE)
        await stage.perform(play_to(Role.EVERYONE, "all"))
        stage.tell(Event.TARGET_MOVED, detail="the call has moved or ended")
        assert stage.ledger.ends == [("all", EndReason.HUNG_UP)]
        stage.is_gone()
        await stage.quiet()
        assert stage.state is State.IDLE
