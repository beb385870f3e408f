"""Many who listen at once, and one who does not read: real sockets, the real app and its record."""

import asyncio
import gc
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import time
from uuid import uuid4

import pytest
from aiohttp import ClientSession, StreamReader, TCPConnector
from fakes.service import KEY, WORKSPACE, Service, serving
from fakes.waiting import until

from callcue.api.bird import streams as bird_streams
from callcue.app import REFUSALS
from callcue.core.types import PlaybackId
from callcue.events.event import Event, News
from callcue.events.streams import BUFFER
from callcue.store.store import Store

pytestmark = pytest.mark.alone

EVENTS = f"/workspaces/{WORKSPACE}/events"
MANY = 500
AT_ONCE = 50
"""Events that are told before the next ones are."""
LONG = "x" * 2000

_ID = re.compile(rb"id: (\d+)\nevent: .*\ndata: .*\n\n")


class Busy:
    """A service where much happens."""

    def __init__(self, service: Service, store: Store, http: ClientSession) -> None:
        self.service = service
        self._record = store.events
        self._http = http
        self._told = 0

    async def tell(self, count: int, detail: str = "") -> None:
        """So many events more, which are then on record."""
        for _ in range(count):
            self._told += 1
            body = {"type": "started", "nth": self._told, "detail": detail}
            playback = PlaybackId(uuid4())
            self._record.took(News(WORKSPACE, playback, time(), lambda body=body: body))  # type: ignore[misc]
            if self._told % AT_ONCE == 0:
                await self._is_recorded()
        await self._is_recorded()

    async def _is_recorded(self) -> None:
        async def is_so() -> bool:
            return self._record.waiting == 0

        await until(is_so, every=0.001)

    @asynccontextmanager
    async def listening(self, last: int | None = None) -> AsyncIterator[StreamReader]:
        url = self.service.client.make_url(EVENTS)
        place = {} if last is None else {"Last-Event-ID": str(last)}
        headers = {"Authorization": f"AccessKey {KEY}", **place}
        async with self._http.get(url, headers=headers) as response:
            assert response.status == 200, await response.text()
            yield response.content


@asynccontextmanager
async def busy(folder: Path) -> AsyncIterator[Busy]:
    store = Store(f"sqlite+aiosqlite:///{folder / 'store'}")
    door = {"connections": 2 * MANY, "connections_per_address": 2 * MANY}
    async with (
        serving(store, http=door) as service,
        ClientSession(connector=TCPConnector(limit=0)) as http,
    ):
        yield Busy(service, store, http)


async def ids_until(stream: StreamReader, last: int) -> list[int]:
    """All that is told up to that one."""
    seen, rest = [0], b""
    while seen[-1] < last:
        rest += await stream.readany()
        for found in _ID.finditer(rest):
            seen.append(int(found[1]))
        rest = rest[rest.rfind(b"\n\n") + 2 :] if b"\n\n" in rest else rest
    return seen[1:]


async def test_given_five_hundred_who_listen_then_each_is_told_all_once_and_in_order(
    tmp_path: Path,
) -> None:
    count = 100
    async with busy(tmp_path) as house:

        async def hear(last: int | None) -> list[int]:
            async with house.listening(last) as stream:
                return await ids_until(stream, count)

        # Half of them from now on; those who come late are told what they have missed.
        early = [asyncio.create_task(hear(None)) for _ in range(MANY // 2)]

        async def all_listen() -> bool:
            return len(house.service.streams) == MANY // 2

        await until(all_listen, 30)
        await house.tell(count // 2)
        late = [asyncio.create_task(hear(0)) for _ in range(MANY // 2)]
        await house.tell(count - count // 2)
        async with asyncio.timeout(60):
            told = await asyncio.gather(*early, *late)
    assert [n for n, ids in enumerate(told) if ids != [*range(1, count + 1)]] == []


@contextmanager
def deaf(service: Service) -> Iterator[socket.socket]:
    """One who asks for events, and then reads nothing."""
    with socket.socket() as asker:
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asker.connect(("127.0.0.1", service.client.port))
        lines = (
            f"GET {EVENTS} HTTP/1.1",
            "Host: callcue",
            f"Authorization: AccessKey {KEY}",
            "",
            "",
        )
        asker.sendall("\r\n".join(lines).encode())
        yield asker


def got(asker: socket.socket) -> list[int]:
    """The whole events that have reached one who has been cut off."""
    asker.settimeout(1)
    everything = b""
    try:
        while part := asker.recv(65536):
            everything += part
    except (ConnectionError, TimeoutError):
        pass
    # Each of them came in one chunk or more; their sizes stand between.
    text = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", everything)
    return [int(found[1]) for found in _ID.finditer(text)]


async def test_given_one_who_never_reads_then_it_is_cut_off_and_goes_on_later_without_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bird_streams, "READ_SECONDS", 1.0)
    count, most = 3000, 0
    async with busy(tmp_path) as house:
        with deaf(house.service) as asker:

            async def listen(number: int) -> bool:
                return len(house.service.streams) == number

            await until(lambda: listen(1))
            async with house.listening() as stream:
                hearing = asyncio.create_task(ids_until(stream, count))
                await until(lambda: listen(2))
                for _ in range(count // AT_ONCE):
                    await house.tell(AT_ONCE, LONG)
                    most = max(most, sum(isinstance(each, Event) for each in gc.get_objects()))
                async with asyncio.timeout(30):
                    assert await hearing == [*range(1, count + 1)]
                await until(lambda: listen(1))
            before = got(asker)
        assert house.service.client.app is not None
        assert house.service.client.app[REFUSALS].counts()["slow_listener"] == 1
        assert most <= BUFFER + 3 * AT_ONCE  # and what the sockets hold, which is bytes
        assert before == [*range(1, len(before) + 1)] != []
        async with house.listening(len(before)) as stream:
            async with asyncio.timeout(30):
                after = await ids_until(stream, count)
        assert after == [*range(len(before) + 1, count + 1)]
