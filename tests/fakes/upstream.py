"""The real VICIdial, as far as a proxy sees it: a socket that keeps every byte it gets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"


def answer(body: bytes, head: bytes = OK) -> bytes:
    """A whole answer."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@dataclass
class Seen:
    """One request, byte by byte."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    size: int = 0
    """Of the body, which is kept only if it is not large."""
    whole: bool = False

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


Script = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]
KEPT = 2 * 1024 * 1024


@dataclass
class FakeVicidial:
    """Answers every request with *says*, or as *script* does."""

    says: bytes = field(default_factory=lambda: answer(b"SUCCESS: from upstream - 1|2\n"))
    script: Script | None = None
    seen: list[Seen] = field(default_factory=list)
    open: int = 0
    """Connections there are now."""
    url: str = ""
    _serving: set["asyncio.Task[object]"] = field(default_factory=set)

    async def close(self) -> None:
        """End what is still being answered."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self.open += 1
        try:
            await self._one(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = [line.partition(": ") for line in lines]
        seen = Seen(method, target, [(name, value) for name, _, value in pairs])
        self.seen.append(seen)
        async for chunk in _body(seen, reader):
            seen.size += len(chunk)
            if len(seen.body) < KEPT:
                seen.body += chunk
        seen.whole = True
        if self.script is not None:
            await self.script(seen, writer)
        else:
            writer.write(self.says)
        await writer.drain()


async def _body(seen: Seen, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    if seen.header("Transfer-Encoding"):
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            yield await reader.readexactly(size)
            await reader.readexactly(2)
        return
    left = int(next(iter(seen.header("Content-Length")), "0"))
    while left:
        chunk = await reader.read(min(left, 65536))
        if not chunk:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(chunk)
        yield chunk


@asynccontextmanager
async def vicidial() -> AsyncIterator[FakeVicidial]:
    """A server behind us, for as long as it is needed."""
    fake = FakeVicidial()
    server = await asyncio.start_server(fake._serve, "127.0.0.1", 0)
    try:
        fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield fake
    finally:
        server.close()
        await fake.close()
