"""A party in the call without a phone: it keeps each frame that Asterisk brings it, and speaks."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from .clips import RATE


@dataclass(slots=True)
class Frame:
    """One frame as it arrived: monotonic seconds, and its samples at 8 kHz."""

    at: float
    samples: NDArray[np.int16]


FRAME = 160
"""Samples in 20 ms."""

VOICE = 3000
"""How loud a party speaks, where it does not keep silent."""


@dataclass(slots=True)
class Ear:
    """One party: all that it has heard since it joined."""

    id: UUID
    channel: str
    """What Asterisk is asked to originate, so that this ear is the party."""
    mark: str
    """A part of its channel's name that no other name has."""
    hang_up: Callable[[], None]
    """Leaves the call, as a caller does."""
    frames: list[Frame] = field(default_factory=list)
    pitch: float = 0.0
    """Hz of the tone that it says; 0 is silence, sent as a phone sends it."""
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _said: int = 0
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    def since(self, moment: float) -> list[Frame]:
        """The frames that arrived after *moment* (monotonic seconds)."""
        return [frame for frame in self.frames if frame.at >= moment]

    async def until(self, condition: Callable[[], bool], within: float = 5.0) -> None:
        """Wait until *condition* holds, looking again at each frame heard."""
        async with asyncio.timeout(within), self._heard:
            await self._heard.wait_for(condition)

    async def listen(self, seconds: float) -> list[Frame]:
        """Listen for *seconds* of audio and return it."""
        start = len(self.frames)
        wanted = start + round(seconds * 50)
        await self.until(lambda: len(self.frames) >= wanted, within=seconds + 5)
        return self.frames[start:wanted]

    async def speak(self, send: Callable[[NDArray[np.int16]], None]) -> None:
        """Send a frame every 20 ms, as every phone does, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            send(self._next_words())
            due += 0.02
            await asyncio.sleep(due - loop.time())

    def _next_words(self) -> NDArray[np.int16]:
        t = (self._said + np.arange(FRAME)) / RATE
        self._said += FRAME
        return (VOICE * np.sin(2 * np.pi * self.pitch * t)).astype(np.int16)

    async def hear(self, samples: NDArray[np.int16]) -> None:
        """Take in one frame."""
        self.frames.append(Frame(time.monotonic(), samples))
        async with self._heard:
            self._heard.notify_all()


class EarServer(ABC):
    """Where Asterisk brings what the parties hear, one ear for each party."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Be there for the parties."""

    @abstractmethod
    async def __aexit__(self, *_: object) -> None:
        """Every party leaves."""

    @abstractmethod
    def new(self) -> Ear:
        """An ear that waits for its party to be brought in."""
