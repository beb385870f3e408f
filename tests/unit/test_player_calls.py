"""Calls of two and more, one side alone, and a channel with nobody: the whole way on the fake.

Each way there is a leg takes the same commands, and only those hear it who shall.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from fake_ami import player_leg
from fake_ami.pbx import FakePbx, Fate
from fake_ami.speech import ReceivedAction
from stateful.fake_world import FakeWorld, fake_world

from callcue.asterisk import legs, player
from callcue.core.commands import Pause, Play, Restart, Resume, Seek, Stop, Volume
from callcue.core.errors import CannotPlayHere, NotStarted
from callcue.core.limits import Limits
from callcue.core.playback import Playback, PlayRequest
from callcue.core.states import State
from callcue.core.types import (
    Alone,
    Bridge,
    CallId,
    EndReason,
    IfPlaying,
    Milliseconds,
    Place,
    Role,
)

MS = Milliseconds
SERVER = "pbx1"
WAYS = ["barge", "member", "whisper", "beside"]
SPYING = ["barge", "whisper"]


@dataclass
class Scene:
    """One call that a leg gets into by one way."""

    world: FakeWorld
    way: str
    parties: list[str]

    @property
    def pbx(self) -> FakePbx:
        return self.world.pbx

    @property
    def place(self) -> Place:
        if self.way == "beside":
            return Alone(SERVER, self.parties[0])
        return Bridge(SERVER, "bridge-1")

    @property
    def hearers(self) -> list[str]:
        """Who shall hear it."""
        return self.parties[:1] if self.way in ("whisper", "beside") else self.parties

    @property
    def state(self) -> State:
        return self.world.state(self.place)

    @property
    def target(self) -> str:
        """The party by which the leg gets in."""
        return self.parties[0]

    def id_of(self, party: str) -> CallId:
        calls = self.world.server.directory.calls()
        return next(call.id for call in calls if call.uniqueid == party)

    def command(self, *media: str, **options: Any) -> Play:
        whisper = self.way == "whisper"
        options = {"audience": self.id_of(self.target) if whisper else Role.EVERYONE} | options
        return Play(PlayRequest(media or ("greeting",), **options))

    async def play(self, *media: str, **options: Any) -> Playback:
        """It is heard when this returns."""
        return await self.world.perform(self.place, self.command(*media, **options))

    def heard(self) -> Mapping[str, list[str]]:
        """Party to the sounds it hears now."""
        found = {party: self.pbx.heard_by(party) for party in self.pbx.parties}
        return {party: [sound for sound, _ in sounds] for party, sounds in found.items() if sounds}

    def assert_heard(self, *sounds: str) -> None:
        """Those who shall hear just that, and nobody else anything."""
        assert self.heard() == ({party: [*sounds] for party in self.hearers} if sounds else {})

    async def heard_from(self, sound: str, offset: int) -> None:
        """Wait until it is heard from near *offset* on."""

        def so() -> bool:
            ((name, at),) = self.pbx.heard_by(self.target) or (("", 0),)
            return name == sound and offset <= at < offset + 500

        await self.world.until(so)

    async def at_rest(self) -> None:
        """Everything ended; nothing left in Asterisk or in the player's book."""
        await self.world.until(lambda: self.state is State.IDLE)
        self.world.ledger.assert_one_end_each()
        await self.world.until(lambda: not self.pbx.legs)
        assert len(self.world.server.player._legs) == 0

    def where(self) -> tuple[str, str, str, str]:
        """Where the one that is alone stands in its dialplan, and what it does there."""
        party = self.pbx.parties[self.target]
        return party.context, party.exten, party.priority, party.application


AT_REST = ("ivr", "100", "3", "Wait")


@asynccontextmanager
async def scene(way: str, **options: Any) -> AsyncIterator[Scene]:
    async with fake_world(parties=False, **options) as world:
        if way == "beside":
            parties = [world.pbx.alone()]
        else:
            channels = ["PJSIP/alice", "PJSIP/bob", "PJSIP/carl"]
            parties = world.pbx.talk(*channels[: 3 if way == "member" else 2])
        made = Scene(world, way, parties)
        directory = world.server.directory
        await world.until(lambda: len(directory.parties(made.place)) == len(parties))
        yield made


def legs_sent(pbx: FakePbx) -> list[ReceivedAction]:
    return [one for one in pbx.ami.received("Originate") if one["Context"] == "callcue-player"]


# ---- play and the verbs --------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_play_when_answered_then_those_hear_it_who_shall(way: str) -> None:
    async with scene(way) as call:
        playback = await call.play("offer")
        call.assert_heard("offer")
        assert (call.state, call.world.pbx.most_heard) == (State.PLAYING, 1)
        (sent,) = legs_sent(call.pbx)
        assert (sent["Channel"], sent["Exten"]) == (f"Local/{way}@callcue-join/n", "ready-1")
        given = (sent.variables["CALLCUE_JOIN"], sent.variables["CALLCUE_PARTY"])
        assert given == (way, call.target)
        assert "CALLCUE_ROOM" not in sent.variables
        assert playback.position().item == 1


@pytest.mark.parametrize("way", WAYS)
async def test_given_the_verbs_when_sent_then_they_do_what_they_do_in_a_room(way: str) -> None:
    async with scene(way) as call:
        perform = call.world.perform
        playback = await call.play("greeting", "offer")
        await perform(call.place, Seek(MS(20_000)))
        await perform(call.place, Pause())
        assert (call.state, call.heard()) == (State.PAUSED, {})
        stood = playback.position()
        assert 20_000 <= stood.offset < 21_000
        await perform(call.place, Resume())
        await call.heard_from("greeting", stood.offset)
        call.assert_heard("greeting")
        await perform(call.place, Seek(MS(7000), item=2))
        await call.heard_from("offer", 7000)
        await perform(call.place, Restart())
        await call.heard_from("greeting", 0)
        await perform(call.place, Volume(6))
        assert (call.pbx.leg(call.target).gain, playback.volume) == ("2", 6)
        await perform(call.place, Stop())
        assert (playback.reason, call.heard()) == (EndReason.STOPPED, {})
        await call.at_rest()


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_queue_when_the_first_is_over_then_the_next_is_heard(way: str) -> None:
    async with scene(way) as call:
        first = await call.play()
        second = await call.play("offer", if_playing=IfPlaying.QUEUE)
        call.pbx.finish_item(call.target)
        await second.audible()
        call.assert_heard("offer")
        assert (first.reason, call.pbx.most_heard) == (EndReason.FINISHED, 1)


@pytest.mark.parametrize("way", SPYING)
async def test_given_a_leg_that_spies_when_it_is_there_then_a_key_hurries_it_alone(
    way: str,
) -> None:
    async with scene(way) as call:
        playback = await call.play()
        (press,) = call.pbx.ami.received("PlayDTMF")
        assert (press["Channel"], press["Receive"]) == (f"callcue-j-{playback.id}", "true")


@pytest.mark.parametrize("way", SPYING)
async def test_given_a_key_that_is_refused_when_played_then_it_is_heard_all_the_same(
    way: str,
) -> None:
    async with scene(way) as call:
        call.pbx.ami.on("PlayDTMF", lambda _: {"Response": "Error", "Message": "no such action"})
        await call.play()
        call.assert_heard("greeting")


# ---- starts that fail ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_stop_before_it_is_in_when_it_comes_in_then_nobody_ever_hears_it(
    way: str,
) -> None:
    async with scene(way) as call:
        call.pbx.admits.clear()
        playback = await call.world.controller.perform(call.place, call.command())
        await call.world.until(lambda: call.pbx.legs)
        await call.world.perform(call.place, Stop())
        call.pbx.admits.set()
        await call.at_rest()
        assert (playback.reason, call.pbx.most_heard) == (EndReason.STOPPED, 0)
        assert call.pbx.ami.received("Redirect") == []


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_leg_that_never_gets_in_when_the_time_is_up_then_hung_up(way: str) -> None:
    async with scene(way, limits=Limits(start=0.05)) as call:
        call.pbx.admits.clear()
        with pytest.raises(NotStarted, match="in time"):
            await call.play()
        await call.at_rest()
        assert call.pbx.most_heard == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fate", [Fate.FAILED, Fate.SWALLOWED, Fate.STUCK])
async def test_given_an_originate_that_comes_to_nothing_when_played_then_not_started(
    way: str, fate: Fate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "HANGUP_PATIENCE", 0.04)
    async with scene(way, limits=Limits(start=0.1, confirm=0.1)) as call:
        call.pbx.fates = [fate]
        with pytest.raises(NotStarted):
            await call.play()
        await call.at_rest()
        assert call.pbx.most_heard == 0


@pytest.mark.parametrize("way", SPYING)
async def test_given_a_party_that_goes_as_the_leg_comes_when_played_then_not_started(
    way: str,
) -> None:
    async with scene(way) as call:
        call.pbx.admits.clear()
        playback = await call.world.controller.perform(call.place, call.command())
        await call.world.until(lambda: call.pbx.legs)
        call.pbx.leave(call.target)
        with pytest.raises(NotStarted):
            await playback.audible()
        await call.at_rest()
        assert playback.reason is EndReason.HUNG_UP


async def test_given_a_bridge_that_does_not_take_the_leg_when_played_then_not_started() -> None:
    async with scene("member") as call:
        call.pbx.join_result = "FAILED"
        with pytest.raises(NotStarted, match="the call did not keep the player: FAILED"):
            await call.play()
        await call.at_rest()


async def test_given_a_party_in_another_bridge_by_now_when_the_leg_is_in_then_not_heard_there() -> (
    None
):
    async with scene("member") as call:
        call.pbx.withheld = {"BridgeLeave"}  # what callcue knows is a moment old
        call.pbx.admits.clear()
        playback = await call.world.controller.perform(call.place, call.command())
        await call.world.until(lambda: call.pbx.legs)
        stranger = call.pbx.alone()
        call.pbx.withheld |= {"BridgeEnter"}
        call.pbx.connect(call.target, "bridge-2")
        call.pbx.connect(stranger, "bridge-2")
        call.pbx.withheld = {"BridgeLeave"}
        call.pbx.admits.set()
        with pytest.raises(NotStarted, match="has moved to another bridge"):
            await playback.audible()
        await call.at_rest()
        assert call.pbx.most_heard == 0


# ---- a channel that is alone ---------------------------------------------------------------------


async def test_given_one_alone_when_played_to_then_taken_to_listen_and_back_where_it_was() -> None:
    async with scene("beside") as call:
        playback = await call.play()
        assert call.where() == ("callcue-beside", f"to-{playback.id}", "1", "ChanSpy")
        (kept,) = call.pbx.ami.received("Setvar")
        assert (kept["Channel"], kept["Variable"]) == (call.target, "CALLCUE_BACK")
        assert kept["Value"] == "ivr/100/3"
        call.pbx.finish_item(call.target)
        await call.at_rest()
        assert (playback.reason, call.where()) == (EndReason.FINISHED, AT_REST)


async def test_given_one_that_listens_when_the_next_follows_then_its_place_is_not_forgotten() -> (
    None
):
    async with scene("beside") as call:
        await call.play()
        new = await call.play("offer", if_playing=IfPlaying.REPLACE)
        call.assert_heard("offer")
        await call.world.perform(call.place, Stop())
        await call.at_rest()
        assert (new.reason, call.where()) == (EndReason.STOPPED, AT_REST)
        assert {one["Value"] for one in call.pbx.ami.received("Setvar")} == {"ivr/100/3"}


async def test_given_one_that_listens_when_it_presses_keys_then_it_hears_on() -> None:
    async with scene("beside") as call:
        playback = await call.play()
        for _ in range(3):
            call.pbx.press_key(call.target)
        await call.world.perform(call.place, Pause())  # its report comes behind those
        await call.world.perform(call.place, Resume())
        assert (call.state, playback.reason) == (State.PLAYING, None)
        assert call.world.session(call.place) is not None


async def test_given_one_that_listens_when_somebody_takes_it_away_then_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(legs, "AGAIN", 0.02)
    async with scene("beside") as call:
        playback = await call.play()
        call.pbx.redirect_party(call.target, "elsewhere", "1")
        await call.at_rest()
        assert playback.reason is EndReason.HUNG_UP
        assert call.where() == ("elsewhere", "1", "1", "Wait")  # and it is left there


async def test_given_one_that_listens_when_it_is_connected_then_it_ends_at_once() -> None:
    async with scene("beside") as call:
        playback = await call.play()
        call.pbx.connect(call.target, "bridge-7")
        await playback.gone()
        assert (playback.reason, playback.detail) == (
            EndReason.HUNG_UP,
            "the last party left",
        )
        assert call.pbx.parties[call.target].bridge == "bridge-7"
        await call.at_rest()


async def test_given_one_that_listens_when_it_hangs_up_then_it_ends() -> None:
    async with scene("beside") as call:
        playback = await call.play()
        call.pbx.leave(call.target)
        await playback.gone()
        assert playback.reason is EndReason.HUNG_UP
        await call.at_rest()


async def test_given_an_asterisk_without_what_it_takes_when_played_then_nobody_is_taken() -> None:
    async with scene("beside") as call:
        call.pbx.able = False
        with pytest.raises(NotStarted, match="lacks app_exec or app_chanspy"):
            await call.play()
        await call.at_rest()
        assert (call.where(), call.pbx.ami.received("Redirect")) == (AT_REST, [])


async def test_given_one_that_begins_something_else_when_it_is_to_be_taken_then_it_is_not() -> None:
    """It rested when the command was checked, and not any more when the leg was at hand."""
    async with scene("beside") as call:
        call.pbx.admits.clear()
        playback = await call.world.controller.perform(call.place, call.command())
        await call.world.until(lambda: call.pbx.legs)
        call.pbx.parties[call.target].go("ivr", "100", "4", "Queue")
        call.pbx.admits.set()
        with pytest.raises(NotStarted, match="the call is in Queue"):
            await playback.audible()
        await call.at_rest()
        assert call.where() == ("ivr", "100", "4", "Queue")


@pytest.mark.parametrize(
    ("rests", "why"),
    [
        ({"application": "Queue"}, "in Queue, which cannot be resumed"),
        ({"context": "gone"}, "does not exist any more"),
    ],
)
async def test_given_one_that_cannot_be_taken_when_played_to_then_refused_and_left_alone(
    rests: dict[str, str], why: str
) -> None:
    async with fake_world(parties=False) as world:
        world.pbx.no_dialplan = {"gone,100,3"}
        place = Alone(SERVER, world.pbx.alone(**rests))
        await world.until(lambda: world.server.directory.parties(place))
        with pytest.raises(CannotPlayHere, match=why):
            await world.perform(place, Play(PlayRequest(("greeting",))))
        with pytest.raises(CannotPlayHere, match=why):
            await world.controller.way_to(place)
        assert (legs_sent(world.pbx), world.ledger.accepted_ones) == ([], [])


# ---- parties come and go -------------------------------------------------------------------------


@pytest.mark.parametrize("way", SPYING)
@pytest.mark.parametrize("who", [0, 1])
async def test_given_two_when_one_hangs_up_then_it_ends_and_nobody_is_kept(
    way: str, who: int
) -> None:
    async with scene(way) as call:
        playback = await call.play()
        call.pbx.leave(call.parties[who])
        await playback.gone()
        assert playback.reason is EndReason.HUNG_UP
        await call.at_rest()
        assert call.pbx.parties == {}


async def test_given_three_when_two_hang_up_then_our_member_does_not_keep_the_last_one() -> None:
    async with scene("member") as call:
        playback = await call.play()
        call.pbx.leave(call.parties[2])
        await call.world.until(lambda: len(call.world.server.directory.parties(call.place)) == 2)
        assert call.state is State.PLAYING
        call.pbx.leave(call.parties[1])
        await playback.gone()
        assert (playback.reason, playback.detail) == (EndReason.HUNG_UP, "one side left")
        await call.at_rest()
        assert call.pbx.parties == {}


async def test_given_a_whisper_when_its_party_goes_elsewhere_then_it_does_not_follow() -> None:
    """`ChanSpy` would: it spies on a channel, wherever that goes."""
    async with scene("whisper") as call:
        third = call.pbx.alone("PJSIP/dora")
        call.pbx.connect(third, "bridge-1")
        playback = await call.play()
        call.pbx.connect(call.target, "bridge-2")
        await playback.gone()
        assert (playback.reason, playback.detail) == (
            EndReason.HUNG_UP,
            "its call has ended or moved",
        )
        await call.at_rest()


# ---- time and the link ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_limit_when_reached_then_timed_out_and_all_is_as_before(way: str) -> None:
    async with scene(way) as call:
        playback = await call.play(limit=MS(30))
        await playback.gone()
        assert playback.reason is EndReason.TIMED_OUT
        await call.at_rest()
        assert set(call.pbx.parties) == set(call.parties)
        assert way != "beside" or call.where() == AT_REST


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_pause_when_it_takes_too_long_then_timed_out(way: str) -> None:
    async with scene(way) as call:
        playback = await call.play()
        await call.world.perform(call.place, Pause())
        call.pbx.leg(call.target).set_function("TIMEOUT(absolute)", "0.01")
        await playback.gone()
        assert playback.reason is EndReason.TIMED_OUT
        await call.at_rest()


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_start_that_gets_lost_when_the_leg_is_forgotten_then_it_goes_by_itself(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player_leg, "FORGOTTEN_AFTER", 0.05)
    async with scene(way) as call:
        redirect = call.pbx._redirect

        def lose_the_start(action: ReceivedAction) -> Any:
            if action["Exten"].startswith("cue-start"):
                return {"Response": "Success", "Message": "Redirect successful"}
            return redirect(action)

        call.pbx.ami.on("Redirect", lose_the_start)
        with pytest.raises(NotStarted):
            await call.play()
        await call.at_rest()
        assert call.pbx.most_heard == 0
        assert way != "beside" or call.where() == AT_REST


async def cut(call: Scene) -> None:
    """Cut the link, and wait until callcue knows."""
    call.pbx.drop_link()
    await call.world.until(lambda: not call.world.server.readiness().ready)


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_clip_when_the_link_is_cut_then_it_plays_on_and_is_found(way: str) -> None:
    async with scene(way) as call:
        playback = await call.play()
        await cut(call)
        call.assert_heard("greeting")
        await call.world.until_ready()
        assert (call.state, playback.reason) == (State.PLAYING, None)
        await call.world.perform(call.place, Pause())
        await call.world.perform(call.place, Stop())
        assert playback.reason is EndReason.STOPPED
        await call.at_rest()
        assert len(legs_sent(call.pbx)) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_party_that_left_while_cut_off_when_back_then_hung_up(way: str) -> None:
    async with scene(way) as call:
        playback = await call.play()
        await cut(call)
        for party in call.parties[: 2 if way == "member" else 1]:
            call.pbx.leave(party)
        await playback.gone()
        assert playback.reason is EndReason.HUNG_UP
        await call.at_rest()
        assert call.pbx.parties == {}


async def test_given_one_that_listens_when_taken_elsewhere_while_cut_off_then_its_leg_goes() -> (
    None
):
    async with scene("beside") as call:
        playback = await call.play()
        await cut(call)
        call.pbx.redirect_party(call.target, "elsewhere", "1")
        await playback.gone()
        assert "taken elsewhere" in playback.detail
        await call.at_rest()
        assert call.where() == ("elsewhere", "1", "1", "Wait")


@pytest.mark.parametrize("way", WAYS)
async def test_given_a_leg_that_waits_when_cut_off_then_it_is_hung_up_when_back(way: str) -> None:
    """Told "it did not start", nobody would look after it any more: so it must not start."""
    async with scene(way) as call:
        call.pbx.admits.clear()
        playback = await call.world.controller.perform(call.place, call.command())
        await call.world.until(lambda: call.pbx.legs)
        await cut(call)
        with pytest.raises(NotStarted):
            await playback.audible()
        call.pbx.admits.set()
        await call.at_rest()
        assert call.pbx.most_heard == 0
        assert way != "beside" or call.where() == AT_REST
