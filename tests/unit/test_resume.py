"""A service that starts where another one had been killed: what it makes of what is left."""

from dataclasses import replace
from uuid import uuid4

import pytest
from fakes.ledger import FakeLedger
from fakes.telephony import FakeTelephony
from stateful.stage import play, queued

from callcue.core.commands import Pause, Stop
from callcue.core.controller import Controller
from callcue.core.errors import AsteriskUnavailable, StopRemembered
from callcue.core.playback import Asker, Playback, PlayRequest
from callcue.core.ports import LegEvent
from callcue.core.states import Event, State
from callcue.core.types import (
    Bridge,
    CallId,
    Conference,
    EndReason,
    Milliseconds,
    Place,
    Position,
    SoundName,
)

ROOM = Conference("main", "8600051")
SOUND = "hello_1"
AT = Position(2, 1, Milliseconds(700))


class House:
    """A controller that has just started, and the Asterisk that it will see soon."""

    def __init__(self, *left: Playback) -> None:
        self.server = FakeTelephony()
        self.ledger = FakeLedger()
        self.ledger.left = list(left)
        self.ledger.playbacks = {one.id: one for one in left}
        self.controller = Controller(servers=[self.server], ledger=self.ledger)
        self.server.report_to(self.controller)
        self.server.directory.enter(ROOM.number, "PJSIP/alice")
        self.controller.resume()

    @property
    def state(self) -> State:
        session = self.controller.session(ROOM)
        return State.IDLE if session is None else session.state

    async def link_up(self) -> None:
        await self.controller.link_back("main")

    def finds(self, playback: Playback, *events: LegEvent) -> None:
        self.server.player.lost[playback.id] = events


def left(
    *media: str, place: Place = ROOM, begun: bool = True, call: CallId | None = None
) -> Playback:
    """A playback that somebody accepted before us."""
    media = media or (SOUND, SOUND)
    request = PlayRequest(media, asked_by=Asker("bird", "key", None, call))
    clips: list[SoundName] = [SoundName(name) for name in media] if begun else []
    return Playback(place, request, clips=list(clips), begun=begun)


async def test_given_a_clip_that_plays_when_the_link_is_up_then_it_obeys_with_a_higher_number() -> (
    None
):
    playback = left()
    house = House(playback)
    house.finds(playback, LegEvent(Event.FOUND_PLAYING, number=7, position=AT, moving_since=0.0))
    house.server.player.legs[playback.id] = house.server.player.new_leg()
    await house.link_up()
    assert (house.state, playback.position().item) == (State.PLAYING, 2)
    assert await house.controller.perform(ROOM, Pause()) is playback
    assert playback.number == 8
    assert house.server.sounds.retained == [SOUND]


async def test_given_no_link_yet_when_commanded_then_refused_or_remembered() -> None:
    playback = left()
    house = House(playback)
    with pytest.raises(AsteriskUnavailable):
        await house.controller.perform(ROOM, play(SOUND))
    with pytest.raises(StopRemembered):
        await house.controller.perform(ROOM, Stop())
    house.finds(playback, LegEvent(Event.FOUND_PAUSED, number=1, position=AT))
    house.server.player.legs[playback.id] = house.server.player.new_leg()
    await house.link_up()
    await playback.gone()
    assert playback.reason is EndReason.STOPPED


async def test_given_one_that_ended_meanwhile_when_found_then_its_reason_and_the_next_begins() -> (
    None
):
    first, second = left(), left("vm-goodbye", begun=False)
    house = House(first, second)
    house.finds(first, LegEvent(Event.LIST_ENDED), LegEvent(Event.LEG_GONE))
    await house.link_up()
    assert (first.ended, first.reason) == (True, EndReason.FINISHED)
    await second.audible()
    assert house.server.player.started == [second]


async def test_given_only_one_that_never_began_when_the_link_is_up_then_it_begins() -> None:
    playback = left(begun=False)
    house = House(playback)
    assert house.state is State.ADRIFT
    await house.link_up()
    await playback.audible()
    assert playback.begun


async def test_given_a_stop_for_one_that_never_began_when_the_link_is_up_then_it_does_not() -> None:
    playback = left(begun=False)
    house = House(playback)
    with pytest.raises(StopRemembered):
        await house.controller.perform(ROOM, Stop())
    await house.link_up()
    assert (playback.ended, playback.reason) == (True, EndReason.STOPPED)
    assert house.server.player.started == []


async def test_given_a_caller_who_has_left_meanwhile_when_found_then_what_it_asked_for_ends() -> (
    None
):
    playing, waiting = left(call=CallId(uuid4())), left(begun=False, call=CallId(uuid4()))
    house = House(playing, waiting)
    house.finds(playing, LegEvent(Event.FOUND_PLAYING, number=1, position=AT, moving_since=0.0))
    house.server.player.legs[playing.id] = house.server.player.new_leg()
    await house.link_up()
    await playing.gone()
    await waiting.gone()
    assert {playing.reason, waiting.reason} == {EndReason.HUNG_UP}
    assert house.server.player.started == []


async def test_given_a_side_that_left_meanwhile_when_found_then_it_keeps_no_call_open() -> None:
    talk = Bridge("main", "bridge-1")
    playing = left(place=talk)
    house = House(playing)
    house.server.directory.enter(talk, "PJSIP/alice")
    house.finds(playing, LegEvent(Event.FOUND_PLAYING, number=1, position=AT, moving_since=0.0))
    house.server.player.legs[playing.id] = house.server.player.new_leg()
    await house.link_up()
    await playing.gone()
    assert playing.reason is EndReason.HUNG_UP


async def test_given_an_asterisk_that_is_no_more_then_its_playbacks_have_failed() -> None:
    playback = left(place=replace(ROOM, server="gone"))
    House(playback)
    assert (playback.reason, playback.ended) == (EndReason.FAILED, True)
    assert "no Asterisk gone" in playback.detail


async def test_given_what_was_accepted_when_asked_for_legs_then_only_unended_ones_are_wanted() -> (
    None
):
    playback = left()
    house = House(playback)
    assert house.controller.is_wanted(playback.id)
    assert not house.controller.is_wanted(left().id)
    await house.link_up()  # it is gone
    assert not house.controller.is_wanted(playback.id)


async def test_given_no_record_when_asked_for_legs_then_all_are_wanted() -> None:
    server = FakeTelephony()
    controller = Controller(servers=[server], ledger=FakeLedger())
    assert controller.is_wanted(left().id)


async def test_given_a_queue_before_us_when_more_is_asked_for_then_it_waits_behind() -> None:
    playing, waiting = left(), left("vm-goodbye", begun=False)
    house = House(playing, waiting)
    house.finds(playing, LegEvent(Event.FOUND_PLAYING, number=1, position=AT, moving_since=0.0))
    house.server.player.legs[playing.id] = house.server.player.new_leg()
    await house.link_up()
    last = await house.controller.perform(ROOM, queued(SOUND))
    session = house.controller.session(ROOM)
    assert session is not None
    assert [*session.queue] == [waiting, last]
