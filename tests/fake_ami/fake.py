"""What the tester makes the fake do."""

import asyncio
import contextlib
import inspect
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from .belief import Belief
from .speech import GREETING, Answer, Fields, ReceivedAction, answered_to, hear, say

Handler = Callable[[ReceivedAction], Answer | Awaitable[Answer]]


class _Session:
    """One client's connection."""

    def __init__(self, fake: "FakeAmi", writer: asyncio.StreamWriter) -> None:
        self._fake = fake
        self._writer = writer
        self.logged_in = False

    async def serve(self, reader: asyncio.StreamReader) -> None:
        try:
            await self.write(GREETING)
            while True:
                action = await hear(reader)
                await self._fake.thawed.wait()
                await self._obey(action)
        except (EOFError, OSError, asyncio.LimitOverrunError):
            pass
        finally:
            self.drop()

    async def _obey(self, action: ReceivedAction) -> None:
        self._fake.note(action)
        for message in answered_to(action, await self._fake.answer(action)):
            if action.name == "Login" and message.get("Response") == "Success":
                self.logged_in = True
            await self.write(say(message))

    async def write(self, data: bytes) -> None:
        await self._fake.thawed.wait()
        with contextlib.suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    def drop(self) -> None:
        self._writer.transport.abort()


class FakeAmi:
    """``async with FakeAmi() as ami:`` listens on ``ami.port`` of 127.0.0.1, or of *host*.

    ``actions`` holds every action received, of all connections; ``belief`` what is answered by
    default; ``connections`` how many were ever accepted.
    """

    def __init__(
        self,
        belief: Belief | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.belief = belief or Belief()
        self._tls = tls
        self._host = host
        self.actions: list[ReceivedAction] = []
        self.connections = 0
        self.port = 0
        self.thawed = asyncio.Event()
        self.thawed.set()
        self._handlers: dict[str, Handler] = {}
        self._sessions: dict[_Session, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._news = asyncio.Condition()
        self._tellers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    # Its life.

    async def start(self) -> None:
        """Listen; after a ``stop()`` on the same port as before."""
        self._server = await asyncio.start_server(
            self._accept, self._host, self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone, all connections with it."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = [*self._sessions.values(), *self._tellers]
        for task in tasks:
            task.cancel()
        self.drop_connections()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self, writer)
        task = asyncio.current_task()
        assert task is not None
        self._sessions[session] = task
        self.connections += 1
        self._tell()
        try:
            await session.serve(reader)
        except asyncio.CancelledError:
            # By stop() alone, which waits for us; asyncio would log it as an error.
            session.drop()
        finally:
            del self._sessions[session]
            self._tell()

    # What it does of its own accord.

    def on(self, action: str, handler: Handler) -> None:
        """Answer *action* by *handler* from now on, instead of by belief.

        It may be a coroutine function, and returns a reply, a list of a reply and events (they get
        the ActionID), or None for no answer at all.
        """
        self._handlers[action] = handler

    def ignore(self, action: str) -> None:
        """Never answer *action*."""
        self.on(action, lambda _: None)

    async def emit(self, event: str, fields: Fields | None = None) -> None:
        """Send an event to every client that is logged in."""
        data = say({"Event": event, "Privilege": "call,all", **(fields or {})})
        for session in self._logged_in():
            await session.write(data)

    async def speak_rudely(self, data: bytes) -> None:
        """Send exactly these bytes to every client that is logged in."""
        for session in self._logged_in():
            await session.write(data)

    def freeze(self) -> None:
        """Stay connected, read and say nothing: a stopped process."""
        self.thawed.clear()

    def thaw(self) -> None:
        """End a freeze."""
        self.thawed.set()

    def drop_connections(self) -> None:
        """Cut every connection and go on listening."""
        for session in self._sessions:
            session.drop()

    @property
    def open_connections(self) -> int:
        return len(self._sessions)

    @property
    def reject_logins(self) -> bool:
        return self.belief.reject_logins

    @reject_logins.setter
    def reject_logins(self, value: bool) -> None:
        self.belief.reject_logins = value

    # What came in.

    def received(self, action: str) -> list[ReceivedAction]:
        """All actions of this name so far."""
        return [one for one in self.actions if one.name == action]

    async def wait_for(self, action: str, count: int = 1) -> list[ReceivedAction]:
        """Wait until *count* actions of this name have come."""
        await self.wait_until(lambda: len(self.received(action)) >= count)
        return self.received(action)

    async def wait_until(self, condition: Callable[[], bool], within: float = 5.0) -> None:
        """Wait until *condition* holds; looked at after each action, arrival and departure."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(condition)

    # For its sessions.

    def note(self, action: ReceivedAction) -> None:
        self.actions.append(action)
        self._tell()

    async def answer(self, action: ReceivedAction) -> Answer:
        handler = self._handlers.get(action.name, self.belief.answer)
        answer = handler(action)
        return await answer if inspect.isawaitable(answer) else answer

    def _logged_in(self) -> list[_Session]:
        return [session for session in self._sessions if session.logged_in]

    def _tell(self) -> None:
        teller = asyncio.create_task(self._notify())
        self._tellers.add(teller)
        teller.add_done_callback(self._tellers.discard)

    async def _notify(self) -> None:
        async with self._news:
            self._news.notify_all()
