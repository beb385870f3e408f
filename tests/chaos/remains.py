"""What a service has of its machine: after any fault it shall have no more than it began with."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from real.restarting import ServiceProcess

MORE_FILES = 4
"""Descriptors that may be there besides: connections of its store, which are opened when needed."""
MORE_BYTES = 8 * 1024 * 1024
"""Memory that may be kept after whatever was done for the first time; seen was half of one."""
LOOK_AGAIN_SECONDS = 0.1
WITHIN_SECONDS = 10.0
"""For what is on its way to be over."""


@dataclass(frozen=True, slots=True)
class Remains:
    """At one moment."""

    tasks: int
    files: int
    """Descriptors."""
    bytes: int
    """Resident memory."""


async def at_rest(process: ServiceProcess) -> Remains:
    """What it has once nothing is on its way any more."""
    before = await _remains_of(process)
    while (now := await _remains_of(process)).tasks != before.tasks:
        before = now
    return now


async def _remains_of(process: ServiceProcess) -> Remains:
    """As they are in a moment. Who asks has one connection to it, and closes that."""
    await asyncio.sleep(LOOK_AGAIN_SECONDS)
    async with process.http.get(f"{process.url}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    (tasks,) = (
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "callcue_tasks"
    )
    own = Path(f"/proc/{process.pid}")
    pages = int((own / "statm").read_text().split()[1])
    return Remains(int(tasks), len(list((own / "fd").iterdir())), pages * 4096)


async def until_as_it_began(process: ServiceProcess, began: Remains) -> Remains:
    """Wait until no more is there than at the beginning; what is there."""
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not _is_back(now := await _remains_of(process), began):
                pass
    except TimeoutError:
        raise AssertionError(f"it began with {began}, and still has {now}") from None
    return now


def _is_back(now: Remains, began: Remains) -> bool:
    return (
        now.tasks <= began.tasks
        and now.files <= began.files + MORE_FILES
        and now.bytes <= began.bytes + MORE_BYTES
    )
