"""The tests' own hand on Asterisk: a bare AMI client that shares no code with callcue."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import count

Message = dict[str, str]


class Hand:
    """Brings parties in, locks rooms, presses keys, and looks at what is there."""

    def __init__(self) -> None:
        self.events: list[Message] = []
        self._replies: dict[str, asyncio.Future[Message]] = {}
        self._numbers = count(1)
        self._news = asyncio.Condition()

    async def open(self, host: str, port: int, secret: str) -> None:
        self._reader, self._writer = await asyncio.open_connection(host, port)
        await self._reader.readline()
        self._task = asyncio.create_task(self._read())
        reply = await self.do("Login", Username="tester", Secret=secret)
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

    async def channels(self) -> list[str]:
        """The names of all channels there are."""
        start = len(self.events)
        await self.do("CoreShowChannels")
        await self.until(lambda: self._listed(start))
        shown = [e for e in self.events[start:] if e.get("Event") == "CoreShowChannel"]
        return [event["Channel"] for event in shown]

    def _listed(self, start: int) -> bool:
        return any(e.get("Event") == "CoreShowChannelsComplete" for e in self.events[start:])

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
        async with self._news:
            self._news.notify_all()
