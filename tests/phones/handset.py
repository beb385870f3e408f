"""What a person holds to ear and mouth: hears each frame of a call, says silence or a tone."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from ears.clips import LOUDNESS, RATE
from ears.ear import Ear, Frame
from numpy.typing import NDArray
from real.hand import Hand

FRAME_SECONDS = 0.020
SOON = 5.0
"""Seconds within which SIP and RTP on loopback have done anything."""


@dataclass(slots=True)
class Handset(Ear, ABC):
    """The ear and the mouth of one phone in one call, over all its holds."""

    rate: int = RATE
    hertz: float = 0
    """What it says: a tone, or silence."""
    _said: int = 0
    _mouth: asyncio.Task[None] | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """What the phones' Asterisk dials to reach it."""

    @abstractmethod
    async def open(self) -> None:
        """Be there to be dialled."""

    @abstractmethod
    async def lift(self, farm: Hand) -> None:
        """Wait until the phones' Asterisk has dialled anew; hear and speak from then on."""

    @abstractmethod
    def say(self, samples: NDArray[np.int16]) -> None:
        """Send 20 ms of speech."""

    async def close(self) -> None:
        """Be gone."""
        self.lay_down()
        if self._mouth is not None:
            with suppress(asyncio.CancelledError):
                await self._mouth

    def says(self, hertz: float) -> None:
        """From now on, say this tone; 0 is silence."""
        self.hertz = hertz

    async def listen(self, seconds: float) -> list[Frame]:
        """Listen for *seconds* and return what came: no frames from a far end that sends none."""
        start = time.monotonic()
        await asyncio.sleep(seconds)
        return self.since(start)

    async def until(self, condition: Callable[[], bool], within: float = SOON) -> None:
        """Wait until *condition* holds."""
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(FRAME_SECONDS / 2)

    def lay_down(self) -> None:
        """Say nothing any more."""
        if self._mouth is not None:
            self._mouth.cancel()

    def begin_to_speak(self) -> None:
        """Speak by a clock of its own: were it to answer frames, two would wait for each other."""
        self.lay_down()
        self._mouth = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        due = time.monotonic()
        while True:
            self.say(self._next_samples())
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _next_samples(self) -> NDArray[np.int16]:
        size = round(self.rate * FRAME_SECONDS)
        t = np.arange(self._said, self._said + size) / self.rate
        self._said += size
        return (LOUDNESS * np.sin(2 * np.pi * self.hertz * t)).astype(np.int16)
