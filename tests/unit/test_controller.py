"""The controller: which session a command or an event concerns, and which are forgotten."""

import asyncio
import logging
from dataclasses import dataclass, field

import pytest
from fakes.directory import FakeDirectory
from fakes.ledger import FakeLedger
from fakes.player import FakePlayer
from fakes.telephony import FakeTelephony
from stateful.stage import play, queued

from callcue.core.commands import Pause, Stop
from callcue.core.controller import Controller
from callcue.core.errors import AsteriskUnavailable, CannotPlayHere, NothingPlaying
from callcue.core.ports import LegEvent
from callcue.core.states import Event, State
from callcue.core.types import (
    Alone,
    Bridge,
    Conference,
    EndReason,
    Milliseconds,
    Place,
    PlaybackId,
    Position,
)

ROOM = Conference("main", "8600051")
SOUND = "hello_1"
START = Position(1, 1, Milliseconds(0))


@dataclass
class House:
    """A controller on the fakes of its ports."""

    player: FakePlayer = field(default_factory=FakePlayer)
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    controller: Controller = field(init=False)

    def __post_init__(self) -> None:
        server = FakeTelephony(player=self.player, directory=self.directory)
        self.controller = Controller(servers=[server], ledger=self.ledger)
        server.report_to(self.controller)

    def state(self, room: Conference = ROOM) -> State:
        session = self.controller.session(room)
        return State.IDLE if session is None else session.state


@pytest.fixture
def house() -> House:
    house = House()
    house.directory.enter(ROOM.number, "PJSIP/alice")
    return house


async def test_given_two_dialects_when_they_name_the_same_room_then_one_session(
    house: House,
) -> None:
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    assert await house.controller.perform(Conference("main", "8600051"), Pause()) is playback
    assert house.controller.playback(playback.id) is playback


async def test_given_two_rooms_when_one_waits_then_the_other_does_not(house: House) -> None:
    other = Conference("main", "8600066")
    house.player.silent = {"pause"}
    first = await house.controller.perform(ROOM, play(SOUND))
    await first.audible()
    await (await house.controller.perform(other, play(SOUND))).audible()
    waiting = asyncio.create_task(house.controller.perform(ROOM, Pause()))
    await asyncio.sleep(0)
    assert (await house.controller.perform(other, Stop())).reason is EndReason.STOPPED
    assert not waiting.done()
    house.player.hang_up(first)
    with pytest.raises(NothingPlaying):
        await waiting


@pytest.mark.parametrize("known", [True, False])
async def test_given_no_link_when_nothing_plays_then_unavailable_whatever_came_before(
    house: House, known: bool
) -> None:
    if known:
        await (await house.controller.perform(ROOM, play(SOUND))).audible()
        await house.controller.perform(ROOM, Stop())
    house.directory.up = False
    for command in (play(SOUND), Stop()):
        with pytest.raises(AsteriskUnavailable):
            await house.controller.perform(ROOM, command)
    assert len(house.ledger.playbacks) == len(house.ledger.ends)


async def test_given_a_server_nobody_knows_when_asked_then_unavailable(house: House) -> None:
    with pytest.raises(AsteriskUnavailable):
        await house.controller.perform(Conference("elsewhere", "1"), play(SOUND))


async def test_given_a_refused_command_in_a_room_when_all_leave_then_its_session_is_forgotten(
    house: House,
) -> None:
    (call,) = house.directory.calls()
    with pytest.raises(NothingPlaying):
        await house.controller.perform(ROOM, Stop())
    assert house.controller.session(ROOM) is not None
    house.directory.leave(call)
    assert house.controller.session(ROOM) is None


@pytest.mark.parametrize("place", [Alone("main", "1.1"), Bridge("main", "b"), ROOM])
async def test_given_a_place_that_is_gone_when_a_command_comes_late_then_no_session_is_kept(
    place: Place,
) -> None:
    """No event will ever follow that could end it, and no such id comes again."""
    house = House()
    for _ in range(2):
        with pytest.raises(NothingPlaying):
            await house.controller.perform(place, Stop())
        assert house.controller.session(place) is None
    house.player.cannot_play = "the call has ended"
    with pytest.raises(CannotPlayHere):
        await house.controller.perform(place, play(SOUND))
    assert house.controller.session(place) is None


async def test_given_one_of_two_when_it_leaves_then_its_bridge_is_over_and_forgotten_at_last() -> (
    None
):
    house, place = House(), Bridge("main", "b")
    alice, bob = (house.directory.enter(place, f"PJSIP/{name}") for name in ("alice", "bob"))
    playback = await house.controller.perform(place, play(SOUND))
    await playback.audible()
    house.directory.leave(alice)
    await playback.gone()
    assert (playback.reason, playback.detail) == (EndReason.HUNG_UP, "one side left")
    assert house.controller.session(place) is not None
    house.directory.leave(bob)
    assert house.controller.session(place) is None


async def test_given_the_last_of_a_place_when_it_leaves_then_that_is_said(house: House) -> None:
    (call,) = house.directory.calls()
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    house.directory.leave(call)
    await playback.gone()
    assert (playback.reason, playback.detail) == (EndReason.HUNG_UP, "the last party left")


async def test_given_a_place_when_asked_for_the_way_then_the_players_word_for_everyone(
    house: House,
) -> None:
    place = Alone("main", "1.1")
    assert await house.controller.way_to(place) == "room"
    assert house.player.checked == [(place, None)]
    assert house.controller.session(place) is None
    house.player.cannot_play = "the call is in Queue"
    with pytest.raises(CannotPlayHere, match=r"^the call is in Queue$"):
        await house.controller.way_to(place)


async def test_given_a_playback_when_all_leave_then_forgotten_once_the_leg_is_gone(
    house: House,
) -> None:
    (call,) = house.directory.calls()
    playback = await house.controller.perform(ROOM, play(SOUND))
    waiting = await house.controller.perform(ROOM, queued(SOUND))
    await playback.audible()
    house.directory.leave(call)
    assert house.state() is State.STOPPING
    await playback.gone()
    assert house.controller.session(ROOM) is None
    assert {playback.reason, waiting.reason} == {EndReason.HUNG_UP}


async def test_given_a_party_is_left_when_a_playback_ends_then_the_session_stays(
    house: House,
) -> None:
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    house.player.finish(playback)
    await playback.gone()
    session = house.controller.session(ROOM)
    assert session is not None
    assert session.last is playback


async def test_given_events_of_nobody_when_they_come_then_ignored(house: House) -> None:
    house.controller.deserted(Conference("main", "1"))
    house.controller.link_lost("elsewhere")
    await house.controller.link_back("elsewhere")
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    await house.controller.perform(ROOM, Stop())
    house.controller.leg_event(playback, LegEvent(Event.STREAMING, 1, START))
    assert house.state() is State.IDLE
    assert house.controller.playback(PlaybackId(playback.id)) is playback


async def test_given_an_illegal_event_when_it_comes_then_logged_and_nothing_changes(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    with caplog.at_level(logging.ERROR, "callcue.core.controller"):
        house.controller.leg_event(playback, LegEvent(Event.JOINED))
    assert [record.message for record in caplog.records] == ["joined while playing in 8600051"]
    assert house.state() is State.PLAYING


@pytest.mark.parametrize("found", [Event.FOUND_PLAYING, Event.FOUND_PAUSED])
async def test_given_the_link_is_back_when_a_leg_is_found_then_taken_over(
    house: House, found: Event
) -> None:
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    house.player.lost[playback.id] = LegEvent(found, position=START)
    house.controller.link_lost("main")
    assert house.state() is State.ADRIFT
    await house.controller.link_back("main")
    assert house.state() is (State.PLAYING if found is Event.FOUND_PLAYING else State.PAUSED)


async def test_given_the_link_is_back_when_a_leg_is_gone_then_its_end_is_recorded(
    house: House,
) -> None:
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    house.controller.link_lost("main")
    await house.controller.link_back("main")
    assert (playback.reason, playback.detail) == (EndReason.FAILED, "not found")


async def test_given_the_link_is_lost_again_when_looking_then_the_caller_is_told(
    house: House,
) -> None:
    playback = await house.controller.perform(ROOM, play(SOUND))
    await playback.audible()
    house.controller.link_lost("main")
    house.player.refuse = AsteriskUnavailable("lost again")
    with pytest.raises(AsteriskUnavailable):
        await house.controller.link_back("main")
    assert house.state() is State.ADRIFT


async def test_given_three_calls_when_two_share_a_room_then_they_are_the_others(
    house: House,
) -> None:
    (alice,) = house.directory.calls()
    bob = house.directory.enter(ROOM.number, "PJSIP/bob")
    house.directory.enter("8600066", "PJSIP/carol")
    assert list(house.controller.others_in(alice)) == [bob]
