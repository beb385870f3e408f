"""Waits until something is so that nobody tells."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], Awaitable[bool]], seconds: float = 10.0, *, every: float = 0.02
) -> None:
    """Ask again and again until *condition* holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(every)
