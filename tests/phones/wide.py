"""The handset of a wideband phone: the phones' Asterisk decodes, and AudioSocket brings 16 kHz.

Not for calls that are held: see `narrow` for what becomes of the audio then.
"""

import asyncio
from dataclasses import dataclass

import numpy as np
from ears.audiosocket import KIND_AUDIO, KIND_HANGUP
from numpy.typing import NDArray
from real.hand import Hand

from .handset import SOON, Handset

WIDE_RATE = 16000
KIND_WIDE_AUDIO = KIND_AUDIO + 2
"""AudioSocket has a kind for each rate; this is 16 kHz."""


@dataclass(slots=True)
class WideHandset(Handset):
    """Hears and speaks signed linear at 16 kHz on a TCP port of loopback."""

    rate: int = WIDE_RATE
    _writer: asyncio.StreamWriter | None = None
    _server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"AudioSocket/127.0.0.1:{port}/{self.id}/c(slin16)"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        await Handset.close(self)
        if self._writer is not None:
            self._writer.close()
        if self._server is not None:
            self._server.close()

    async def lift(self, farm: Hand) -> None:  # noqa: ARG002
        async with asyncio.timeout(SOON):
            await self.connected.wait()
        self.begin_to_speak()

    def say(self, samples: NDArray[np.int16]) -> None:
        assert self._writer is not None
        payload = samples.astype("<i2").tobytes()
        if not self.gone.is_set():
            self._writer.write(bytes([KIND_WIDE_AUDIO]) + len(payload).to_bytes(2, "big") + payload)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.gone.clear()
        self.connected.set()
        try:
            while (head := await reader.readexactly(3))[0] != KIND_HANGUP:
                payload = await reader.readexactly(int.from_bytes(head[1:], "big"))
                if head[0] == KIND_WIDE_AUDIO:
                    await self.hear(np.frombuffer(payload, dtype="<i2"))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # that is how Asterisk hangs up
        finally:
            self.connected.clear()
            self.gone.set()
            writer.close()
