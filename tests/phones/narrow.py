"""The handset of a G.711 phone: the call's audio as it came, over RTP of its own (UnicastRTP).

It comes undecoded on purpose. When Debian's Asterisk decodes, it drops every packet whose number
is lower than the one before, and after a hold the far end's numbers begin anew anywhere.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import cast

import numpy as np
from ears.ear import Frame
from numpy.typing import NDArray
from real.hand import Hand, Message

from .handset import SOON, Handset

HEADER = 12
ULAW_PAYLOAD = 0
ULAW_BIAS = 33


def _ulaw_table() -> NDArray[np.int16]:
    """The sample of each of the 256 bytes of µ-law."""
    bits = ~np.arange(256, dtype=np.int32) & 0xFF
    sign = np.where(bits & 0x80, -1, 1)
    exponent, mantissa = bits >> 4 & 7, bits & 15
    samples = 4 * sign * (((2 * mantissa + ULAW_BIAS) << exponent) - ULAW_BIAS)
    return np.asarray(samples, dtype=np.int16)


ULAW = _ulaw_table()
BY_LOUDNESS = np.argsort(ULAW, kind="stable").astype(np.uint8)


@dataclass(slots=True)
class NarrowHandset(Handset, asyncio.DatagramProtocol):
    """Hears and speaks µ-law on a UDP port of loopback."""

    _port: int = 0
    _far_port: int = 0
    _lifted: str = ""
    """Unique id of the channel between the phones' Asterisk and this: names come again."""
    _packets: int = 0
    _transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        return f"UnicastRTP/127.0.0.1:{self._port}/c(ulaw)"

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))

    async def close(self) -> None:
        await Handset.close(self)
        if self._transport is not None:
            self._transport.close()

    async def lift(self, farm: Hand) -> None:
        await farm.until(lambda: self._dialled(farm) is not None, SOON)
        news = self._dialled(farm)
        assert news is not None
        self._lifted, self._far_port = news["Uniqueid"], int(news["Value"])
        self.begin_to_speak()

    def say(self, samples: NDArray[np.int16]) -> None:
        assert self._transport is not None
        self._packets += 1
        head = bytes([0x80, ULAW_PAYLOAD]) + (self._packets & 0xFFFF).to_bytes(2, "big")
        head += (self._packets * len(samples)).to_bytes(4, "big") + self.id.bytes[:4]
        nearest = np.searchsorted(ULAW[BY_LOUDNESS], samples).clip(0, 255)
        packet = head + BY_LOUDNESS[nearest].tobytes()
        self._transport.sendto(packet, ("127.0.0.1", self._far_port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        if data[1] & 0x7F == ULAW_PAYLOAD:
            samples = ULAW[np.frombuffer(data[HEADER:], dtype=np.uint8)]
            self.frames.append(Frame(time.monotonic(), samples))

    def _dialled(self, farm: Hand) -> Message | None:
        """The news of a new channel to this handset: the port at which it listens."""
        name = f"UnicastRTP/127.0.0.1:{self._port}-"
        for event in reversed(farm.events):
            if event.get("Variable") == "UNICASTRTP_LOCAL_PORT":
                if event["Uniqueid"] == self._lifted:
                    return None
                if event["Channel"].startswith(name):
                    return event
        return None
