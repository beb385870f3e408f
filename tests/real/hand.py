"""The tests' own hand on Asterisk: a bare AMI client that shares no code with callcue."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count

from .pbx import Pbx

Message = dict[str, str]

OF_CALLS = "call,cdr,dtmf,system,user"
"""Without each step of the dialplan: tiny clips make ten thousand such events a second."""

ALL = "on"


class Hand:
    """Brings parties in, locks rooms, presses keys, and looks at what is there."""

    def __init__(self) -> None:
        self.events: list[Message] = []
        self._replies: dict[str, asyncio.Future[Message]] = {}
        self._numbers = count(1)
        self._news = asyncio.Condition()
        self._watched: dict[str, asyncio.Event] = {}

    async def open(
        self, host: str, port: int, secret: str, username: str = "tester", events: str = ALL
    ) -> None:
        self._reader, self._writer = await asyncio.open_connection(host, port)
        await self._reader.readline()
        self._task = asyncio.create_task(self._read())
        reply = await self.do("Login", Username=username, Secret=secret, Events=events)
        assert reply["Response"] == "Success", reply

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        with suppress(asyncio.CancelledError):
            await self._task

    async def do(self, action: str, variables: Message | None = None, **headers: str) -> Message:
        """Send one action and return its reply."""
        number = str(next(self._numbers))
        future = self._replies[number] = asyncio.get_running_loop().create_future()
        lines = [f"Action: {action}", f"ActionID: {number}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Variable: {name}={value}" for name, value in (variables or {}).items()]
        self._writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        return await asyncio.wait_for(future, 5)

    def born(self, mark: str) -> Message:
        """How the channel began that has *mark* in its name."""
        return next(
            event
            for event in reversed(self.events)
            if event.get("Event") == "Newchannel" and mark in event["Channel"]
        )

    async def hang_up(self, mark: str) -> None:
        """End the channel that has *mark* in its name, if it is still there."""
        with suppress(StopIteration):
            await self.do("Hangup", Channel=self.born(mark)["Uniqueid"])

    def forget(self) -> None:
        """All that has happened, but for how those channels began that are still there."""
        over = {event["Uniqueid"] for event in self.of("Hangup")}
        self.events = [one for one in self.of("Newchannel") if one["Uniqueid"] not in over]

    def watch(self, mark: str, gone: asyncio.Event) -> None:
        """Set *gone* when the channel has ended that has *mark* in its name."""
        self._watched[mark] = gone

    async def channels(self) -> list[str]:
        """The names of all channels there are."""
        return [event["Channel"] for event in await self.items("CoreShowChannels")]

    async def items(self, action: str) -> list[Message]:
        """The items of a list that Asterisk answers with."""
        start = len(self.events)
        reply = await self.do(action)

        def listed() -> list[Message]:
            number = reply["ActionID"]
            return [e for e in self.events[start:] if e.get("ActionID") == number]

        await self.until(lambda: any(e["Event"].endswith("Complete") for e in listed()))
        return listed()[:-1]

    def of(self, event: str, start: int = 0) -> list[Message]:
        """The events of that name, from the *start*-th event on."""
        return [e for e in self.events[start:] if e.get("Event") == event]

    async def until(self, condition: Callable[[], bool], within: float = 5.0) -> None:
        """Wait until *condition* holds, looking again at each event."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(condition)

    async def _read(self) -> None:
        message: Message = {}
        while line := await self._reader.readline():
            name, colon, value = line.decode().rstrip("\r\n").partition(": ")
            if colon:
                message[name] = value
            elif not name and message:
                await self._take(message)
                message = {}

    async def _take(self, message: Message) -> None:
        future = self._replies.pop(message.get("ActionID", ""), None)
        if future is not None and "Response" in message:
            future.set_result(message)
            return
        if future is not None:
            self._replies[message["ActionID"]] = future
        self.events.append(message)
        if message.get("Event") == "Hangup":
            for mark in [mark for mark in self._watched if mark in message["Channel"]]:
                self._watched.pop(mark).set()
        async with self._news:
            self._news.notify_all()


@asynccontextmanager
async def open_hand(
    pbx: Pbx, username: str = "tester", events: str = OF_CALLS
) -> AsyncIterator[Hand]:
    """A hand on *pbx*, with the rights of that AMI user and events of these classes."""
    hand = Hand()
    await hand.open(pbx.host, pbx.port, pbx.secret, username, events)
    try:
        yield hand
    finally:
        await hand.close()
