"""Verbs that meet the step from one item to the next, where the dialplan is at work itself.

This shows that such verbs are obeyed. It does not show that the landing of verbs is needed: it
passes without it too (6,000 pauses). See docs/decisions/0002-verbs-are-redirects.md.
"""

import asyncio
import random

from real.room import NewRoom
from real.service import Service

from callcue.core.commands import Pause, Play, Resume, Stop
from callcue.core.playback import PlayRequest
from callcue.core.states import State
from callcue.core.types import Conference, EndReason

ROOMS = 8
PAUSES = 75
"""In each room."""


async def test_given_tiny_items_without_end_when_paused_at_their_seams_then_never_lost(
    new_room: NewRoom, service: Service
) -> None:
    moments = random.Random(7)  # the same moments on every machine

    async def one_room() -> None:
        room = await new_room()
        await room.party(agent=True)
        conference = Conference(service.server.name, room.number)
        ask = service.controller.perform
        playback = await ask(conference, Play(PlayRequest(("tick", "tick"), rounds=None)))
        await playback.audible()
        for _ in range(PAUSES):
            # An item is one frame: its seam is 20 ms after it was announced.
            left = 20 - playback.position().offset % 20
            await asyncio.sleep((left - moments.uniform(0, 2)) / 1000)
            await ask(conference, Pause())
            session = service.controller.session(conference)
            assert session is not None
            assert session.state is State.PAUSED
            await ask(conference, Resume())
        await ask(conference, Stop())
        assert playback.reason is EndReason.STOPPED

    async with asyncio.TaskGroup() as group:  # where one fails the others stop
        for _ in range(ROOMS):
            group.create_task(one_room())
