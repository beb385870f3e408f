"""A room of a test's own, and the parties in it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

from ears.ear import Ear, EarServer

from .hand import Hand


@dataclass
class Room:
    """A conference with a number nobody else uses."""

    number: str
    hand: Hand
    ears: EarServer
    agent: str = ""
    profile: str = ""
    parties: list[Ear] = field(default_factory=list)

    async def party(self, *, agent: bool = False, inherited: str = "") -> Ear:
        """Bring a party in; it is heard by and hears the room when this returns.

        *inherited*: underscores that make the agent's variable pass on to other channels.
        """
        ear = self.ears.new()
        variables = {f"{inherited}CALLCUE_AGENT": self.agent} if agent else {}
        reply = await self.hand.do(
            "Originate",
            variables,
            Channel=ear.channel,
            Context="callcue-test-rooms",
            Exten=f"{self.profile}{self.number}",
            Priority="1",
            Async="true",
            ChannelId=str(ear.id),
        )
        assert reply["Response"] == "Success", reply
        async with asyncio.timeout(5):
            await ear.connected.wait()
        await ear.until(lambda: len(ear.frames) > 2)
        self.parties.append(ear)
        return ear

    async def press(self, digits: str) -> None:
        """A party comes in, presses these keys one after the other, and leaves."""
        presser = f"presser-{uuid4()}"
        reply = await self.hand.do(
            "Originate",
            Channel=f"Local/{self.profile}{self.number}@callcue-test-rooms/n",
            Application="SendDTMF",
            Data=f"{digits},40,60",
            Async="true",
            ChannelId=presser,
        )
        assert reply["Response"] == "Success", reply
        await self.hand.until(
            lambda: any(
                e.get("Event") == "Hangup" and e.get("Uniqueid") == presser
                for e in self.hand.events
            )
        )

    async def close(self) -> None:
        """Everybody leaves."""
        for ear in self.parties:
            ear.hang_up()
        for ear in self.parties:
            async with asyncio.timeout(5):
                await ear.gone.wait()


NewRoom = Callable[..., Awaitable[Room]]
"""The fixture `new_room`: makes a room, with a profile if one is named."""
