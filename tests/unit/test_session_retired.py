"""One playback that is ended by name: its call has left, or its asker has given it up."""

import asyncio
from uuid import uuid4

import pytest
from stateful.stage import ROOM, Stage, queued, staged

from callcue.core.commands import Pause, Play
from callcue.core.errors import NotStarted
from callcue.core.limits import Limits
from callcue.core.playback import Asker, PlayRequest
from callcue.core.states import Event, State
from callcue.core.types import CallId, EndReason, IfPlaying

CUSTOMER, AGENT = CallId(uuid4()), CallId(uuid4())


def for_call(call: CallId, name: str) -> Play:
    asker = Asker("bird", "key", uuid4(), call)
    return Play(PlayRequest((name,), if_playing=IfPlaying.QUEUE, asked_by=asker))


async def playing_for(stage: Stage, call: CallId) -> None:
    await stage.perform(for_call(call, "greeting"))
    await stage.until(lambda: stage.state is State.STARTING)
    stage.is_heard()


async def test_given_a_clip_for_a_call_when_that_call_leaves_then_it_ends_and_the_next_begins() -> (
    None
):
    async with staged() as stage:
        await playing_for(stage, CUSTOMER)
        await stage.perform(for_call(CUSTOMER, "hers"))
        await stage.perform(for_call(AGENT, "his"))

        stage.session.call_left(CUSTOMER)

        assert stage.state is State.STOPPING
        assert stage.ledger.ends == [("hers", EndReason.HUNG_UP)]
        stage.is_gone()
        await stage.until(lambda: stage.current.request.media == ("his",))
        assert stage.ledger.ends[1] == ("greeting", EndReason.HUNG_UP)


async def test_given_a_clip_of_a_screen_when_some_call_leaves_then_it_plays_on() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        stage.session.call_left(CUSTOMER)
        assert stage.state is State.PLAYING


async def test_given_a_clip_adrift_when_its_call_leaves_then_it_is_hung_up_when_found() -> None:
    async with staged() as stage:
        await playing_for(stage, CUSTOMER)
        stage.tell(Event.LINK_LOST)
        stage.session.call_left(CUSTOMER)
        stage.tell(Event.FOUND_PLAYING)
        assert stage.state is State.STOPPING
        assert stage.current.reason is EndReason.HUNG_UP


async def test_given_one_that_waits_when_withdrawn_then_it_never_begins() -> None:
    async with staged() as stage:
        await stage.bring_to(State.PLAYING)
        waiting = await stage.perform(queued("late"))
        stage.session.withdraw(waiting)
        with pytest.raises(NotStarted, match="gave it up"):
            await waiting.audible()
        assert stage.state is State.PLAYING


async def test_given_a_verb_that_gets_lost_when_not_confirmed_then_it_is_sent_again() -> None:
    async with staged(Limits(start=60, confirm=60, again=0.01)) as stage:
        await stage.bring_to(State.PLAYING)
        pausing = stage.ask(Pause())
        await stage.until(lambda: stage.player.sent.count("pause-2") >= 2)
        stage.holds(2)
        assert (await asyncio.wait_for(pausing, 3)).place == ROOM
