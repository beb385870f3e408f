"""Asterisks added, removed and changed while calls go on, with a clip in the ear all the time."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest_asyncio
from ears import hearing
from ears.ear import Ear, EarServer
from real.hand import Hand, open_hand
from real.parties import ears_for
from real.pbx import Pbx
from real.room import NewRoom, Room
from real.service import Service

from callcue.core.states import State
from callcue.core.types import EndReason

HIGH = 1500
"""Hz, of the clip of this name."""

LOUD = 500

EAST_AGENT = "agent-of-east"


@pytest_asyncio.fixture
async def east_hand(other_pbx: Pbx) -> AsyncIterator[Hand]:
    async with open_hand(other_pbx) as hand:
        yield hand


@pytest_asyncio.fixture
async def east_ears(other_pbx: Pbx, east_hand: Hand) -> AsyncIterator[EarServer]:
    async with ears_for(other_pbx, east_hand) as server:
        yield server


def hears_high(ear: Ear) -> bool:
    return bool(ear.frames) and hearing.strength(ear.frames[-1].samples, HIGH) > LOUD


async def test_given_a_clip_that_plays_when_an_asterisk_comes_and_goes_then_it_is_not_disturbed(
    pbx: Pbx,
    other_pbx: Pbx,
    service: Service,
    new_room: NewRoom,
    east_hand: Hand,
    east_ears: EarServer,
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    east_room = Room("8600094", east_hand, east_ears, agent=EAST_AGENT)
    east_ear = await east_room.party(agent=True)
    screen, east_screen = service.screen(room.agent), service.screen(EAST_AGENT)
    agent_session = service.controller.directory.agent_session
    await service.until(lambda: bool(agent_session(room.agent)))
    assert (await screen.play("sweep")).startswith("SUCCESS")
    await ear.until(lambda: hearing.audible(ear.frames[-1]))
    begun = len(ear.frames)

    added = await service.reload({"main": pbx, "east": other_pbx})
    assert added.lines == ("asterisk east is added",)
    await service.until(lambda: bool(agent_session(EAST_AGENT)))
    assert (await east_screen.play("high")).startswith("SUCCESS")
    await east_ear.until(lambda: hears_high(east_ear))
    there = agent_session(EAST_AGENT)
    assert there is not None
    session = service.controller.session(there.place)
    assert session is not None
    playback = session.current
    assert playback is not None

    removed = await service.reload({"main": pbx})
    assert removed.lines[0].startswith("asterisk east is removed; 1 playing there")
    # What plays there has ended in the record, and plays on in the ear.
    assert (playback.ended, playback.reason) == (True, EndReason.FAILED)
    frames = await east_ear.listen(0.5)
    loud = [frame for frame in frames if hearing.strength(frame.samples, HIGH) > LOUD]
    assert len(loud) >= len(frames) - hearing.LATE_FRAMES
    assert "not logged in" in await east_screen.stage("STOP")

    # The first one was heard all the while.
    frames = ear.frames[begun:]
    assert len(frames) > 25
    assert hearing.goes_on(frames)
    assert (await screen.stage("STOP")).startswith("SUCCESS")
    await east_room.close()


async def test_given_another_ami_user_when_reloaded_then_the_clip_is_found_and_not_disturbed(
    pbx: Pbx, service: Service, new_room: NewRoom
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    screen = service.screen(room.agent)
    agent_session = service.controller.directory.agent_session
    await service.until(lambda: bool(agent_session(room.agent)))
    assert (await screen.play("sweep")).startswith("SUCCESS")
    await ear.until(lambda: hearing.audible(ear.frames[-1]))
    begun = len(ear.frames)
    here = agent_session(room.agent)
    assert here is not None
    session = service.controller.session(here.place)
    assert session is not None

    changed = await service.reload({"main": replace(pbx, username="tester")})
    assert changed.lines == ("asterisk main has changed, and is connected anew",)
    assert session.state is State.ADRIFT
    await service.until(lambda: session.state is State.PLAYING)
    await ear.listen(0.5)

    assert (await screen.stage("PAUSE")).startswith("SUCCESS")
    paused = len(ear.frames)
    assert hearing.goes_on(ear.frames[begun:paused])
    await ear.listen(0.1)
    assert not any(hearing.audible(frame) for frame in await ear.listen(0.3))
    assert (await screen.stage("STOP")).startswith("SUCCESS")
