"""Random commands on many calls, with random faults of the link: of one seed, always the same.

After every burst callcue must say what is heard in each room; at the end every playback that was
accepted has one end, and no two clips were ever heard together.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

from real.pbx import Pbx
from real.unreliable import Wire
from real.world import RealWorld, real_world
from stateful.runner import agree, happen, rest
from stateful.script import SOUNDS, Do, EndClip, Enter, Leave, LoseLink, Step

from callcue.core.commands import Command, Pause, Play, Restart, Resume, Seek, Stop, Volume
from callcue.core.playback import PlayRequest
from callcue.core.types import IfPlaying, Milliseconds

from .own import resident_kib

AT_ONCE = 20
"""Steps of one burst."""
FAULTS = ("cut", "late", "in pieces", "silent")
FAULTY = 0.15
"""Of the bursts: one in so many meets a fault of the link."""
WARM = 20
"""The burst after which everything has been done once."""
GROWS_AT_MOST_KIB = 32 * 1024
"""What is kept of each playback to judge it by is a part of that."""


async def random_commands(
    pbx: Pbx, commands: int, calls: int, seed: int, say: Callable[[str], None]
) -> None:
    """So many commands on so many calls; *say* is told how far it is."""
    chance = random.Random(seed)
    async with Wire(pbx.port) as wire, real_world(pbx, calls, wire) as world:
        done: Counter[str] = Counter()
        began, size = time.monotonic(), 0
        for number, burst in enumerate(_bursts(chance, calls, commands)):
            fault = chance.choice(FAULTS) if chance.random() < FAULTY else "no fault"
            done.update([*_kinds(burst), fault])
            when = f"seed {seed}, burst {number}, {fault}: {burst}"
            try:
                await _burst(world, wire, burst, fault)
                await asyncio.gather(*(agree(world, room, "afterwards") for room in world.rooms))
                world.forget_what_was_heard()
            except BaseException as failure:
                failure.add_note(when)
                raise
            if number == WARM:
                size = resident_kib()
            if number % 25 == 0:
                say(f"{sum(done.values())} steps in {time.monotonic() - began:.0f} s")
        for room in world.rooms:
            await world.leave(room)
        for room in world.rooms:
            await rest(world, room)
        world.ledger.assert_one_end_each()
        more = resident_kib() - size if size else 0
        say(f"no violation. {dict(done)}; {more} KiB more than at burst {WARM}")
        assert more < GROWS_AT_MOST_KIB, f"{more} KiB more than at burst {WARM}"


async def _burst(world: RealWorld, wire: Wire, burst: list[Step], fault: str) -> None:
    """Let it happen, and the fault beside it."""
    wire.delay = 0.05 if fault == "late" else 0.0
    wire.splits = fault == "in pieces"
    if fault == "silent":
        wire.swallow()
        asyncio.get_running_loop().call_later(0.3, wire.pass_on)
    await happen(world, [*burst, LoseLink()] if fault == "cut" else burst)
    wire.delay, wire.splits = 0.0, False
    await world.until_ready()


def _bursts(chance: random.Random, calls: int, commands: int) -> Iterator[list[Step]]:
    left = commands
    while left > 0:
        burst = [_step(chance, chance.randrange(calls)) for _ in range(min(AT_ONCE, left))]
        left -= len(burst)
        yield burst
        # An empty room is entered again: in there all is refused.
        if gone := [Enter(step.room) for step in burst if isinstance(step, Leave)]:
            yield list(gone)


def _step(chance: random.Random, room: int) -> Step:
    if chance.random() < 0.08:
        return chance.choice((EndClip(room), EndClip(room), Leave(room)))
    return Do(room, _command(chance))


def _command(chance: random.Random) -> Command:
    media = tuple(chance.choice(SOUNDS) for _ in range(chance.randint(1, 2)))
    play = PlayRequest(media, chance.randint(1, 2), if_playing=chance.choice(list(IfPlaying)))
    controls: list[Command] = [
        Pause(),
        Resume(),
        Restart(),
        Seek(Milliseconds(chance.randint(0, 40_000)), chance.choice((None, 1, 2))),
        Volume(chance.randint(-12, 12)),
        Stop(keep_queue=chance.random() < 0.5),
    ]
    return Play(play) if chance.random() < 0.25 else chance.choice(controls)


def _kinds(burst: list[Step]) -> list[str]:
    return [type(step.command if isinstance(step, Do) else step).__name__.lower() for step in burst]
