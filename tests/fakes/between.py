"""A go-between on the AMI link: it passes bytes on, falls silent, or adds events of its own.

As a process of its own (`python -m fakes.between PORT`) it floods: what it costs to make 20,000
events a second is then not taken from the one who has to take them. It prints its port, and obeys
lines: `quiet`, or the name of a mixture.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, islice

PER_SECOND = 20_000
EVERY_SECONDS = 0.01
_END = b"\r\n\r\n"


class Between:
    """Listens at ``port`` for a client of the manager at *ami_port*. ``sent``: events added."""

    def __init__(self, ami_port: int) -> None:
        self.port = 0
        self.sent = 0
        self.passing = asyncio.Event()
        self.passing.set()
        self._ami_port = ami_port
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Between":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fall_silent(self) -> None:
        """From now on nothing is passed on, in either direction; TCP stays up."""
        self.passing.clear()

    async def add(self, events: list[bytes]) -> None:
        """Say these to every client, between two messages."""
        self.sent += len(events)
        data = b"".join(events)
        for client in list(self._clients):
            with suppress(OSError):
                client.write(data)
                await client.drain()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._stand_between(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # asyncio would log a task of its own that was cancelled
        finally:
            self._clients.discard(writer)
            writer.transport.abort()
            self._tasks.discard(task)

    async def _stand_between(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        from_ami, to_ami = await asyncio.open_connection("127.0.0.1", self._ami_port)
        try:
            writer.write(await from_ami.readuntil(b"\r\n"))
            self._clients.add(writer)
            there = asyncio.create_task(self._pass(reader, to_ami))
            back = asyncio.create_task(self._pass(from_ami, writer, whole=True))
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        finally:
            to_ami.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, whole: bool = False
    ) -> None:
        rest = b""
        while data := await reader.read(65536):
            await self.passing.wait()
            rest += data
            end = rest.rfind(_END) + len(_END) if whole else len(rest)
            if end >= len(_END) or not whole:
                writer.write(rest[:end])
                rest = rest[end:]


def event(name: str, **headers: object) -> bytes:
    """As long as Asterisk's are: some 500 bytes."""
    lines = [f"Event: {name}", "Privilege: call,all"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    lines += [f"Header{number}: some value or other" for number in range(12)]
    return "\r\n".join([*lines, "", ""]).encode()


def _as_asterisk_talks() -> Iterator[bytes]:
    """What a busy Asterisk says to a user without a filter, in the usual proportions."""
    others = [event("RTCPSent")] * 15 + [event("Newexten", Extension="s")] * 35
    variables = [event("VarSet", Variable=f"x{n}", Value=n, Uniqueid="1.1") for n in range(41)]
    events = [*others, *variables, *[event("UserEvent", UserEvent="Other")] * 9]
    while True:
        yield from events


def _calls_without_end() -> Iterator[bytes]:
    """A quarter of it is what callcue wants to know: a thousand calls a second that come and go."""
    others = _as_asterisk_talks()
    for number in count():
        for wanted in _call(number):
            yield wanted
            yield from islice(others, 3)


def _call(number: int) -> Iterator[bytes]:
    who = {"Channel": f"PJSIP/flood-{number:08x}", "Uniqueid": f"flood.{number}"}
    room = f"77{number % 50}"
    yield event("Newchannel", **who, Context="flood", Exten="1")
    yield event("VarSet", **who, Variable="CALLCUE_AGENT", Value=f"flood{number % 500}")
    yield event("ConfbridgeJoin", **who, Conference=room)
    yield event("ConfbridgeLeave", **who, Conference=room)
    yield event("Hangup", **who, Cause=16)


MIXTURES: dict[str, Callable[[], Iterator[bytes]]] = {
    "talk": _as_asterisk_talks,
    "calls": _calls_without_end,
}


async def flood(between: Between, mixture: Iterator[bytes]) -> None:
    """Add `PER_SECOND` events a second, until cancelled."""
    began, said = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began) * PER_SECOND) - said
        batch = [next(mixture) for _ in range(min(due, PER_SECOND // 10))]
        said += due  # what could not be said in time is not made up for in one go
        await between.add(batch)
        await asyncio.sleep(EVERY_SECONDS)


async def _obey(ami_port: int) -> None:
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    mixtures = {name: make() for name, make in MIXTURES.items()}
    flooding: asyncio.Task[None] | None = None
    async with Between(ami_port) as between:
        _say(between.port)
        while order := (await orders.readline()).decode().strip():
            if flooding is not None:
                flooding.cancel()
                await asyncio.gather(flooding, return_exceptions=True)
            before, between.sent, flooding = between.sent, 0, None
            if order in mixtures:
                flooding = asyncio.create_task(flood(between, mixtures[order]))
            _say(before)
        if flooding is not None:
            flooding.cancel()


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_obey(int(sys.argv[1])))
