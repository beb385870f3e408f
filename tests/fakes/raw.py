"""HTTP by hand: for what no client would send, and to see answers as they are."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from .service import Service


@dataclass
class Answer:
    status_line: str
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool
    """Whether it was as long as it said."""

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


async def connect(service: Service) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    where = urlsplit(str(service.client.make_url("/")))
    return await asyncio.open_connection(where.hostname, where.port)


async def send(service: Service, request: bytes) -> Answer:
    """Send those bytes, and read until the connection ends."""
    reader, writer = await connect(service)
    try:
        writer.write(request)
        return parse(await _everything(reader))
    finally:
        writer.close()


async def ask(
    service: Service,
    target: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: tuple[str, ...] = (),
) -> Answer:
    """Send one request with those lines as its headers."""
    lines = [f"{method} {target} HTTP/1.1", "Host: screen.example", "Connection: close", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return await send(service, head + b"\r\n\r\n" + (body or b""))


def parse(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("utf-8", "replace").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    answer = Answer(status_line, [(name, value) for name, _, value in pairs], body, whole=True)
    if answer.header("Transfer-Encoding"):
        answer.body, answer.whole = _joined(body)
    elif length := answer.header("Content-Length"):
        answer.whole = len(body) == int(length[0])
    return answer


def _joined(chunked: bytes) -> tuple[bytes, bool]:
    body = b""
    while True:
        size, found, chunked = chunked.partition(b"\r\n")
        if not found:
            return body, False
        if int(size, 16) == 0:
            return body, True
        body += chunked[: int(size, 16)]
        chunked = chunked[int(size, 16) + 2 :]


async def _everything(reader: asyncio.StreamReader) -> bytes:
    raw = b""
    try:
        while chunk := await reader.read(65536):
            raw += chunk
    except ConnectionError:
        pass
    return raw
