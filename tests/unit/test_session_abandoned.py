"""A session whose Asterisk is taken out of the settings: ended in the record, and left alone."""

import pytest
from stateful.stage import play, queued, staged

from callcue.core.commands import Pause, Stop
from callcue.core.errors import AsteriskUnavailable
from callcue.core.states import Event, State
from callcue.core.types import EndReason

WITH_LEG = [State.STARTING, State.PLAYING, State.PAUSED, State.STOPPING, State.ADRIFT]


@pytest.mark.parametrize("state", WITH_LEG)
async def test_given_a_leg_when_abandoned_then_ended_in_the_record_and_not_hung_up(
    state: State,
) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        playback = stage.current
        sent = list(stage.player.sent)
        assert stage.session.abandon("gone")
        await stage.quiet()
        assert stage.state is State.IDLE
        assert playback.ended
        assert playback.reason in (EndReason.FAILED, EndReason.STOPPED)
        assert stage.player.sent == sent
        assert stage.session.dormant


@pytest.mark.parametrize(("state", "plays"), [(State.IDLE, False), (State.PREPARING, False)])
async def test_given_no_leg_when_abandoned_then_nothing_plays_on(state: State, plays: bool) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        assert stage.session.abandon("gone") is plays
        await stage.quiet()
        assert stage.session.dormant
        assert stage.player.sent == []


async def test_given_a_queue_and_waiting_commands_when_abandoned_then_all_are_told() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        waiting = await stage.perform(queued())
        pausing, stopping = stage.ask(Pause()), stage.ask(Stop())
        await stage.quiet()
        stage.session.abandon("gone")
        for command in (pausing, stopping):
            with pytest.raises(AsteriskUnavailable):
                await command
        assert (waiting.reason, waiting.detail) == (EndReason.FAILED, "gone")
        assert stage.session.dormant


async def test_given_a_stop_remembered_when_abandoned_then_that_is_the_reason() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        playback = stage.current
        stage.tell(Event.LINK_LOST)
        with pytest.raises(AsteriskUnavailable):
            await stage.perform(Stop())
        stage.session.abandon("gone")
        assert playback.reason is EndReason.STOPPED


async def test_given_an_abandoned_session_when_played_then_it_begins_anew() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.session.abandon("gone")
        await stage.perform(play())
        assert stage.state in (State.PREPARING, State.STARTING)
