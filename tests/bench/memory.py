"""Memory for each session: counted by the allocation in `weigh`, and by the process beside it."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from .plan import Plan
from .process import resident_kib
from .rig import LONG_CLIP, Rig

TESTS = Path(__file__).parents[1]


async def measure(rig: Rig, plan: Plan) -> dict[str, Any]:
    """One session in each of many rooms: live, and once their playbacks have ended."""
    rig.say(f"memory of {plan.weighed} sessions")
    places = await rig.rooms(plan.weighed + 1)
    weighed = await _weigh(rig, [place.number for place in places])
    idle = resident_kib(rig.service.pid)
    await rig.play_in_all(rig.screen, places)
    live = resident_kib(rig.service.pid)
    await rig.stop_in_all(rig.screen, places)
    ended = resident_kib(rig.service.pid)
    return {**weighed, "process_kib": {"idle": idle, "live": live, "ended": ended}}


async def _weigh(rig: Rig, rooms: list[str]) -> dict[str, Any]:
    address = {
        "name": "main",
        "host": rig.pbx.host,
        "port": rig.pbx.port,
        "username": rig.pbx.username,
        "secret": rig.pbx.secret,
    }
    order = {"address": address, "clip": LONG_CLIP, "rooms": rooms}
    with (rig.folder / "weigh.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.weigh"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
    found, _ = await process.communicate(json.dumps(order).encode())
    assert process.returncode == 0, (rig.folder / "weigh.log").read_text()
    weighed: dict[str, Any] = json.loads(found)
    return weighed
