"""Calls of two parties, and parties that are with nobody, each with an ear."""

import asyncio
from dataclasses import dataclass, field

from ears.ear import Ear, EarServer

from .hand import Hand

CALLS = "callcue-test-calls"
"""The context where they are."""


@dataclass
class Telephone:
    """Brings parties in. Afterwards all of them are sent away."""

    hand: Hand
    ears: EarServer
    parties: list[Ear] = field(default_factory=list)

    async def alone(self, extension: str = "wait", context: str = CALLS, **variables: str) -> Ear:
        """One party at that extension; it is up when this returns."""
        ear = self._new()
        await self._dial(ear, extension, variables, context)
        await ear.until(lambda: len(ear.frames) > 2)
        return ear

    async def without_dialplan(self, application: str, data: str) -> Ear:
        """One party in an application that no dialplan has called."""
        ear = self._new()
        await self._start(ear, {}, Application=application, Data=data)
        await ear.until(lambda: len(ear.frames) > 2)
        return ear

    async def talk(self, dial: str = "dial", **variables: str) -> tuple[Ear, Ear]:
        """One calls the other, and is an agent if a variable says so; both are up and hear."""
        caller, called = self._new(), self._new()
        await self._dial(caller, dial, {"CALLED": called.channel, **variables})
        for ear in (caller, called):
            async with asyncio.timeout(5):
                await ear.connected.wait()
            await ear.until(lambda ear=ear: len(ear.frames) > 2)  # type: ignore[misc]
        return caller, called

    async def close(self) -> None:
        """Everybody leaves."""
        for ear in self.parties:
            ear.hang_up()
        for ear in self.parties:
            if ear.connected.is_set():
                async with asyncio.timeout(5):
                    await ear.gone.wait()

    def _new(self) -> Ear:
        ear = self.ears.new()
        self.parties.append(ear)
        return ear

    async def _dial(
        self, ear: Ear, extension: str, variables: dict[str, str], context: str = CALLS
    ) -> None:
        await self._start(ear, variables, Context=context, Exten=extension, Priority="1")

    async def _start(self, ear: Ear, variables: dict[str, str], **where: str) -> None:
        reply = await self.hand.do(
            "Originate",
            variables,
            Channel=ear.channel,
            Async="true",
            ChannelId=str(ear.id),
            **where,
        )
        assert reply["Response"] == "Success", reply
