"""Commands a second: every room is paused and resumed as fast as each is confirmed.

Each contestant has a playback in every room; those of the others stand still while one has its
turn. The two dialects of callcue share theirs.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from .contestant import Contestant, Place, Refused
from .plan import Plan
from .process import cpu_seconds
from .rig import LONG_CLIP, Rig
from .stats import median

SETTLE_SECONDS = 60.0


@dataclass
class Turns:
    """What one contestant did in all its turns."""

    per_second: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    """Median ms to the answer, for each turn."""
    callcue_ms: list[float] = field(default_factory=list)
    """CPU of callcue for each command."""
    asterisk_ms: list[float] = field(default_factory=list)
    refused: int = 0
    """Commands that were not confirmed in time, or whose playback had ended under them."""


async def measure(rig: Rig, plan: Plan) -> dict[str, Any]:
    """All contestants, by turns."""
    places = await rig.rooms(plan.rooms)
    players = (rig.raw, rig.ari, rig.screen)
    for player in players:
        places = await rig.play_in_all(player, places)
        for place in places:
            with suppress(Refused):
                await player.pause(place)
    found = {contestant.name: Turns() for contestant in rig.contestants}
    await asyncio.sleep(1)
    resting = await _busy(rig)
    for block in range(plan.blocks + 1):
        rig.say(f"throughput in {plan.rooms} rooms: turn {block} of {plan.blocks}")
        for contestant in rig.contestants:
            turn = Turns() if block == 0 else found[contestant.name]  # the first warms up
            await _settle(rig, resting)
            await _turn(rig, plan, contestant, places, turn)
    for player in players:
        await rig.stop_in_all(player, places)
    return {"rooms": len(places), "turns": {name: vars(turns) for name, turns in found.items()}}


async def _settle(rig: Rig, resting: float) -> None:
    """Wait until Asterisk has done what it was told: ARI's commands are queued, and still run."""
    async with asyncio.timeout(SETTLE_SECONDS):
        while await _busy(rig) > resting + 0.1:
            pass


async def _busy(rig: Rig) -> float:
    """Cores that Asterisk uses now."""
    before, began = cpu_seconds(rig.pbx.pid), time.monotonic()
    await asyncio.sleep(0.3)
    return (cpu_seconds(rig.pbx.pid) - before) / (time.monotonic() - began)


async def _turn(
    rig: Rig, plan: Plan, contestant: Contestant, places: list[Place], turns: Turns
) -> None:
    answered: list[float] = []
    callcue, asterisk = cpu_seconds(rig.service.pid), cpu_seconds(rig.pbx.pid)
    began = time.monotonic()
    end = began + plan.block_seconds
    refused = sum(
        await asyncio.gather(*(_loop(contestant, place, end, answered) for place in places))
    )
    seconds = time.monotonic() - began
    turns.refused += refused
    turns.per_second.append(len(answered) / seconds)
    turns.answered.append(median(answered))
    turns.callcue_ms.append((cpu_seconds(rig.service.pid) - callcue) / len(answered) * 1000)
    turns.asterisk_ms.append((cpu_seconds(rig.pbx.pid) - asterisk) / len(answered) * 1000)


async def _loop(contestant: Contestant, place: Place, end: float, answered: list[float]) -> int:
    """Resume and pause one room until the end, so that it stands still again then."""
    refused = 0
    for verb in cycle((contestant.resume, contestant.pause)):
        sent = time.monotonic()
        try:
            await verb(place)
        except Refused:
            refused += 1
            with suppress(Refused):  # it plays still
                await contestant.play(place, LONG_CLIP)
        else:
            answered.append((time.monotonic() - sent) * 1000)
        if verb == contestant.pause and time.monotonic() > end:
            return refused
    raise AssertionError("a cycle has no end")
