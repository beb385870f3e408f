"""Plays a script in a world, and holds callcue to its promises after each burst.

What was answered is true: the state that callcue reports is what the room hears. A session never
makes two clips heard. Every accepted playback ends, once.
"""

import asyncio

from callcue.core.commands import Play, Stop
from callcue.core.errors import CallcueError
from callcue.core.session import CallSession
from callcue.core.states import State
from callcue.core.types import Conference

from .script import Do, EndClip, Enter, Leave, LoseLink, Script, Step
from .world import Heard, World

WITHIN = 5.0
"""Seconds after which what is not yet so will not become so."""


async def run(world: World, script: Script) -> None:
    """Play it, then let everybody go home and see that nothing is left."""
    for number, burst in enumerate(script):
        await happen(world, burst)
        await world.until_ready()
        for room in world.rooms:
            await agree(world, room, f"after burst {number}: {burst}")
    for room in world.rooms:
        await world.leave(room)
    for room in world.rooms:
        await rest(world, room)
        await agree(world, room, "at the end")
    world.ledger.assert_one_end_each()
    assert world.most_heard() <= 1


async def happen(world: World, burst: list[Step]) -> None:
    """Do all of it at once; a refusal is an answer, all else is a fault of ours."""
    async with asyncio.timeout(WITHIN * 2):
        results = await asyncio.gather(
            *(_step(world, step) for step in burst), return_exceptions=True
        )
    for step, result in zip(burst, results, strict=True):
        if isinstance(result, BaseException) and not isinstance(result, CallcueError):
            raise AssertionError(f"{step} failed") from result


async def _step(world: World, step: Step) -> None:
    match step:
        case Do(room, command):
            playback = await world.perform(world.rooms[room], command)
            if isinstance(command, Stop):
                assert playback.ended
            if isinstance(command, Play):
                assert world.ledger.find(playback.id) is playback
        case EndClip(room):
            await world.end_clip(world.rooms[room])
        case Leave(room):
            await world.leave(world.rooms[room])
        case Enter(room):
            await world.enter(world.rooms[room])
        case LoseLink():
            await world.lose_link()


async def rest(world: World, room: Conference) -> None:
    """Wait until the session has nothing more to do."""
    try:
        async with asyncio.timeout(WITHIN):
            while not ((session := world.session(room)) is None or session.dormant):
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError(
            f"all are gone, and callcue has {_said(world.session(room))}"
        ) from None


async def agree(world: World, room: Conference, when: str) -> None:
    """Wait until callcue and the listener say the same.

    It may take a moment: an end that nobody asked for is reported by events.
    """
    try:
        async with asyncio.timeout(WITHIN):
            while not _same(world, room, await world.heard(room)):
                await asyncio.sleep(0.001)
    except TimeoutError:
        said = _said(world.session(room))
        heard = await world.heard(room)
        raise AssertionError(
            f"{when}: in {room.number} callcue says {said}, and {heard} is heard"
        ) from None


def _same(world: World, room: Conference, heard: list[Heard]) -> bool:
    session = world.session(room)
    if session is None:
        return heard == []
    if session.state is State.PLAYING:
        return len(heard) == 1 and _as_reported(session, heard[0], world.tolerance)
    if session.state is State.PAUSED:
        return _stands_still(session) and heard == []
    return session.state is State.IDLE and session.dormant and heard == []


def _as_reported(session: CallSession, heard: Heard, tolerance: int) -> bool:
    playback = session.current
    assert playback is not None
    position = playback.position()
    near = abs(position.offset - heard.offset) <= tolerance
    return near and playback.clips[position.item - 1] == heard.sound


def _stands_still(session: CallSession) -> bool:
    playback = session.current
    assert playback is not None
    return playback.position(lambda: 0.0) == playback.position(lambda: 1e6)


def _said(session: CallSession | None) -> str:
    if session is None:
        return "nothing of this room"
    where = session.current and session.current.position()
    return f"{session.state} at {where}, {len(session.queue)} in the queue"
