"""The player on a fake Asterisk: each verb, and what the room hears then."""

import pytest
from fake_ami.speech import ReceivedAction
from stateful.fake_world import ROOM, FakeWorld, fake_world
from stateful.stage import play, queued

from callcue.core.commands import Pause, Play, Restart, Resume, Seek, Stop, Volume
from callcue.core.errors import ClipNotFound, NothingPlaying, NotStarted
from callcue.core.limits import Limits
from callcue.core.playback import Playback, PlayRequest
from callcue.core.states import State
from callcue.core.types import EndReason, Milliseconds, Position

MS = Milliseconds


async def heard(world: FakeWorld) -> list[str]:
    return [one.sound for one in await world.heard(ROOM)]


async def heard_from(world: FakeWorld, sound: str, offset: int) -> None:
    """Wait until the room hears *sound*, from near *offset* on."""

    def so() -> bool:
        return any(
            name == sound and offset <= at < offset + 500 for name, at in world.pbx.heard("8600051")
        )

    await world.until(so)


def only(actions: list[ReceivedAction]) -> ReceivedAction:
    (action,) = actions
    return action


async def test_given_a_play_when_answered_then_the_room_hears_it() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play("offer"))
        assert await heard(world) == ["offer"]
        assert (world.state(), playback.position().item) == (State.PLAYING, 1)


async def test_given_a_play_when_sent_then_one_originate_carries_all_the_leg_needs() -> None:
    async with fake_world(bound_seconds=100, hold_seconds=50) as world:
        request = PlayRequest(("offer", "goodbye"), rounds=3, gap=MS(250), limit=MS(9000))
        playback = await world.perform(ROOM, Play(request))
        originates = world.pbx.ami.received("Originate")
        sent = only([one for one in originates if one["Context"] == "callcue-player"])
        assert sent.variables == {
            "CALLCUE_PLAYBACK": str(playback.id),
            "CALLCUE_JOIN": "room",
            "CALLCUE_ROOM": "8600051",
            "CALLCUE_COUNT": "2",
            "CALLCUE_FIRST": "1",
            "CALLCUE_ROUNDS": "3",
            "CALLCUE_GAP": "250",
            "CALLCUE_LEFT": "9000",
            "CALLCUE_HOLD": "50",
            "CALLCUE_CLIP_1": "offer",
            "CALLCUE_CLIP_2": "goodbye",
        }
        assert (sent["ChannelId"], sent["Async"]) == (f"callcue-p-{playback.id}", "true")


async def test_given_playing_when_paused_and_resumed_then_on_from_the_very_position() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await world.perform(ROOM, Seek(MS(20_000)))
        await world.perform(ROOM, Pause())
        assert await heard(world) == []
        stood = playback.position()
        assert stood == Position(1, 1, MS(world.pbx.leg("8600051").offset))
        assert 20_000 <= stood.offset < 21_000
        await world.perform(ROOM, Resume())
        await heard_from(world, "greeting", stood.offset)


async def test_given_playing_when_restarted_then_from_the_first_item() -> None:
    async with fake_world() as world:
        await world.perform(ROOM, play("greeting", "offer"))
        await world.perform(ROOM, Seek(MS(500), item=2))
        await world.perform(ROOM, Restart())
        await heard_from(world, "greeting", 0)


async def test_given_paused_when_sought_and_resumed_then_heard_only_then_and_from_there() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play("greeting", "offer"))
        await world.perform(ROOM, Pause())
        await world.perform(ROOM, Seek(MS(7000), item=2))
        assert (world.state(), await heard(world)) == (State.PAUSED, [])
        assert playback.position() == Position(2, 1, MS(7000))
        await world.perform(ROOM, Resume())
        await heard_from(world, "offer", 7000)


@pytest.mark.parametrize(("asked", "set_", "factor"), [(6, 6, "2"), (-12, -12, "-4"), (0, 0, "0")])
async def test_given_playing_when_the_volume_is_set_then_the_nearest_gain_and_its_decibels(
    asked: float, set_: int, factor: str
) -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await world.perform(ROOM, Volume(asked))
        assert (world.pbx.leg("8600051").gain, playback.volume) == (factor, set_)


async def test_given_playing_when_stopped_then_silent_once_it_is_answered() -> None:
    async with fake_world() as world:
        await world.perform(ROOM, play())
        playback = await world.perform(ROOM, Stop())
        assert (playback.reason, await heard(world), world.pbx.legs) == (EndReason.STOPPED, [], {})


async def test_given_a_list_with_gap_and_rounds_when_it_plays_then_its_place_is_told() -> None:
    async with fake_world() as world:
        request = PlayRequest(("greeting", "offer"), rounds=2, gap=MS(30_000))
        playback = await world.perform(ROOM, Play(request))
        for item, round_ in [(2, 1), (1, 2), (2, 2)]:
            world.pbx.finish_item("8600051")  # the clip: the gap begins
            await world.until(lambda: playback.position().offset < 0)
            assert (playback.position().item, playback.position().round) == (item, round_)
            assert await heard(world) == []
            world.pbx.finish_item("8600051")  # the gap
            await world.until(lambda: playback.position().offset >= 0)
            assert await heard(world) == [request.media[item - 1]]
        world.pbx.finish_item("8600051")
        await playback.gone()
        assert playback.reason is EndReason.FINISHED


async def test_given_endless_rounds_when_the_list_is_over_then_it_begins_again() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, Play(PlayRequest(("greeting",), rounds=None)))
        for round_ in range(2, 6):
            world.pbx.finish_item("8600051")
            await world.until(lambda: playback.position().round == round_)  # noqa: B023


async def test_given_a_queue_when_the_clip_ends_by_its_length_then_the_next_is_heard() -> None:
    async with fake_world(clips={"blip": 30, "offer": 60_000}) as world:
        first = await world.perform(ROOM, play("blip"))
        second = await world.perform(ROOM, queued("offer"))
        await second.audible()
        assert first.reason is EndReason.FINISHED
        assert await heard(world) == ["offer"]


async def test_given_a_limit_when_reached_then_timed_out() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play(limit=MS(30)))
        await playback.gone()
        assert (playback.reason, await heard(world)) == (EndReason.TIMED_OUT, [])


async def test_given_the_servers_own_bound_when_a_longer_limit_is_asked_then_the_bound_holds() -> (
    None
):
    async with fake_world(bound_seconds=0.03) as world:
        playback = await world.perform(ROOM, play(limit=MS(60_000)))
        await playback.gone()
        assert playback.reason is EndReason.TIMED_OUT


async def test_given_paused_too_long_when_the_hold_is_over_then_timed_out() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await world.perform(ROOM, Pause())
        world.pbx.leg("8600051").set_function("TIMEOUT(absolute)", "0.01")
        await playback.gone()
        assert playback.reason is EndReason.TIMED_OUT


async def test_given_a_leg_inside_a_clip_when_nobody_opens_it_then_it_goes_on_alone() -> None:
    async with fake_world() as world:
        await world.perform(ROOM, play())
        world.pbx.ami.ignore("Setvar")
        await world.perform(ROOM, Seek(MS(9000)))
        assert await heard(world) == []
        await heard_from(world, "greeting", 9000)


async def test_given_a_clip_that_vanished_when_it_is_its_turn_then_not_found_and_asked_anew() -> (
    None
):
    async with fake_world() as world:
        await world.perform(ROOM, play("offer"))
        await world.perform(ROOM, Stop())
        del world.pbx.clips["offer"]
        world.pbx.admits.clear()  # Asterisk tries the clip before the leg is in the room
        with pytest.raises(ClipNotFound):
            await world.perform(ROOM, play("offer"))
        probes = world.pbx.probes
        with pytest.raises(ClipNotFound):  # refused at once now, and no leg is sent
            await world.perform(ROOM, play("offer"))
        assert world.pbx.probes == probes + 1
        assert len(world.ledger.ended_ones) == 2


async def test_given_a_second_clip_that_vanished_when_it_is_its_turn_then_failed() -> None:
    async with fake_world() as world:
        playback = await world.perform(ROOM, play("greeting", "offer"))
        del world.pbx.clips["offer"]
        world.pbx.finish_item("8600051")
        await playback.gone()
        assert (playback.reason, playback.detail) == (
            EndReason.FAILED,
            "item 2: Asterisk cannot play that sound",
        )


# ---- the room ------------------------------------------------------------------------------------


async def test_given_a_room_that_refuses_the_leg_when_played_then_not_started_and_why() -> None:
    async with fake_world() as world:
        world.pbx.join_result = "FAILED"
        with pytest.raises(NotStarted, match="did not keep the player: FAILED"):
            await world.perform(ROOM, play())
        assert world.ledger.ends == [("greeting", EndReason.FAILED)]


async def test_given_an_empty_room_when_played_then_not_started() -> None:
    async with fake_world(parties=False) as world:
        with pytest.raises(NotStarted, match="EMPTY"):
            await world.perform(ROOM, play())


async def test_streaming_before_joined() -> None:
    """Not heard before both are so, whatever the order."""
    async with fake_world() as world:
        world.pbx.admits.clear()
        playback = await world.controller.perform(ROOM, play())
        await world.until(lambda: playback.streaming)
        assert (world.state(), await heard(world)) == (State.STARTING, [])
        world.pbx.admits.set()
        await playback.audible()
        assert await heard(world) == ["greeting"]


async def test_finished_before_joined() -> None:
    async with fake_world() as world:
        world.pbx.admits.clear()
        playback = await world.controller.perform(ROOM, play())
        await world.until(lambda: playback.streaming)
        world.pbx.finish_item("8600051")
        with pytest.raises(NotStarted, match="before anybody could hear it"):
            await playback.audible()


async def test_given_a_leg_that_is_not_let_in_when_the_time_is_up_then_hung_up() -> None:
    async with fake_world(limits=Limits(start=0.05)) as world:
        world.pbx.admits.clear()
        with pytest.raises(NotStarted, match="in time"):
            await world.perform(ROOM, play())
        assert world.pbx.legs == {}


async def test_given_the_last_party_leaves_when_it_plays_then_the_leg_does_not_hold_the_room() -> (
    None
):
    async with fake_world() as world:
        playback = await world.perform(ROOM, play())
        await world.leave(ROOM)
        await playback.gone()
        assert (playback.reason, world.pbx.legs) == (EndReason.HUNG_UP, {})


async def test_given_one_of_two_parties_leaves_when_it_plays_then_it_plays_on() -> None:
    async with fake_world() as world:
        second = world.pbx.enter("8600051", "PJSIP/bob")
        await world.perform(ROOM, play())
        world.pbx.leave(second)
        await world.until(lambda: len(world.server.directory.parties(ROOM)) == 1)
        assert world.state() is State.PLAYING


async def test_given_two_rooms_when_both_play_then_each_hears_its_own() -> None:
    async with fake_world() as world:
        for room, sound in zip(world.rooms, ("greeting", "offer"), strict=True):
            await world.perform(room, play(sound))
        assert [[h.sound for h in await world.heard(room)] for room in world.rooms] == [
            ["greeting"],
            ["offer"],
        ]


async def test_given_a_verb_that_meets_a_leg_just_gone_when_sent_then_nothing_playing() -> None:
    async with fake_world() as world:
        await world.perform(ROOM, play())
        world.pbx.withheld = {"Hangup", "UserEvent"}  # its end is on the way
        world.pbx.kill_leg("8600051")
        for command in (Pause(), Volume(3)):
            with pytest.raises(NothingPlaying):
                await world.perform(ROOM, command)


async def test_given_a_sound_name_that_cannot_be_sent_when_started_then_not_started() -> None:
    async with fake_world() as world:
        playback = Playback(ROOM, PlayRequest(("a,b",)), clips=("a,b",))  # type: ignore[arg-type]  # a rude name
        with pytest.raises(NotStarted):
            await world.server.player.start(playback)
        assert len(world.server.player._legs) == 0
