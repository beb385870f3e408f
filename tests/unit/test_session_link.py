"""A session whose link to Asterisk is lost: what is said meanwhile, and what is found after."""

import asyncio

import pytest
from stateful.stage import Stage, override, play, position, queued, staged

from callcue.core.commands import Command, Pause, Restart, Resume, Seek, Stop, Volume
from callcue.core.errors import AsteriskUnavailable, NotStarted, StopRemembered
from callcue.core.limits import Limits
from callcue.core.states import Event, State
from callcue.core.types import EndReason, Milliseconds

WITH_LEG = [State.STARTING, State.PLAYING, State.PAUSED]
ALL_BUT_STOP: list[Command] = [
    play(),
    override(),
    Pause(),
    Resume(),
    Restart(),
    Seek(Milliseconds(1)),
    Volume(1),
]


async def adrift(stage: Stage, state: State = State.PLAYING) -> None:
    await stage.bring_to(state)
    stage.tell(Event.LINK_LOST)
    assert stage.state is State.ADRIFT


@pytest.mark.parametrize("state", [State.IDLE, State.PREPARING])
async def test_given_no_leg_when_the_link_is_lost_then_no_change(state: State) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        stage.tell(Event.LINK_LOST)
        assert stage.state is state


@pytest.mark.parametrize("command", ALL_BUT_STOP)
async def test_given_adrift_when_a_command_comes_then_refused_and_nothing_is_sent(
    command: Command,
) -> None:
    async with staged() as stage:
        await adrift(stage)
        with pytest.raises(AsteriskUnavailable):
            await stage.perform(command)
        assert stage.player.sent == ["start greeting"]


async def test_given_a_verb_that_waits_when_the_link_is_lost_then_told_at_once() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        pausing = stage.ask(Pause())
        await stage.quiet()
        stage.tell(Event.LINK_LOST)
        with pytest.raises(AsteriskUnavailable):
            await pausing


async def test_given_kept_commands_when_the_link_is_lost_then_told_and_never_done() -> None:
    async with staged() as stage:
        await stage.bring_to(State.STARTING)
        kept = stage.ask(Pause())
        await stage.quiet()
        stage.tell(Event.LINK_LOST)
        with pytest.raises(AsteriskUnavailable):
            await kept
        stage.tell(Event.FOUND_PLAYING, at=position(offset=300))
        await stage.quiet()
        assert (stage.state, stage.player.sent) == (State.PLAYING, ["start greeting"])


@pytest.mark.parametrize("state", WITH_LEG)
async def test_given_adrift_when_found_playing_then_it_goes_on_from_there(state: State) -> None:
    async with staged() as stage:
        await adrift(stage, state)
        playback = stage.current
        stage.tell(Event.FOUND_PLAYING, at=position(1, 4000), moving_since=10.0)
        assert stage.state is State.PLAYING
        assert playback.position(lambda: 11.5) == position(1, 5500)
        await playback.audible()
        await stage.confirmed(Pause(), stage.holds)


@pytest.mark.parametrize("state", WITH_LEG)
async def test_given_adrift_when_found_paused_then_it_stands_there(state: State) -> None:
    async with staged() as stage:
        await adrift(stage, state)
        stage.tell(Event.FOUND_PAUSED, at=position(2, 4000))
        assert stage.state is State.PAUSED
        assert stage.current.position(lambda: 1e9) == position(2, 4000)
        await stage.confirmed(Resume(), stage.streams)


@pytest.mark.parametrize("state", [*WITH_LEG, State.STOPPING])
async def test_given_adrift_when_it_is_found_gone_then_it_ends_and_the_next_starts(
    state: State,
) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        await stage.perform(queued("next"))
        stage.tell(Event.LINK_LOST)
        stage.is_gone("it ended while Asterisk was out of reach")
        await stage.until(lambda: stage.player.sent[-1] == "start next")
        reason = EndReason.STOPPED if state is State.STOPPING else EndReason.FAILED
        assert stage.ledger.ends == [("greeting", reason)]


async def test_given_starting_when_lost_and_found_gone_then_its_asker_learns_why() -> None:
    async with staged() as stage:
        await adrift(stage, State.STARTING)
        playback = stage.current
        stage.is_gone("it did not start before the link was lost")
        with pytest.raises(NotStarted, match="before the link was lost"):
            await playback.audible()


@pytest.mark.parametrize("found", [Event.FOUND_PLAYING, Event.FOUND_PAUSED])
async def test_given_a_stop_while_adrift_when_found_then_it_is_done(found: Event) -> None:
    async with staged() as stage:
        await adrift(stage)
        with pytest.raises(StopRemembered):
            await stage.perform(Stop())
        stage.tell(found, at=position())
        await stage.until(lambda: stage.player.sent[-1] == "stop greeting")
        stage.is_gone()
        assert stage.ledger.ends == [("greeting", EndReason.STOPPED)]


async def test_given_a_remembered_stop_when_it_is_gone_then_the_next_playback_is_not_stopped() -> (
    None
):
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        await stage.perform(queued("next"))
        stage.tell(Event.LINK_LOST)
        with pytest.raises(StopRemembered):
            await stage.perform(Stop(keep_queue=True))
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start next")
        stage.is_heard()
        stage.tell(Event.LINK_LOST)
        stage.tell(Event.FOUND_PLAYING, at=position())
        await stage.quiet()
        assert (stage.state, stage.player.sent[-1]) == (State.PLAYING, "start next")


async def test_given_a_stop_that_waits_when_the_link_is_lost_then_remembered_and_done_later() -> (
    None
):
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stopping = stage.ask(Stop())
        await stage.quiet()
        stage.tell(Event.LINK_LOST)
        with pytest.raises(StopRemembered):
            await stopping
        stage.tell(Event.FOUND_PLAYING, at=position())
        await stage.until(lambda: stage.player.sent.count("stop greeting") == 2)
        stage.is_gone()
        assert stage.ledger.ends == [("greeting", EndReason.STOPPED)]


async def test_given_an_override_under_way_when_lost_and_found_then_the_new_one_still_starts() -> (
    None
):
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        await stage.perform(override("new"))
        stage.tell(Event.LINK_LOST)
        stage.tell(Event.FOUND_PLAYING, at=position())
        assert stage.state is State.STOPPING
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start new")
        assert stage.ledger.ends == [("greeting", EndReason.REPLACED)]


@pytest.mark.parametrize("event", [Event.PARTY_LEFT, Event.TARGET_MOVED])
async def test_given_all_left_while_adrift_when_found_then_hung_up(event: Event) -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        await stage.perform(queued("next"))
        stage.tell(Event.LINK_LOST)
        stage.tell(event)
        stage.tell(Event.FOUND_PLAYING, at=position())
        await stage.until(lambda: stage.player.sent[-1] == "stop greeting")
        stage.is_gone()
        await stage.quiet()
        assert {reason for _, reason in stage.ledger.ends} == {EndReason.HUNG_UP}
        assert stage.state is State.IDLE


async def test_given_its_end_is_read_while_adrift_when_gone_then_the_true_reason() -> None:
    async with staged() as stage:
        await adrift(stage)
        stage.tell(Event.LIST_ENDED, 1)
        stage.is_gone()
        assert stage.ledger.ends == [("greeting", EndReason.FINISHED)]


@pytest.mark.parametrize(
    "late", [Event.JOINED, Event.STREAMING, Event.HELD, Event.ITEM_ENDED, Event.JOIN_FAILED]
)
async def test_given_adrift_when_a_late_report_comes_then_it_waits_for_what_is_found(
    late: Event,
) -> None:
    async with staged() as stage:
        await adrift(stage)
        stage.tell(late, 1, position(9, 9))
        assert stage.state is State.ADRIFT
        assert stage.current.position(lambda: 0.0) == position()


async def test_start_timeout_while_adrift() -> None:
    """Nobody can know whether it started: only what is found may say."""
    async with staged(Limits(start=0.02, confirm=60)) as stage:
        await adrift(stage, State.STARTING)
        await asyncio.sleep(0.04)  # the limit itself is what is awaited
        assert stage.state is State.ADRIFT
        stage.tell(Event.FOUND_PLAYING, at=position())
        await stage.current.audible()
        assert stage.player.sent == ["start greeting"]


async def test_given_the_start_was_never_sent_when_lost_in_between_then_it_ends_at_once() -> None:
    async with staged() as stage:
        answered = stage.player.hold("start")
        stage.player.faults["start"] = AsteriskUnavailable("never sent")
        await stage.bring_to(State.STARTING)
        stage.tell(Event.LINK_LOST)
        answered.set()
        await stage.until(lambda: stage.state is State.IDLE)
        assert stage.ledger.ends == [("greeting", EndReason.FAILED)]


async def test_link_lost_twice() -> None:
    async with staged() as stage:
        await adrift(stage)
        stage.tell(Event.LINK_LOST)
        stage.tell(Event.FOUND_PAUSED, at=position())
        stage.tell(Event.LINK_LOST)
        stage.tell(Event.FOUND_PLAYING, at=position())
        assert stage.state is State.PLAYING
