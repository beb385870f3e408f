"""How playbacks end: each once, for the first reason, whatever comes in between."""

import asyncio
from itertools import product

import pytest
from stateful.stage import ROOM, Stage, play, position, queued, staged

from callcue.core.commands import Command, Pause, Resume, Seek, Stop
from callcue.core.errors import (
    AsteriskUnavailable,
    CallcueError,
    ClipNotFound,
    NotConfirmed,
    NothingPlaying,
    NotStarted,
)
from callcue.core.limits import Limits
from callcue.core.playback import Playback
from callcue.core.states import Event, State
from callcue.core.types import EndReason, Milliseconds

WITH_LEG = [State.STARTING, State.PLAYING, State.PAUSED]
DESERTIONS = [Event.PARTY_LEFT, Event.TARGET_MOVED]


async def end_of(stage: Stage, playback: Playback) -> tuple[EndReason | None, str]:
    await playback.gone()
    assert stage.state is State.IDLE
    return playback.reason, playback.detail


# ---- by itself -----------------------------------------------------------------------------------


async def test_given_the_list_is_over_when_the_leg_goes_then_finished() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        playback = stage.current
        stage.tell(Event.LIST_ENDED, 1)
        assert (stage.state, playback.ended) == (State.STOPPING, False)
        stage.is_gone()
        assert await end_of(stage, playback) == (EndReason.FINISHED, "")
        await stage.quiet()
        assert "stop greeting" not in stage.player.sent


async def test_finished_before_joined() -> None:
    """A clip that was over before the leg was in the room was heard by nobody."""
    async with staged() as stage:
        playback = await stage.perform(play("blip"))
        await stage.until(lambda: stage.player.sent)
        stage.streams()
        stage.tell(Event.LIST_ENDED, 1)
        stage.tell(Event.JOINED)
        stage.is_gone()
        with pytest.raises(NotStarted, match="before anybody could hear it"):
            await playback.audible()
        assert playback.reason is EndReason.FAILED


async def test_joined_before_streaming_and_streaming_before_joined() -> None:
    async with staged() as stage:
        for first, second in [
            (Event.JOINED, Event.STREAMING),
            (Event.STREAMING, Event.JOINED),
        ]:
            playback = await stage.perform(play())
            await stage.until(lambda: stage.state is State.STARTING)
            stage.tell(first)
            assert playback.started_at is None
            stage.tell(second)
            assert stage.state is State.PLAYING
            await playback.audible()
            stage.is_gone()


async def test_given_a_leg_that_says_it_is_over_when_it_stays_then_it_is_hung_up() -> None:
    async with staged(Limits(start=60, confirm=0.02)) as stage:
        await stage.bring_to(State.PLAYING)
        playback = stage.current
        stage.tell(Event.LIST_ENDED, 1)
        await stage.until(lambda: stage.player.sent[-1] == "stop greeting")
        stage.is_gone()
        assert (await end_of(stage, playback))[0] is EndReason.FINISHED


async def test_given_a_time_limit_when_reached_playing_or_paused_then_timed_out() -> None:
    for state in (State.PLAYING, State.PAUSED):
        async with staged() as stage:
            await stage.bring_to(state)
            playback = stage.current
            stage.tell(Event.TIME_LIMIT, 1)
            stage.is_gone()
            assert (await end_of(stage, playback))[0] is EndReason.TIMED_OUT


@pytest.mark.parametrize("state", WITH_LEG)
async def test_given_a_leg_when_it_is_lost_then_failed_with_a_detail(state: State) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        playback = stage.current
        stage.is_gone()
        assert await end_of(stage, playback) == (EndReason.FAILED, "the player leg was lost")


async def test_given_an_end_when_a_stop_crosses_it_then_the_first_reason_stays() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.tell(Event.LIST_ENDED, 1)
        stopping = stage.ask(Stop())
        await stage.quiet()
        stage.is_gone()
        assert (await stopping).reason is EndReason.FINISHED


async def test_given_a_stop_when_the_end_crosses_it_then_the_first_reason_stays() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stopping = stage.ask(Stop())
        await stage.quiet()
        stage.tell(Event.LIST_ENDED, 1)
        stage.is_gone()
        assert (await stopping).reason is EndReason.STOPPED


@pytest.mark.parametrize("command", [Pause(), Seek(Milliseconds(10))])
@pytest.mark.parametrize("announced", [True, False])
async def test_given_an_end_that_crosses_a_verb_when_it_waits_then_nothing_playing(
    command: Command, announced: bool
) -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        asking = stage.ask(command)
        await stage.quiet()
        if announced:
            stage.tell(Event.LIST_ENDED, 1)
        stage.is_gone()
        with pytest.raises(NothingPlaying):
            await asking


# ---- it never became audible ---------------------------------------------------------------------


async def test_given_a_join_that_fails_when_starting_then_failed_and_the_detail_says_why() -> None:
    async with staged() as stage:
        playback = await stage.perform(play())
        await stage.until(lambda: stage.player.sent)
        stage.streams()
        stage.tell(Event.JOIN_FAILED, detail="the room is locked")
        await stage.until(lambda: stage.player.sent[-1] == "stop greeting")
        stage.is_gone()
        with pytest.raises(NotStarted, match="the room is locked"):
            await playback.audible()
        assert playback.reason is EndReason.FAILED


@pytest.mark.parametrize("state", [State.PLAYING, State.PAUSED])
async def test_given_a_room_that_throws_the_leg_out_when_it_plays_then_failed(state: State) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        playback = stage.current
        stage.tell(Event.JOIN_FAILED, detail="kicked")
        await stage.until(lambda: stage.player.sent[-1] == "stop greeting")
        stage.is_gone()
        assert await end_of(stage, playback) == (EndReason.FAILED, "kicked")


async def test_given_a_clip_that_fails_when_starting_then_clip_not_found_and_forgotten() -> None:
    async with staged() as stage:
        playback = await stage.perform(play("a", "b"))
        await stage.until(lambda: stage.player.sent)
        stage.streams()
        stage.tell(Event.CLIP_FAILED, 1, detail="item 1")
        stage.is_gone()
        with pytest.raises(ClipNotFound) as refusal:
            await playback.audible()
        assert (refusal.value.index, refusal.value.media) == (0, "a")
        assert stage.media.forgotten == ["a", "b"]
        assert (playback.reason, playback.detail) == (EndReason.FAILED, "item 1")


async def test_given_the_second_clip_fails_when_playing_then_the_cause_names_it() -> None:
    async with staged() as stage:
        playback = await stage.perform(play("a", "b"))
        await stage.until(lambda: stage.player.sent)
        stage.is_heard()
        stage.tell(Event.ITEM_ENDED)
        stage.streams(1, item=2)
        stage.tell(Event.CLIP_FAILED, 1)
        stage.is_gone()
        assert isinstance(playback.cause, ClipNotFound)
        assert playback.cause.index == 1
        await playback.audible()  # the first one was heard


async def test_given_a_sound_that_is_missing_when_prepared_then_not_started_and_idle() -> None:
    async with staged() as stage:
        stage.media.fault = ClipNotFound(0, "greeting")
        playback = await stage.perform(play())
        with pytest.raises(ClipNotFound):
            await playback.audible()
        assert stage.player.sent == []


@pytest.mark.parametrize(
    "fault", [RuntimeError("a bug"), TimeoutError(), NotStarted("odd"), ValueError("unsafe")]
)
async def test_given_a_fault_when_prepared_then_failed_and_the_session_lives(
    fault: Exception,
) -> None:
    async with staged() as stage:
        stage.media.fault = fault
        playback = await stage.perform(play())
        with pytest.raises(NotStarted):
            await playback.audible()
        assert await end_of(stage, playback) == (EndReason.FAILED, str(playback.cause))
        stage.media.fault = None
        await stage.bring_to(State.PLAYING)


async def test_given_asterisk_is_away_when_started_then_failed_with_that_cause() -> None:
    async with staged() as stage:
        stage.player.faults["start"] = AsteriskUnavailable("no link")
        playback = await stage.perform(play())
        with pytest.raises(AsteriskUnavailable):
            await playback.audible()
        assert await end_of(stage, playback) == (EndReason.FAILED, "no link")


async def test_given_no_answer_when_started_then_the_leg_is_hung_up_and_awaited() -> None:
    async with staged() as stage:
        stage.player.faults["start"] = NotStarted("Asterisk did not answer")
        playback = await stage.perform(play())
        await stage.until(lambda: stage.player.sent == ["start greeting", "stop greeting"])
        assert stage.state is State.STOPPING
        stage.is_gone()
        with pytest.raises(NotStarted, match="did not answer"):
            await playback.audible()


async def test_given_a_leg_that_is_not_heard_when_the_time_is_up_then_not_started() -> None:
    async with staged(Limits(start=0.02, confirm=60)) as stage:
        playback = await stage.perform(play())
        await stage.until(lambda: stage.player.sent)
        stage.streams()
        await stage.until(lambda: stage.player.sent[-1] == "stop greeting")
        stage.is_gone()
        with pytest.raises(NotStarted, match="in time"):
            await playback.audible()


async def test_given_a_start_that_hangs_when_the_time_is_up_then_not_started() -> None:
    async with staged(Limits(start=0.02, confirm=60)) as stage:
        stage.player.hold("start")
        playback = await stage.perform(play())
        await stage.until(lambda: stage.player.sent[-1:] == ["stop greeting"])
        stage.is_gone()
        with pytest.raises(NotStarted, match="in time"):
            await playback.audible()


async def test_refused_after_stop() -> None:
    """A STOP while Asterisk still thinks about the leg, which it then refuses."""
    async with staged() as stage:
        answered = stage.player.hold("start")
        stage.player.faults["start"] = AsteriskUnavailable("refused")
        await stage.bring_to(State.STARTING)
        stopping = stage.ask(Stop())
        await stage.quiet()
        answered.set()
        assert (await stopping).reason is EndReason.STOPPED


# ---- nobody is left ------------------------------------------------------------------------------


# A leg that is stopped loses its target by that: others may still be there.
@pytest.mark.parametrize(
    ("state", "event"), [*product(WITH_LEG, DESERTIONS), (State.STOPPING, Event.PARTY_LEFT)]
)
async def test_given_a_leg_when_the_last_party_leaves_then_hung_up_and_the_queue_is_empty(
    state: State, event: Event
) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        waiting = await stage.perform(queued("next"))
        playback = stage.current
        stage.tell(event, detail="the last party left")
        assert waiting.reason is EndReason.HUNG_UP
        await stage.until(lambda: stage.player.sent[-1] == "stop greeting")
        stage.is_gone()
        reason = EndReason.STOPPED if state is State.STOPPING else EndReason.HUNG_UP
        assert (await end_of(stage, playback))[0] is reason
        await stage.quiet()
        assert "start next" not in stage.player.sent


@pytest.mark.parametrize("event", DESERTIONS)
async def test_given_preparing_when_the_last_party_leaves_then_nothing_is_sent(
    event: Event,
) -> None:
    async with staged() as stage:
        await stage.bring_to(State.PREPARING)
        await stage.perform(queued("next"))
        stage.tell(event)
        stage.media.prepared.set()
        await stage.quiet()
        assert (stage.state, stage.player.sent) == (State.IDLE, [])
        assert {reason for _, reason in stage.ledger.ends} == {EndReason.HUNG_UP}


@pytest.mark.parametrize("event", DESERTIONS)
async def test_given_idle_when_a_party_leaves_then_nothing(event: Event) -> None:
    async with staged() as stage:
        stage.tell(event)
        assert stage.state is State.IDLE


# ---- a bug in the player -------------------------------------------------------------------------


@pytest.mark.parametrize("command", [Pause(), Seek(Milliseconds(10))])
async def test_given_a_bug_in_a_verb_when_asked_then_it_reaches_the_asker_and_the_rest_lives(
    command: Command,
) -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.player.faults[command.verb] = RuntimeError("a bug")
        with pytest.raises(RuntimeError, match="a bug"):
            await stage.perform(command)
        await stage.confirmed(Pause(), stage.holds)
        await stage.confirmed(Resume(), stage.streams)


async def test_given_a_bug_in_stop_when_asked_then_it_reaches_the_asker_and_stop_works_again() -> (
    None
):
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.player.faults["stop"] = RuntimeError("a bug")
        with pytest.raises(RuntimeError, match="a bug"):
            await asyncio.wait_for(stage.perform(Stop()), 1)
        again = stage.ask(Stop())
        await stage.until(lambda: stage.player.sent.count("stop greeting") == 2)
        stage.is_gone()
        assert (await again).reason is EndReason.STOPPED


async def test_given_a_bug_in_start_when_asked_then_not_started_and_no_leg_is_left() -> None:
    async with staged() as stage:
        stage.player.faults["start"] = RuntimeError("a bug")
        playback = await stage.perform(play())
        # It may have reached Asterisk or not: to be sure, the leg is hung up.
        await stage.until(lambda: stage.player.sent == ["start greeting", "stop greeting"])
        stage.is_gone()
        with pytest.raises(NotStarted, match="a bug"):
            await playback.audible()
        assert (await end_of(stage, playback))[0] is EndReason.FAILED


@pytest.mark.parametrize("error", [NotConfirmed("it does not go"), AsteriskUnavailable("away")])
async def test_given_a_leg_that_does_not_go_when_stopped_then_the_asker_is_told_so(
    error: CallcueError,
) -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.player.faults["stop"] = error
        with pytest.raises(type(error)):
            await stage.perform(Stop())
        assert stage.state is State.STOPPING  # it may still be heard


async def test_late_failure_of_a_stop_that_has_long_been_done() -> None:
    """It is no answer for those who stop the playback after it."""
    async with staged() as stage:
        answered = stage.player.hold("stop")
        await stage.bring_to(State.PLAYING)
        first = stage.ask(Stop(keep_queue=True))
        await stage.perform(queued("next"))
        await stage.quiet()
        stage.is_gone()
        await first
        await stage.until(lambda: stage.player.sent[-1] == "start next")
        stage.is_heard()
        stage.player.faults["stop"] = NotConfirmed("it does not go")
        second = stage.ask(Stop())
        await stage.quiet()
        answered.set()  # the first stop fails, the second is fine
        await stage.quiet()
        stage.is_gone()
        assert (await second).request.media == ("next",)


async def test_given_the_end_when_looked_at_then_the_position_stands_still() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PAUSED)
        playback = stage.current
        stage.is_gone()
        assert playback.position(lambda: 1e9) == position(offset=700)
        assert stage.session.last is playback
        assert stage.session.place == ROOM
