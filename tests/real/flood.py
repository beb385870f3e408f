"""A flood of events of the real Asterisk, all of which its filter lets through to callcue.

A quarter of it is what callcue wants to know: a variable by which an agent is found, of one channel
after another. The rest are `UserEvent`s of somebody else's, each about as long as Asterisk's are.

As a process of its own (`python -m real.flood PORT`): what it costs to ask for 20,000 events a
second is then not taken from who has to take them. It reads the secret, says that it is ready, and
obeys lines: `flood`, or `quiet`; each is answered by how many events there were since the last one.
"""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from uuid import uuid4

from .hand import Hand
from .pbx import Pbx

PER_SECOND = 20_000
EVERY_SECONDS = 0.01
CHANNELS = 20
"""Whose variables are set."""
AGENTS = 10
"""Whom they name by turns."""
_END = b"\r\n\r\n"


@dataclass
class Flood:
    """The process."""

    process: Process

    async def order(self, what: str) -> int:
        """`flood`, or `quiet`. How many events there were since the order before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n".encode())
        return int(await self.process.stdout.readline())


@asynccontextmanager
async def flood_of(pbx: Pbx, hand: Hand) -> AsyncIterator[Flood]:
    """One that has not begun; at the end its channels are gone."""
    channels = [f"flood-{uuid4()}" for _ in range(CHANNELS)]
    for channel in channels:
        await hand.do(
            "Originate",
            Channel="Local/listen@callcue-test-parties/n",
            Context="callcue-test-parties",
            Exten="listen",
            Priority="1",
            Async="true",
            ChannelId=channel,
            OtherChannelId=f"{channel}-2",
        )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "real.flood", str(pbx.port)),
        cwd=Path(__file__).parents[1],
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdin is not None
    try:
        flood = Flood(process)
        process.stdin.write(f"{','.join(channels)}\n".encode())
        await flood.order(pbx.secret)
        yield flood
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        for channel in channels:
            await hand.do("Hangup", Channel=channel)


class _Asking:
    """Asks for events, and counts how often it was obeyed: by then the event is out."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.obeyed = 0
        self._reader = reader
        self._writer = writer

    async def count(self) -> None:
        rest = b""
        while data := await self._reader.read(262_144):
            rest += data
            *whole, rest = rest.split(_END)
            self.obeyed += len(whole)

    async def ask(self, actions: list[bytes]) -> None:
        """`PER_SECOND` a second, until cancelled."""
        began, asked, following = time.monotonic(), 0, cycle(actions)
        while True:
            due = int((time.monotonic() - began) * PER_SECOND) - asked
            asked += due  # what could not be asked for in time is not made up for in one go
            self._writer.write(b"".join(islice(following, min(due, PER_SECOND // 10))))
            await self._writer.drain()
            await asyncio.sleep(EVERY_SECONDS)


def _actions(channels: list[str]) -> list[bytes]:
    """Each makes one event."""
    padding = [f"Header{number}: some value or other" for number in range(12)]
    other = _action("UserEvent", "UserEvent: SomebodyElses", *padding)
    return [
        action
        for number in range(AGENTS)
        for channel in channels
        for action in (_set(channel, f"flood-{number}"), other, other, other)
    ]


def _set(channel: str, agent: str) -> bytes:
    variable = ("Variable: CALLCUE_AGENT", f"Value: {agent}")
    return _action("Setvar", f"Channel: {channel}", *variable)


def _action(name: str, *headers: str) -> bytes:
    return "\r\n".join([f"Action: {name}", *headers, "", ""]).encode()


async def _obey(port: int) -> None:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    channels, secret = [(await orders.readline()).decode().strip() for _ in range(2)]
    actions = _actions(channels.split(","))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_action("Login", "Username: tester", f"Secret: {secret}", "Events: off"))
    await reader.readuntil(_END)
    asking = _Asking(reader, writer)
    counting = asyncio.create_task(asking.count())
    flooding: asyncio.Task[None] | None = None
    _say(0)
    while order := (await orders.readline()).decode().strip():
        if flooding is not None:
            flooding.cancel()
            await asyncio.gather(flooding, return_exceptions=True)
        flooding = asyncio.create_task(asking.ask(actions)) if order == "flood" else None
        _say(asking.obeyed)
        asking.obeyed = 0
    counting.cancel()


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_obey(int(sys.argv[1])))
