"""A web server that serves clips, and one that does everything but: a socket and a script."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

NAME = "origin.test"


@dataclass(frozen=True)
class Request:
    """One, as it came."""

    target: str
    headers: dict[str, str]
    """By names in lower case."""
    reader: asyncio.StreamReader


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> Script:
    """A whole answer. Headers by names with `_`; an empty one is left out."""
    lines = {"Content-Length": str(len(body)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}

    async def script(_request: Request, writer: asyncio.StreamWriter) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    return script


def redirect(to: str, status: str = "302 Found") -> Script:
    return answer(b"over there", status, Location=to)


def versioned(body: bytes, etag: str = "", modified: str = "", **headers: str) -> Script:
    """Says 304 to who has it."""
    marks = {"ETag": etag, "Last_Modified": modified, **headers}

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        asked = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
        same = (etag and asked[0] == etag) or (modified and asked[1] == modified)
        given = answer(b"", "304 Not Modified", **marks) if same else answer(body, **marks)
        await given(request, writer)

    return script


async def endless(_request: Request, writer: asyncio.StreamWriter) -> None:
    """A body without a length and without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"\0" * 65536)
        await writer.drain()


async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
    """A byte now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silent(request: Request, _writer: asyncio.StreamWriter) -> None:
    """Takes the question and says nothing, until nobody waits any longer."""
    await request.reader.read()


async def hang_up(_request: Request, writer: asyncio.StreamWriter) -> None:
    """No word, and a reset."""
    writer.transport.abort()


def broken_off(sent: bytes, promised: int, *, reset: bool = False) -> Script:
    """Less than was promised, and then the end."""

    async def script(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % promised + sent)
        await writer.drain()
        if reset:
            await asyncio.sleep(0.05)
            writer.transport.abort()

    return script


@dataclass
class Origin:
    """Serves *paths*, by the path without the query; 404 for all others."""

    port: int = 0
    scheme: str = "http"
    paths: dict[str, Script] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    open: int = 0
    """Connections there are now."""
    hold: asyncio.Event | None = None
    """Where there is one, nobody is answered before it is set."""
    names: list[str | None] = field(default_factory=list)
    """What TLS clients asked for (SNI)."""
    _serving: "set[asyncio.Task[object]]" = field(default_factory=set)

    @property
    def host(self) -> str:
        """With its port, as URLs and lists have it."""
        return f"{NAME}:{self.port}"

    def url(self, path: str) -> str:
        return f"{self.scheme}://{self.host}{path}"

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        """The name server that knows this one alone."""
        if host != NAME:
            raise OSError("no such name")
        return ["127.0.0.1"]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self.open += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines)
            target = first.split(" ")[1]
            low = {name.lower(): value for name, value in headers.items()}
            request = Request(target, low, reader)
            self.seen.append(request)
            if self.hold is not None:
                await self.hold.wait()
            script = self.paths.get(target.partition("?")[0], answer(b"none", "404 Not Found"))
            await script(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # it has seen enough
        finally:
            self.open -= 1
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


@asynccontextmanager
async def origin(tls: ssl.SSLContext | None = None) -> AsyncIterator[Origin]:
    """A server on loopback, for as long as it is needed."""
    fake = Origin(scheme="https" if tls else "http")
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: fake.names.append(name)
    server = await asyncio.start_server(fake._serve, "127.0.0.1", 0, ssl=tls)
    try:
        fake.port = server.sockets[0].getsockname()[1]
        yield fake
    finally:
        server.close()
        for task in fake._serving:
            task.cancel()
        await asyncio.gather(*fake._serving, return_exceptions=True)
