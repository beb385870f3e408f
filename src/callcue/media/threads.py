"""Work on files, in a thread that is always waited for."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Do *work* while others are served.

    Who is cancelled meanwhile is so when it is done: what comes next is that the file is closed,
    and a thread at work on a closed file is at work on whatever gets its number.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        while not working.done():
            try:
                await asyncio.wait([working])
            except asyncio.CancelledError:
                continue
        if not working.cancelled():
            working.exception()  # nobody is left to be told
        raise
