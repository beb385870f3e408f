"""The phones of one test, at one PBX, with a hand on each of the two Asterisks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from real.hand import Hand
from real.pbx import Pbx

from .farm import CODECS
from .phone import Phone
from .picture import channels_of_phones


class Exchange:
    """Made by `exchange`."""

    def __init__(self, pbx: Pbx, hand: Hand, farm: Hand) -> None:
        self.pbx = pbx
        self.hand = hand
        self.farm = farm
        self._phones = {name: Phone(name, farm, pbx) for name in CODECS}

    def phones(self, *names: str) -> list[Phone]:
        """The phones of these names, which are registered."""
        return [self._phones[name] for name in names]

    async def register(self) -> None:
        """Register every phone anew."""
        await asyncio.gather(*(phone.register() for phone in self._phones.values()))

    async def close(self) -> None:
        """Everybody hangs up; done when the PBX has no channel of a phone any more."""
        for phone in self._phones.values():
            await phone.hang_up()
        async with asyncio.timeout(5):
            while await channels_of_phones(self.hand):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def exchange(pbx: Pbx, farm: Pbx) -> AsyncIterator[Exchange]:
    """All phones on hook, before and after."""
    hand, farm_hand = Hand(), Hand()
    await hand.open(pbx.host, pbx.port, pbx.secret)
    await farm_hand.open(farm.host, farm.port, farm.secret)
    phones = Exchange(pbx, hand, farm_hand)
    try:
        yield phones
        await phones.close()
    finally:
        await hand.close()
        await farm_hand.close()
