"""The player when Asterisk is slow, odd, or out of reach."""

import asyncio

import pytest
from fake_ami import belief
from fake_ami.pbx import Fate
from fake_ami.player_leg import asterisk_ms
from stateful.fake_world import ROOM, FakeWorld, fake_world
from stateful.script import SOUNDS
from stateful.stage import override, play, queued

from callcue.asterisk import player
from callcue.core.commands import Pause, Restart, Resume, Seek, Stop
from callcue.core.errors import AsteriskUnavailable, NotConfirmed, NotStarted, StopRemembered
from callcue.core.limits import Limits
from callcue.core.states import State
from callcue.core.types import EndReason, Milliseconds

QUICK = Limits(start=0.1, confirm=0.1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "HANGUP_PATIENCE", 0.04)


async def at_rest(world: FakeWorld) -> None:
    """Everything ended, nothing left in Asterisk or in the player's book."""
    await world.until(lambda: world.state() is State.IDLE)
    world.ledger.assert_one_end_each()
    assert world.pbx.legs == {}
    assert len(world.server.player._legs) == 0


# ---- starts that fail ----------------------------------------------------------------------------


async def test_given_an_originate_that_is_refused_when_played_then_unavailable() -> None:
    async with fake_world() as world:
        world.pbx.fates = [Fate.REFUSED]
        with pytest.raises(AsteriskUnavailable, match="Extension does not exist"):
            await world.perform(ROOM, play())
        await at_rest(world)


async def test_given_an_originate_that_fails_later_when_played_then_not_started() -> None:
    async with fake_world() as world:
        world.pbx.fates = [Fate.FAILED]
        with pytest.raises(NotStarted, match="could not start the player leg"):
            await world.perform(ROOM, play())
        await at_rest(world)


@pytest.mark.parametrize("fate", [Fate.SWALLOWED, Fate.LOST, Fate.STUCK])
async def test_given_a_leg_that_never_plays_when_the_time_is_up_then_ended_and_nothing_is_left(
    fate: Fate,
) -> None:
    async with fake_world(limits=QUICK) as world:
        world.pbx.fates = [fate]
        with pytest.raises(NotStarted):
            await world.perform(ROOM, play())
        await at_rest(world)
        await world.perform(ROOM, play("offer"))


async def test_given_a_leg_that_never_came_when_stopped_then_stop_is_answered() -> None:
    async with fake_world() as world:
        world.pbx.fates = [Fate.SWALLOWED]
        await world.controller.perform(ROOM, play())
        await world.until(lambda: world.state() is State.STARTING)
        assert (await world.perform(ROOM, Stop())).reason is EndReason.STOPPED
        await at_rest(world)


async def test_given_no_reply_and_a_leg_that_is_heard_when_the_time_is_up_then_it_plays_on() -> (
    None
):
    async with fake_world(limits=QUICK) as world:
        world.pbx.fates = [Fate.UNANSWERED]
        playback = await world.perform(ROOM, play())
        session = world.session(ROOM)
        assert session is not None
        launch = session._launch
        assert launch is not None
        await launch  # the time is up
        assert (world.state(), playback.cause) == (State.PLAYING, None)
        assert len(await world.heard(ROOM)) == 1


async def test_given_a_stop_before_the_leg_is_there_when_it_comes_then_hung_up_unheard() -> None:
    async with fake_world() as world:
        world.pbx.fates = [Fate.STUCK]
        world.pbx.withheld = {"Newchannel"}
        await world.controller.perform(ROOM, play())
        await world.until(lambda: world.pbx.legs)
        world.pbx.withheld = set()
        stopping = asyncio.create_task(world.controller.perform(ROOM, Stop()))
        leg = world.pbx.leg("8600051")
        await world.pbx.ami.emit("Newchannel", {"Uniqueid": leg.uniqueid})
        await stopping
        await at_rest(world)


# ---- ends that are not told ----------------------------------------------------------------------


async def test_given_an_end_that_is_never_told_when_stopped_then_it_is_looked_up() -> None:
    async with fake_world() as world:
        await world.perform(ROOM, play())
        world.pbx.withheld = {"Hangup"}
        assert (await world.perform(ROOM, Stop())).reason is EndReason.STOPPED
        await at_rest(world)


async def test_given_a_hangup_that_is_never_told_when_the_list_ends_then_it_is_looked_up() -> None:
    async with fake_world(limits=QUICK) as world:
        playback = await world.perform(ROOM, play())
        world.pbx.withheld = {"Hangup"}
        world.pbx.finish_item("8600051")
        await playback.gone()
        assert playback.reason is EndReason.FINISHED
        await at_rest(world)


async def test_given_a_leg_that_dies_when_it_plays_then_failed_and_the_next_is_heard() -> None:
    async with fake_world() as world:
        first = await world.perform(ROOM, play())
        second = await world.perform(ROOM, queued("offer"))
        world.pbx.kill_leg("8600051")
        await second.audible()
        assert (first.reason, first.detail) == (EndReason.FAILED, "the player leg was lost")


async def test_given_a_hangup_that_is_refused_when_stopped_then_told_and_it_is_still_heard() -> (
    None
):
    async with fake_world() as world:
        await world.perform(ROOM, play())
        world.pbx.ami.on("Hangup", lambda _: {"Response": "Error", "Message": "Permission denied"})
        with pytest.raises(NotConfirmed):
            await world.perform(ROOM, Stop())
        assert (world.state(), len(await world.heard(ROOM))) == (State.STOPPING, 1)


# ---- slow ----------------------------------------------------------------------------------------


async def test_given_a_slow_reply_when_paused_then_not_confirmed_and_then_the_truth() -> None:
    async with fake_world(limits=QUICK) as world:
        await world.perform(ROOM, play())
        answered = world.pbx.hold("Redirect")
        with pytest.raises(NotConfirmed):
            await world.perform(ROOM, Pause())
        answered.set()
        await world.until(lambda: world.state() is State.PAUSED)
        assert await world.heard(ROOM) == []
        await world.perform(ROOM, Resume())
        await world.until(lambda: world.pbx.heard("8600051"))


async def test_given_a_slow_reply_when_played_then_it_waits_and_is_heard() -> None:
    async with fake_world() as world:
        answered = world.pbx.hold("Originate")
        playing = asyncio.create_task(world.perform(ROOM, play()))
        await world.until(lambda: world.pbx.ami.received("Originate"))
        answered.set()
        await playing
        assert len(await world.heard(ROOM)) == 1


# ---- the connection is cut -----------------------------------------------------------------------


async def cut(world: FakeWorld) -> None:
    """Cut the link, and wait until callcue knows."""
    world.pbx.drop_link()
    await world.until(lambda: not world.server.readiness().ready)


async def test_given_playing_when_the_link_is_cut_then_the_clip_plays_on_and_is_found() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await world.perform(ROOM, Seek(Milliseconds(12_000)))
        await cut(world)
        assert world.state() is State.ADRIFT
        with pytest.raises(AsteriskUnavailable):
            await world.perform(ROOM, Pause())
        await world.until_ready()
        assert world.state() is State.PLAYING
        await world.until(lambda: world.pbx.heard("8600051"))  # nobody opened it: it goes on alone
        ((_, offset),) = await world.heard(ROOM)
        assert abs(playback.position().offset - offset) < 60
        await world.perform(ROOM, Pause())


async def test_given_a_clip_that_has_run_for_long_when_back_then_its_true_position() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        world.pbx.leg("8600051").clock -= 30_000  # as if it had begun half a minute ago
        await cut(world)
        await world.until_ready()
        ((_, offset),) = await world.heard(ROOM)
        assert offset >= 30_000
        assert abs(playback.position().offset - offset) < 60


async def test_given_a_report_that_comes_late_then_the_position_is_still_what_is_heard() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play(SOUNDS[0], SOUNDS[1]))
        world.pbx.ami.freeze()
        world.pbx.finish_item("8600051")
        await asyncio.sleep(0.3)  # the fault itself
        world.pbx.ami.thaw()
        await world.until(lambda: playback.position().item == 2)
        ((_, offset),) = await world.heard(ROOM)
        assert offset >= 300
        assert abs(playback.position().offset - offset) < 60


async def test_given_a_clock_that_was_set_back_then_a_report_is_taken_as_of_now() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        world.server._link.clock.answered(1_800_000_000.0, sent=0.0, received=0.001)
        await world.perform(ROOM, Restart())
        ((_, offset),) = await world.heard(ROOM)
        assert abs(playback.position().offset - offset) < 60


async def test_given_a_clock_set_while_the_link_was_cut_then_its_position_is_still_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        monkeypatch.setattr(belief, "asterisk_ms", lambda: asterisk_ms() + 60_000)
        await cut(world)
        await world.until_ready()
        ((_, offset),) = await world.heard(ROOM)
        assert abs(playback.position().offset - offset) < 60


async def test_given_paused_when_the_link_is_cut_then_found_paused_there() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await world.perform(ROOM, Pause())
        before = playback.position()
        await cut(world)
        await world.until_ready()
        assert (world.state(), playback.position()) == (State.PAUSED, before)
        await world.perform(ROOM, Resume())


async def test_given_it_ended_while_cut_off_when_back_then_ended_and_the_next_is_heard() -> None:
    async with fake_world() as world:
        first = await world.perform(ROOM, play())
        second = await world.perform(ROOM, queued("offer"))
        await cut(world)
        world.pbx.finish_item("8600051")
        await second.audible()
        assert (first.reason, first.detail) == (
            EndReason.FAILED,
            "it ended while callcue did not see it",
        )
        assert world.pbx.most_heard == 1


async def test_given_a_stop_while_cut_off_when_back_then_it_is_done() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await cut(world)
        with pytest.raises(StopRemembered):
            await world.perform(ROOM, Stop())
        await playback.gone()
        assert playback.reason is EndReason.STOPPED
        await at_rest(world)


async def test_given_all_left_while_cut_off_when_back_then_hung_up() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await cut(world)
        await world.leave(ROOM)
        await playback.gone()
        assert playback.reason is EndReason.HUNG_UP
        await at_rest(world)


async def test_given_a_leg_that_has_not_begun_when_cut_off_then_it_is_hung_up_when_back() -> None:
    """Told "it did not start", nobody would look after it any more: so it must not start."""
    async with fake_world() as world:
        world.pbx.fates = [Fate.STUCK]
        playback = await world.controller.perform(ROOM, play())
        await world.until(lambda: world.pbx.legs)
        await cut(world)
        with pytest.raises(NotStarted):
            await playback.audible()
        await at_rest(world)


async def test_given_an_originate_in_flight_when_cut_off_then_it_is_not_sent_again() -> None:
    async with fake_world() as world:
        await world.server.sounds.check(["greeting"])
        world.pbx.fates = [Fate.UNANSWERED]
        world.pbx.withheld = {"UserEvent"}
        playback = await world.controller.perform(ROOM, play())
        await world.until(lambda: world.pbx.legs)
        world.pbx.withheld = set()
        await cut(world)
        await playback.audible()
        assert world.state() is State.PLAYING
        sent = [a for a in world.pbx.ami.received("Originate") if a["Context"] == "callcue-player"]
        assert len(sent) == 1


async def test_given_an_override_under_way_when_cut_off_then_never_two_are_heard() -> None:
    async with fake_world() as world:
        first = await world.perform(ROOM, play())
        new = await world.controller.perform(ROOM, override("offer"))
        world.pbx.drop_link()
        await world.until(lambda: first.ended)
        await new.gone() if new.reason else await new.audible()
        assert world.pbx.most_heard == 1
        assert first.reason is EndReason.REPLACED


async def test_given_no_link_when_played_then_unavailable_at_once() -> None:
    async with fake_world() as world:
        await world.perform(ROOM, play())
        await world.perform(ROOM, Stop())  # the session is there, and idle
        await world.pbx.ami.stop()
        await world.until(lambda: not world.server.readiness().ready)
        accepted = len(world.ledger.accepted_ones)
        with pytest.raises(AsteriskUnavailable):
            await world.perform(ROOM, play())
        assert len(world.ledger.accepted_ones) == accepted


async def test_given_a_restart_of_asterisk_when_back_then_its_version_and_rooms_are_known() -> None:
    async with fake_world() as world:
        await world.pbx.ami.stop()
        await world.until(lambda: not world.server.readiness().ready)
        assert not world.server.directory.available(ROOM.server)
        await world.pbx.ami.start()
        await world.until_ready()
        assert world.server.version == "22.10.1"
        assert len(world.server.directory.parties(ROOM)) == 1
