"""Commands of a session: their order, what is kept, what is refused, what replaces what."""

import asyncio

import pytest
from stateful.stage import Stage, override, play, position, staged

from callcue.core.commands import Command, Pause, Restart, Resume, Seek, Stop, Volume
from callcue.core.errors import (
    AlreadyPlaying,
    AsteriskUnavailable,
    CallcueError,
    ClipNotFound,
    NotConfirmed,
    NothingPlaying,
    NotStarted,
    OutOfRange,
    TooManyCommands,
)
from callcue.core.limits import Limits
from callcue.core.states import Event, State
from callcue.core.types import EndReason, Milliseconds

MS = Milliseconds


# ---- order -------------------------------------------------------------------------------------


async def test_given_two_plays_at_the_same_moment_when_applied_then_one_is_refused() -> None:
    async with staged() as stage:
        first, second = stage.ask(play("a")), stage.ask(play("b"))
        assert (await first).request.media == ("a",)
        with pytest.raises(AlreadyPlaying):
            await second
        await stage.quiet()
        assert stage.player.sent == ["start a"]


async def test_given_many_commands_at_once_when_applied_then_in_their_order_one_at_a_time() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        pause, seek, resume = (stage.ask(one) for one in (Pause(), Seek(MS(9000)), Resume()))
        await stage.quiet()
        assert stage.player.sent[1:] == ["pause-2"]
        stage.holds(2)
        await stage.quiet()
        assert pause.done()
        assert stage.player.sent[2:] == ["seek-3-1-9000"]
        stage.holds(3, offset=9000)
        await stage.quiet()
        assert seek.done()
        assert stage.player.sent[3:] == ["resume-4"]
        stage.streams(4, offset=9000)
        await resume


async def test_given_a_play_whose_sound_is_looked_up_when_stop_comes_then_it_waits_its_turn() -> (
    None
):
    async with staged() as stage:
        stage.media.checked.clear()
        playing, stopping = stage.ask(play("a")), stage.ask(Stop())
        await stage.quiet()
        assert not stopping.done()
        stage.media.checked.set()
        await asyncio.wait([playing, stopping])
        assert playing.result() is stopping.result()
        assert stage.ledger.ends == [("a", EndReason.STOPPED)]


async def test_given_too_many_commands_when_one_more_comes_then_refused_and_the_rest_lives() -> (
    None
):
    async with staged(Limits(commands=3, start=60, confirm=60)) as stage:
        await stage.bring_to(State.PLAYING)
        at_work = stage.ask(Pause())
        await stage.quiet()
        waiting = [stage.ask(Pause()) for _ in range(3)]
        await stage.quiet()
        with pytest.raises(TooManyCommands):
            await stage.perform(Stop())
        stage.holds(2)
        await asyncio.gather(at_work, *waiting)
        assert stage.player.sent == ["start greeting", "pause-2"]


@pytest.mark.parametrize("state", [State.PREPARING, State.STARTING])
async def test_given_too_many_kept_commands_when_one_more_comes_then_refused(state: State) -> None:
    async with staged(Limits(commands=3, start=60, confirm=60)) as stage:
        await stage.bring_to(state)
        kept = [stage.ask(Volume(n)) for n in range(3)]
        await stage.quiet()
        with pytest.raises(TooManyCommands):
            await stage.perform(Volume(9))
        stage.media.prepared.set()
        await stage.until(lambda: stage.state is State.STARTING)
        stage.is_heard()
        await asyncio.gather(*kept)
        assert stage.current.volume == 2


async def test_given_too_many_stops_that_wait_when_one_more_comes_then_refused() -> None:
    async with staged(Limits(commands=3, start=60, confirm=60)) as stage:
        await stage.bring_to(State.STOPPING)  # by a STOP
        stops = [stage.ask(Stop()) for _ in range(2)]
        await stage.quiet()
        with pytest.raises(TooManyCommands):
            await stage.perform(Stop())
        stage.is_gone()
        await asyncio.gather(*stops)


async def test_given_a_cancelled_caller_when_its_command_waits_then_it_is_done_all_the_same() -> (
    None
):
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        first, second = stage.ask(Pause()), stage.ask(Seek(MS(100)))
        await stage.quiet()
        first.cancel()
        second.cancel()
        await stage.quiet()
        stage.holds(2)
        await stage.quiet()
        assert stage.player.sent[1:] == ["pause-2", "seek-3-1-100"]
        stage.holds(3, offset=100)
        assert stage.current.position().offset == 100


async def test_cancel_after_start() -> None:
    """The caller of a PLAY goes away; the clip it asked for plays."""
    async with staged() as stage:
        asking = stage.ask(play())
        await asyncio.sleep(0)
        asking.cancel()
        await stage.until(lambda: stage.player.sent)
        stage.is_heard()
        assert stage.state is State.PLAYING


# ---- before it is heard ------------------------------------------------------------------------


async def test_given_preparing_when_stopped_then_nothing_is_ever_sent() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PREPARING)
        playback = stage.current
        assert await stage.perform(Stop()) is playback
        assert stage.state is State.IDLE
        stage.media.prepared.set()
        await stage.quiet()
        assert stage.player.sent == []
        with pytest.raises(NotStarted, match="stopped"):
            await playback.audible()


async def test_stop_the_moment_it_is_prepared() -> None:
    """The clips are ready and the launch is about to go on: still nothing may be sent."""
    async with staged() as stage:
        await stage.bring_to(State.PREPARING)
        _ = stage.ask(Stop())
        await asyncio.sleep(0)  # the STOP stands in the row; the launch is woken behind it
        stage.media.prepared.set()
        await stage.quiet()
        assert (stage.player.sent, stage.state) == ([], State.IDLE)


async def test_given_starting_when_stopped_then_the_leg_is_hung_up_and_stop_waits_for_it() -> None:
    async with staged() as stage:
        await stage.bring_to(State.STARTING)
        stopping = stage.ask(Stop())
        await stage.quiet()
        assert stage.player.sent == ["start greeting", "stop greeting"]
        assert not stopping.done()
        stage.is_heard()  # reported late: of no meaning now
        assert stage.state is State.STOPPING
        stage.is_gone()
        assert (await stopping).reason is EndReason.STOPPED
        assert stage.session.last is not None
        assert stage.session.last.started_at is None


async def test_given_kept_commands_when_it_plays_then_done_in_order_and_only_then() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PREPARING)
        asked = [stage.ask(Volume(6)), stage.ask(Seek(MS(5000), item=1)), stage.ask(Pause())]
        await stage.quiet()
        stage.media.prepared.set()
        await stage.until(lambda: stage.state is State.STARTING)
        stage.tell(Event.JOINED)
        await stage.quiet()
        assert stage.player.sent == ["start greeting"]
        stage.streams()
        await stage.quiet()
        assert stage.player.sent[1:] == ["volume 6", "seek-2-1-5000"]
        stage.streams(2, offset=5000)
        await stage.quiet()
        assert stage.player.sent[3:] == ["pause-3"]
        stage.holds(3, offset=5000)
        await asyncio.gather(*asked)
        assert stage.current.volume == 6


async def test_given_kept_and_newer_commands_when_it_plays_then_the_kept_come_first() -> None:
    async with staged() as stage:
        await stage.bring_to(State.STARTING)
        kept = stage.ask(Pause())
        await stage.quiet()
        stage.media.checked.clear()
        newer = stage.ask(play("x")), stage.ask(Volume(3))
        await stage.quiet()
        stage.is_heard()
        stage.media.checked.set()
        await stage.quiet()
        assert stage.player.sent[1:] == ["pause-2"]
        stage.holds(2)
        await asyncio.gather(kept, newer[1])
        assert isinstance(newer[0].exception(), AlreadyPlaying)


@pytest.mark.parametrize(("command", "sent"), [(Resume(), "resume-3"), (Restart(), "restart-3")])
async def test_given_a_kept_pause_when_resume_or_restart_follows_then_it_is_done_behind_it(
    command: Command, sent: str
) -> None:
    async with staged() as stage:
        await stage.bring_to(State.STARTING)
        pause, following = stage.ask(Pause()), stage.ask(command)
        await stage.quiet()
        assert not following.done()
        stage.is_heard()
        await stage.quiet()
        stage.holds(2)
        await stage.quiet()
        assert stage.player.sent[1:] == ["pause-2", sent]
        stage.streams(3)
        await asyncio.gather(pause, following)
        assert stage.state is State.PLAYING


@pytest.mark.parametrize("command", [Resume(), Restart()])
async def test_given_starting_and_nothing_kept_when_resumed_then_no_change_at_once(
    command: Command,
) -> None:
    async with staged() as stage:
        await stage.bring_to(State.STARTING)
        assert await stage.perform(command) is stage.current
        assert stage.player.sent == ["start greeting"]


async def test_given_kept_commands_when_stopped_then_nothing_playing_and_never_sent() -> None:
    async with staged() as stage:
        await stage.bring_to(State.STARTING)
        kept, stopping = stage.ask(Pause()), stage.ask(Stop())
        await stage.quiet()
        stage.is_gone()
        await stopping
        with pytest.raises(NothingPlaying):
            await kept
        assert stage.player.sent == ["start greeting", "stop greeting"]


# ---- while it plays ----------------------------------------------------------------------------


async def test_given_playing_when_resumed_then_nothing_is_sent() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        assert await stage.perform(Resume()) is stage.current
        assert stage.player.sent == ["start greeting"]


async def test_given_paused_when_paused_again_then_nothing_is_sent() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PAUSED)
        await stage.perform(Pause())
        assert stage.player.sent == ["start greeting", "pause-2"]


async def test_given_paused_when_sought_then_it_stays_paused_there() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PAUSED)
        await stage.confirmed(Seek(MS(4000)), lambda number: stage.holds(number, offset=4000))
        assert (stage.state, stage.current.position()) == (State.PAUSED, position(offset=4000))


async def test_given_paused_when_restarted_then_it_plays_from_the_start() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PAUSED)
        await stage.confirmed(Restart(), stage.streams)
        assert stage.state is State.PLAYING


async def test_given_a_late_report_of_the_command_before_when_waiting_then_not_confirmed() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        pausing = stage.ask(Pause())
        await stage.quiet()
        stage.streams(1, item=1, offset=0)
        await stage.quiet()
        assert not pausing.done()
        stage.holds(2)
        await pausing


async def test_given_two_items_when_sought_without_one_then_within_the_current() -> None:
    async with staged() as stage:
        await stage.perform(play("a", "b"))
        await stage.until(lambda: stage.player.sent)
        stage.is_heard()
        stage.tell(Event.ITEM_ENDED)
        stage.streams(1, item=2)
        await stage.confirmed(Seek(MS(10)), lambda number: stage.streams(number, 2, 10))
        assert stage.player.sent[1:] == ["seek-2-2-10"]


@pytest.mark.parametrize(("item", "to"), [(3, 0), (-1, 0), (1, -5)])
async def test_given_two_items_when_sought_outside_then_out_of_range_and_not_sent(
    item: int, to: int
) -> None:
    async with staged() as stage:
        await stage.perform(play("a", "b"))
        await stage.until(lambda: stage.player.sent)
        stage.is_heard()
        with pytest.raises(OutOfRange):
            await stage.perform(Seek(MS(to), item=item))
        assert stage.player.sent == ["start a"]


async def test_given_no_report_when_a_verb_waits_then_not_confirmed_but_a_late_one_counts() -> None:
    async with staged(Limits(start=60, confirm=0.02)) as stage:
        await stage.bring_to(State.PLAYING)
        with pytest.raises(NotConfirmed):
            await stage.perform(Pause())
        stage.holds(2)
        assert stage.state is State.PAUSED


@pytest.mark.parametrize(
    "refusal", [NothingPlaying(), NotConfirmed("late"), AsteriskUnavailable("away")]
)
async def test_given_a_player_that_refuses_when_asked_then_its_error_and_the_next_is_done(
    refusal: CallcueError,
) -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.player.faults["pause"] = refusal
        with pytest.raises(type(refusal)):
            await stage.perform(Pause())
        await stage.perform(Volume(2))
        assert stage.current.volume == 2


# ---- override ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.STARTING, State.PLAYING, State.PAUSED])
async def test_given_a_leg_when_overridden_then_the_new_one_starts_only_when_it_is_gone(
    state: State,
) -> None:
    async with staged() as stage:
        await stage.bring_to(state)
        old = stage.current
        new = await stage.perform(override("new"))
        await stage.quiet()
        assert stage.player.sent[-1] == "stop greeting"
        assert (stage.state, stage.current, new.replaced) == (State.STOPPING, old, old.id)
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start new")
        assert stage.ledger.ends == [("greeting", EndReason.REPLACED)]
        stage.is_heard()
        await new.audible()


async def test_given_preparing_when_overridden_then_the_old_one_is_never_sent() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PREPARING)
        await stage.perform(override("new"))
        stage.media.prepared.set()
        await stage.quiet()
        assert stage.player.sent == ["start new"]
        assert stage.ledger.ends == [("greeting", EndReason.REPLACED)]


async def test_given_stopping_when_overridden_then_it_begins_after_the_stop() -> None:
    async with staged() as stage:
        await stage.bring_to(State.STOPPING)
        await stage.perform(override("new"))
        await stage.quiet()
        assert "start new" not in stage.player.sent
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start new")
        assert stage.ledger.ends == [("greeting", EndReason.STOPPED)]


async def test_given_two_overrides_at_once_when_applied_then_the_last_one_plays() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        first, second = stage.ask(override("b")), stage.ask(override("c"))
        await asyncio.gather(first, second)
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start c")
        assert "start b" not in stage.player.sent
        with pytest.raises(NotStarted):
            await first.result().audible()
        assert dict(stage.ledger.ends)["b"] is EndReason.REPLACED


async def test_given_an_override_that_waits_when_stopped_then_it_never_starts() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        await stage.perform(override("new"))
        stopping = stage.ask(Stop())
        await stage.quiet()
        stage.is_gone()
        assert (await stopping).request.media == ("greeting",)
        await stage.quiet()
        assert "start new" not in stage.player.sent
        assert stage.ledger.ends == [("new", EndReason.STOPPED), ("greeting", EndReason.REPLACED)]


async def test_given_an_override_without_such_a_sound_when_refused_then_the_old_plays_on() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.media.missing = {"nope"}
        with pytest.raises(ClipNotFound) as refusal:
            await stage.perform(override("greeting", "nope"))
        assert (refusal.value.index, refusal.value.media) == (1, "nope")
        assert (stage.state, stage.player.sent) == (State.PLAYING, ["start greeting"])


def numbers(stage: Stage) -> list[str]:
    return [text.split("-")[1] for text in stage.player.sent if "-" in text]


async def test_given_a_new_playback_when_controlled_then_its_numbers_begin_anew() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PAUSED)
        await stage.perform(override("new"))
        stage.is_gone()
        await stage.until(lambda: stage.player.sent[-1] == "start new")
        stage.is_heard()
        await stage.confirmed(Pause(), stage.holds)
        assert numbers(stage) == ["2", "2"]
