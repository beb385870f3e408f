"""What a command costs while callcue knows few calls, and while it knows thousands."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from .bird import Bird
from .contestant import Contestant, Place, Refused
from .feed import Feed, feeding
from .plan import Plan
from .process import cpu_seconds, resident_kib
from .rig import LONG_CLIP, Rig
from .screen import Screen
from .service import Service, running_service

KNOWN_SECONDS = 30.0


@dataclass
class Cost:
    """Of one dialect, with so many calls known."""

    answered: list[float] = field(default_factory=list)
    """ms for each command."""
    cpu_ms: list[float] = field(default_factory=list)
    """CPU of callcue for each command, one value a cycle."""


async def measure(rig: Rig, plan: Plan) -> dict[str, Any]:
    """Both dialects, through all numbers again and again."""
    (place,) = await rig.rooms(1)
    async with (
        feeding(rig.pbx) as feed,
        running_service(rig.pbx, rig.folder, ami_port=feed.port) as service,
    ):
        bird = Bird(service.host, service.port)
        screen = Screen(service.host, service.port)
        found = await _measure(rig, plan, feed, service, place, bird, screen)
        await bird.close()
        await screen.close()
    return found


async def _measure(
    rig: Rig,
    plan: Plan,
    feed: Feed,
    service: Service,
    place: Place,
    bird: Bird,
    screen: Screen,
) -> dict[str, Any]:
    costs: dict[str, dict[str, Cost]] = defaultdict(lambda: defaultdict(Cost))
    kib: dict[str, int] = {}
    await screen.play(place, LONG_CLIP)
    await _verbs(service, screen, place, plan.known_verbs, Cost())
    await _verbs(service, bird, place, plan.known_verbs, Cost())
    for number in range(plan.cycles):
        rig.say(f"known calls: cycle {number + 1} of {plan.cycles}")
        for known in plan.known:
            await _know(feed, bird, known)
            for contestant in (screen, bird):
                cost = costs[contestant.name][str(known)]
                await _verbs(service, contestant, place, plan.known_verbs, cost)
            kib.setdefault(str(known), resident_kib(service.pid))
    await screen.stop(place)
    return {
        "callcue_kib": kib,
        "costs": {
            name: {known: vars(cost) for known, cost in by_known.items()}
            for name, by_known in costs.items()
        },
    }


async def _know(feed: Feed, bird: Bird, known: int) -> None:
    newest = await feed.know(known)
    async with asyncio.timeout(KNOWN_SECONDS):
        while not await bird.knows(newest):
            await asyncio.sleep(0.02)


async def _verbs(
    service: Service, contestant: Contestant, place: Place, wanted: int, cost: Cost
) -> None:
    before = cpu_seconds(service.pid)
    for verb in islice(cycle((contestant.pause, contestant.resume)), wanted):
        sent = time.monotonic()
        with suppress(Refused):  # an answer all the same, which says that it was not confirmed
            await verb(place)
        cost.answered.append((time.monotonic() - sent) * 1000)
    cost.cpu_ms.append((cpu_seconds(service.pid) - before) / wanted * 1000)
