"""A party in the call without a phone: Asterisk's AudioSocket brings it each frame it hears.

The wire (AudioSocket): one byte kind, two bytes length, payload; 0x01 the UUID of the party,
0x10 signed linear audio at 8 kHz, 0x00 the end. A frame comes every 20 ms and is answered by one.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

KIND_HANGUP = 0x00
KIND_UUID = 0x01
KIND_AUDIO = 0x10

SILENT_FRAME = bytes([KIND_AUDIO]) + (320).to_bytes(2, "big") + bytes(320)


@dataclass(slots=True)
class Frame:
    """One frame as it arrived: monotonic seconds, and its samples."""

    at: float
    samples: NDArray[np.int16]


@dataclass(slots=True)
class Ear:
    """One party: all that it has heard since it joined."""

    id: UUID = field(default_factory=uuid4)
    frames: list[Frame] = field(default_factory=list)
    writer: asyncio.StreamWriter | None = None
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
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

    def hang_up(self) -> None:
        """Leave the call, as a caller does."""
        if self.writer is not None:
            self.writer.close()

    async def hear(self, payload: bytes) -> None:
        """Take in one frame."""
        self.frames.append(Frame(time.monotonic(), np.frombuffer(payload, dtype="<i2")))
        async with self._heard:
            self._heard.notify_all()


class EarServer:
    """Where Asterisk connects to, once for each party."""

    def __init__(self) -> None:
        self._ears: dict[UUID, Ear] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> "EarServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for ear in self._ears.values():
            ear.hang_up()

    def new(self) -> Ear:
        """An ear that waits for its connection."""
        ear = Ear()
        self._ears[ear.id] = ear
        return ear

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear: Ear | None = None
        try:
            while True:
                kind, length = await self._header(reader)
                payload = await reader.readexactly(length)
                if kind == KIND_UUID:
                    ear = self._ears[UUID(bytes=payload)]
                    ear.writer = writer
                    ear.connected.set()
                elif kind == KIND_AUDIO and ear is not None:
                    await ear.hear(payload)
                    writer.write(SILENT_FRAME)
                elif kind == KIND_HANGUP:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if ear is not None:
                ear.gone.set()
            writer.close()

    @staticmethod
    async def _header(reader: asyncio.StreamReader) -> tuple[int, int]:
        head = await reader.readexactly(3)
        return head[0], int.from_bytes(head[1:], "big")
