"""Ears over plain RTP, which Asterisk's `UnicastRTP` sends to a port with no signalling at all.

The wire: a header of 12 bytes, then 20 ms of L16 (signed linear, 8 kHz, the high byte first). It
is answered at the address that the first one came from. There is no word for "I leave", so an
operator ends the call.
"""

import asyncio
import socket
import struct
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, Self
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from .ear import Ear, EarServer

HEADER = struct.Struct("!BBHII")
"""Flags, payload type, sequence number, time stamp, source; all the header there is here."""

VERSION_2 = 0x80
SLIN = 10
"""Asterisk's payload type for `slin`. Others, as that of a key pressed, are not sound."""

NOT_THE_MARKER = 0x7F
SOURCE = 1
LARGEST = 2048


class Operator(Protocol):
    """Somebody who can end a call, and sees when it has ended."""

    async def hang_up(self, mark: str) -> None:
        """End the channel with that in its name, if it is still there."""

    def watch(self, mark: str, gone: asyncio.Event) -> None:
        """Set *gone* when that channel has ended."""


class Mouth:
    """What a party says, as packets to where it is heard."""

    def __init__(self, port: socket.socket, listener: tuple[str, int]) -> None:
        self._port = port
        self._listener = listener
        self._number = 0

    def say(self, words: NDArray[np.int16]) -> None:
        number = self._number
        header = HEADER.pack(VERSION_2, SLIN, number & 0xFFFF, number * len(words), SOURCE)
        self._number += 1
        with suppress(OSError):  # the call is over, or its port is
            self._port.sendto(header + words.astype(">i2").tobytes(), self._listener)


class RtpServer(EarServer):
    """Has a port for each party."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._ears: list[Ear] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            for ear in self._ears:
                await self._operator.hang_up(ear.mark)
        finally:  # an Asterisk that is dead hangs nobody up
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def new(self) -> Ear:
        port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port.setblocking(False)
        port.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{port.getsockname()[1]}"
        mark = f"UnicastRTP/{address}-"
        ear = Ear(uuid4(), f"UnicastRTP/{address}/c(slin)", mark, partial(self._leave, mark))
        self._operator.watch(mark, ear.gone)
        self._ears.append(ear)
        self._start(self._serve(ear, port))
        return ear

    def _leave(self, mark: str) -> None:
        self._start(self._operator.hang_up(mark))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, ear: Ear, port: socket.socket) -> None:
        with port:
            while True:
                packet, source = await asyncio.get_running_loop().sock_recvfrom(port, LARGEST)
                flags, kind, *_ = HEADER.unpack_from(packet)
                if flags != VERSION_2 or kind & NOT_THE_MARKER != SLIN:
                    continue
                if not ear.connected.is_set():
                    ear.connected.set()
                    self._start(ear.speak(Mouth(port, source).say))
                await ear.hear(np.frombuffer(packet, ">i2", offset=HEADER.size).astype(np.int16))
