"""Ears over Asterisk's AudioSocket, which is a TCP connection for each party.

The wire: one byte kind, two bytes length, payload; 0x01 the UUID of the party, 0x10 signed linear
audio at 8 kHz, 0x00 the end. A frame comes and goes every 20 ms.
"""

import asyncio
from functools import partial
from typing import Self
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from .ear import Ear, EarServer

KIND_HANGUP = 0x00
KIND_UUID = 0x01
KIND_AUDIO = 0x10

HEADER = bytes([KIND_AUDIO]) + (320).to_bytes(2, "big")


class AudioSocketServer(EarServer):
    """Where Asterisk connects to, once for each party."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self._port = 0
        self._ears: dict[UUID, Ear] = {}
        self._writers: dict[UUID, asyncio.StreamWriter] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for party in self._ears:
            self._leave(party)

    def new(self) -> Ear:
        party = uuid4()
        channel = f"AudioSocket/{self._host}:{self._port}/{party}"
        self._ears[party] = Ear(party, channel, str(party), partial(self._leave, party))
        return self._ears[party]

    def _leave(self, party: UUID) -> None:
        if party in self._writers:
            self._writers[party].close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ear: Ear | None = None
        mouth: asyncio.Task[None] | None = None
        try:
            while True:
                kind, length = await self._header(reader)
                payload = await reader.readexactly(length)
                if kind == KIND_UUID:
                    ear = self._ears[UUID(bytes=payload)]
                    self._writers[ear.id] = writer
                    ear.connected.set()
                    say = partial(self._say, writer)
                    mouth = asyncio.create_task(ear.speak(say))
                elif kind == KIND_AUDIO and ear is not None:
                    await ear.hear(np.frombuffer(payload, dtype="<i2"))
                elif kind == KIND_HANGUP:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if mouth is not None:
                mouth.cancel()
            if ear is not None:
                ear.gone.set()
            writer.close()

    @staticmethod
    def _say(writer: asyncio.StreamWriter, words: NDArray[np.int16]) -> None:
        if not writer.is_closing():
            writer.write(HEADER + words.astype("<i2").tobytes())

    @staticmethod
    async def _header(reader: asyncio.StreamReader) -> tuple[int, int]:
        head = await reader.readexactly(3)
        return head[0], int.from_bytes(head[1:], "big")
