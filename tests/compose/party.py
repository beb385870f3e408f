"""A party in a room of the containerised Asterisk, whose ear is here, outside of the containers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ears.audiosocket import AudioSocketServer
from ears.ear import Ear

from .stack import Stack


@asynccontextmanager
async def party(stack: Stack, room: str) -> AsyncIterator[Ear]:
    """Bring a party in; it hears the room when this returns, and leaves at the end."""
    # The address under which containers reach this machine.
    async with AudioSocketServer(stack.network()["Gateway"]) as ears:
        ear = ears.new()
        order = f"channel originate {ear.channel} extension {room}@callcue-test-rooms"
        await asyncio.to_thread(stack.inside, "asterisk", "asterisk", "-rx", order)
        await ear.until(lambda: len(ear.frames) > 2)
        yield ear
        ear.hang_up()
        async with asyncio.timeout(5):
            await ear.gone.wait()
