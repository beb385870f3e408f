"""One callcue on a wire of its own, which plays a clock, stands paused, and has one waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from ears.ear import Ear, EarServer
from real.hand import Hand
from real.pbx import Pbx
from real.restarting import ServiceProcess, service_process
from real.room import Room
from real.service import Integrator
from real.unreliable import Wire
from stateful.script import SOUNDS

from .remains import Remains, at_rest

BACK_SECONDS = 25.0
HUNG_SECONDS = 4.0
"""No command waits longer for its answer, whatever is broken."""

CLOCK = SOUNDS[0]
"""A sound that is a clock."""

_numbers = cycle(range(800, 1000))
"""Of rooms: so many the test PBX has, and a soak needs more."""


def next_number() -> int:
    """The last digits of a room that no other scene has now."""
    return next(_numbers)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where scenes are played."""

    pbx: Pbx
    hand: Hand
    ears: EarServer
    folder: Path
    """Each scene has one of its own in there."""
    seed: int = 0
    """Of what is left to chance."""


@dataclass
class Scene:
    """One callcue, and what it plays."""

    wire: Wire
    process: ServiceProcess
    ear: Ear
    still: Ear
    ids: list[str]
    began: Remains
    """What the service had before it played anything."""

    @property
    def bird(self) -> Integrator:
        """Of the room where the clock is heard."""
        return self.process.integrator(self.ear.id)

    @property
    def paused(self) -> Integrator:
        """Of the other one."""
        return self.process.integrator(self.still.id)

    async def answered(self) -> str:
        """A verb that changes nothing is answered, and soon; the code of its refusal if any."""
        async with asyncio.timeout(HUNG_SECONDS):
            _, answer = await self.paused.refused("pause")
        code: str = answer.get("code", "")
        return code

    async def is_back(self) -> None:
        """Wait until the service knows again what it plays."""
        async with asyncio.timeout(BACK_SECONDS):
            while (
                not await self.process.is_ready() or (await self.bird.status())["state"] == "adrift"
            ):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def scene(ground: Ground, folder: Path) -> AsyncIterator[Scene]:
    """One that plays; the service keeps its files in *folder*."""
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(Wire(ground.pbx.port))
        process = await stack.enter_async_context(
            service_process(ground.pbx, folder, ami_port=wire.port)
        )
        rooms = [
            Room(f"8600{next_number()}", ground.hand, ground.ears, agent="nobody") for _ in range(2)
        ]
        for room in rooms:
            stack.push_async_callback(room.close)
        ear, still = [await room.party() for room in rooms]
        await process.start()
        for each in (ear, still):
            await process.knows(each)
        began = await at_rest(process)
        ids = []
        for each, clip in ((ear, CLOCK), (still, "sweep"), (still, "low")):
            _, accepted = await process.integrator(each.id).play(clip)
            ids.append(accepted["id"])
        await process.integrator(still.id).control("pause")
        await ear.listen(0.3)
        yield Scene(wire, process, ear, still, ids, began)
