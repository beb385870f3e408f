"""What is done to one callcue while it plays; another fault is another line of `FAULTS`."""

import asyncio
import resource
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing

from .scene import Scene

Fault = Callable[[Scene], Awaitable[None]]
"""Over when it returns; what it played besides is among the scene's ids."""

FOUND_SECONDS = 15.0
"""For the keepalive to find that nobody is there."""


async def delays(scene: Scene) -> None:
    """The wire takes its time."""
    scene.wire.delay = 0.15
    assert (await scene.paused.control("seek", {"positionMilliseconds": 2000}))["state"] == "paused"
    scene.wire.delay = 0.0


async def splits(scene: Scene) -> None:
    """It brings one byte at a time."""
    scene.wire.splits = True
    for _ in range(3):
        await scene.paused.control("seek", {"positionMilliseconds": 2000})
    scene.wire.splits = False


async def drops(scene: Scene) -> None:
    """It breaks, and breaks again."""
    for _ in range(3):
        scene.wire.drop()
        await scene.answered()
        await asyncio.sleep(0.2)


async def half_closes(scene: Scene) -> None:
    """Asterisk says nothing any more, and listens."""
    scene.wire.close_one_side()
    await scene.answered()


async def swallows(scene: Scene) -> None:
    """Found by the keepalive; until then a verb is not confirmed, and after that refused."""
    scene.wire.swallow()
    silent = time.monotonic()
    while (await scene.answered()) != "asterisk_unavailable":
        assert time.monotonic() - silent < FOUND_SECONDS
        await asyncio.sleep(0.1)
    scene.wire.drop()
    scene.wire.pass_on()


async def store_is_locked(scene: Scene) -> None:
    """Somebody else writes there, and does not come to an end."""
    with closing(sqlite3.connect(scene.process.store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        _, accepted = await scene.bird.play("blink")
        scene.ids.append(accepted["id"])
        await scene.paused.control("seek", {"positionMilliseconds": 2000})
        other.execute("ROLLBACK")


async def disk_is_full(scene: Scene) -> None:
    """No file of the service may grow: not the store, not its journal, not the log."""
    before = resource.prlimit(scene.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(scene.process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        _, accepted = await scene.bird.play("blink")
        scene.ids.append(accepted["id"])
        await scene.paused.control("seek", {"positionMilliseconds": 2000})
    finally:
        resource.prlimit(scene.process.pid, resource.RLIMIT_FSIZE, before)


async def service_is_killed(scene: Scene) -> None:
    """As a power failure would, and it is started again."""
    await scene.process.kill()
    await scene.process.start()


FAULTS: tuple[Fault, ...] = (
    delays,
    splits,
    drops,
    half_closes,
    swallows,
    store_is_locked,
    disk_is_full,
    service_is_killed,
)
