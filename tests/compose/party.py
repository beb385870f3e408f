"""A party in a room of the containerised Asterisk, whose ear is here, outside of the containers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ears.ear import Ear, EarServer

from .stack import Stack


class EarsAtGateway(EarServer):
    """Listens at the address under which containers reach this machine."""

    def __init__(self, gateway: str) -> None:
        super().__init__()
        self.gateway = gateway

    async def __aenter__(self) -> "EarsAtGateway":
        self._server = await asyncio.start_server(self._serve, self.gateway, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self


@asynccontextmanager
async def party(stack: Stack, room: str) -> AsyncIterator[Ear]:
    """Bring a party in; it hears the room when this returns, and leaves at the end."""
    async with EarsAtGateway(stack.network()["Gateway"]) as ears:
        ear = ears.new()
        channel = f"AudioSocket/{ears.gateway}:{ears.port}/{ear.id}"
        order = f"channel originate {channel} extension {room}@callcue-test-rooms"
        await asyncio.to_thread(stack.inside, "asterisk", "asterisk", "-rx", order)
        await ear.until(lambda: len(ear.frames) > 2)
        yield ear
        ear.hang_up()
        async with asyncio.timeout(5):
            await ear.gone.wait()
