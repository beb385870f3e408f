"""Verbs in steps of 1 ms over the start and the end of a clip: nothing in between is ever seen.

Each verb has rooms of its own, so that the sweeps run side by side.
"""

import asyncio
import time

import pytest
from ears import hearing
from ears.ear import Ear
from real.room import NewRoom, Room
from real.service import Service

from callcue.core.commands import Command, Pause, Play, Restart, Resume, Seek, Stop
from callcue.core.errors import NothingPlaying
from callcue.core.playback import Playback, PlayRequest
from callcue.core.states import State
from callcue.core.types import Conference, EndReason, Milliseconds

CLIP_MS = 200
"""Length of the clip "blink"."""

VERBS: list[Command] = [Pause(), Resume(), Restart(), Seek(Milliseconds(20)), Stop()]
"""SEEK leaves 180 ms to hear: it is mute until callcue opens it, 130 ms later on a busy machine."""


ROOMS = 3
"""For each verb: they share its steps."""

BEFORE = 0.005
"""Seconds before the moment from which on it is watched for; an alarm may be some ms late."""


async def precisely(moment: float) -> None:
    """Wait until *moment* (monotonic seconds), to the tenth of a ms, letting others work."""
    await asyncio.sleep(max(0, moment - BEFORE - time.monotonic()))
    while time.monotonic() < moment:
        await asyncio.sleep(0)


class Sweep:
    """One verb thrown at one clip, again and again."""

    def __init__(self, service: Service, room: Room, ear: Ear) -> None:
        self._controller = service.controller
        self._conference = Conference(service.server.name, room.number)
        self._ear = ear

    async def at(self, ms: int, command: Command, *, from_start: bool) -> str:
        """Throw *command* so many ms behind acceptance, or into the clip; what came of it."""
        playback = await self._play()
        if not from_start:
            await playback.audible()
            ms -= playback.position().offset
        await precisely(time.monotonic() + ms / 1000)
        answer = await self._answer(command)
        await self._holds(playback, command, answer)
        if self._state() is State.PAUSED:
            await self._answer(Stop())
        await asyncio.wait_for(playback.gone(), 3)
        assert self._state() is State.IDLE
        return answer

    async def behind(self, command: Command) -> str:
        """Throw it as soon as the clip is over and its leg gone."""
        playback = await self._play()
        await asyncio.wait_for(playback.gone(), 3)
        return await self._answer(command)

    async def _play(self) -> Playback:
        return await self._controller.perform(self._conference, Play(PlayRequest(("blink",))))

    async def _answer(self, command: Command) -> str:
        try:
            await self._controller.perform(self._conference, command)
        except NothingPlaying:
            return "ended"
        return "done"

    async def _holds(self, playback: Playback, command: Command, answer: str) -> None:
        """The answer is true: what it says is so."""
        if answer == "ended":
            await asyncio.wait_for(playback.gone(), 3)
            assert playback.reason is EndReason.FINISHED
        elif isinstance(command, Pause):
            assert self._state() is State.PAUSED
            await self._is_silent()
        elif isinstance(command, Stop):
            assert playback.ended
            await self._is_silent()
        else:  # RESUME, RESTART and SEEK let it play to its end
            heard = await self._ear.listen(0.2)
            # A RESUME in the last ms of a clip is true, and there is nothing left to hear.
            assert isinstance(command, Resume) or any(map(hearing.audible, heard))
            await asyncio.wait_for(playback.gone(), 3)
            assert playback.reason is EndReason.FINISHED

    async def _is_silent(self) -> None:
        assert hearing.falls_silent(await self._ear.listen(0.2))

    def _state(self) -> State:
        session = self._controller.session(self._conference)
        assert session is not None
        return session.state


@pytest.mark.parametrize("from_start", [True, False], ids=["over the start", "over the end"])
async def test_given_a_clip_when_verbs_sweep_in_ms_then_each_answer_is_true(
    new_room: NewRoom, service: Service, from_start: bool
) -> None:
    steps = range(30) if from_start else range(CLIP_MS - 20, CLIP_MS + 10)

    async def sweep(command: Command, first: int) -> set[str]:
        room = await new_room()
        ear = await room.party(agent=True)
        one = Sweep(service, room, ear)
        seen = {await one.at(ms, command, from_start=from_start) for ms in steps[first::ROOMS]}
        # Behind the clip's end its leg stays for two frames more, and a STOP is obeyed until then.
        assert await one.behind(command) == "ended"
        return seen

    async with asyncio.TaskGroup() as group:  # where one fails the others stop
        sweeps = [
            [group.create_task(sweep(verb, first)) for first in range(ROOMS)] for verb in VERBS
        ]

    answers = [set[str]().union(*(part.result() for part in parts)) for parts in sweeps]
    assert all("done" in seen for seen in answers), answers
