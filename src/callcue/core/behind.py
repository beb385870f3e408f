"""Work that nobody waits for, as lines of the log: it is done behind the answers."""

import asyncio
from collections.abc import Callable
from typing import TypeVarTuple

BEHIND_SECONDS = 0.003
"""An answer takes some turns of the loop and some round trips; this is longer than most."""

Parts = TypeVarTuple("Parts")


def behind(work: Callable[[*Parts], object], *parts: *Parts) -> None:
    """Do it in a moment, in the order in which it was asked for, and in the asker's context."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        work(*parts)  # nothing is answered here
    else:
        loop.call_later(BEHIND_SECONDS, work, *parts)
