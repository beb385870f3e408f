"""What a process costs: its CPU time and its memory, as Linux counts them."""

import os
import platform
import time
from pathlib import Path

_OF_THE_SCHEDULER = 2
"""Linux makes a clock of any process of its id and this (clock_getcpuclockid)."""


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads so far, to the microsecond."""
    return time.clock_gettime(~pid << 3 | _OF_THE_SCHEDULER)


def resident_kib(pid: int) -> int:
    """Memory that is its own: what would be free again if it ended."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError("the kernel does not say")


def machine() -> dict[str, object]:
    """Of what class this machine is, without its name."""
    memory = next(
        int(line.split()[1])
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal")
    )
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**20, 1),
        "python": platform.python_version(),
        "load": [round(load, 1) for load in os.getloadavg()],
    }
