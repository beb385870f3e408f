"""The real service among clients that mean it ill: others are answered as ever.

Slow heads and bodies, a thousand connections that do nothing, and heads that never end, all at
once, from other addresses than that of the client who is measured.
"""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest
from fakes.process import ServedProcess, served, with_party
from fakes.service import KEY

from callcue.api.guest import BODY_SECONDS, HEAD_SECONDS

pytestmark = pytest.mark.alone

IDLE, SLOW, BOMBS_A_SECOND = 1000, 100, 20
"""Of the slow ones one half drips heads, the other bodies."""
VERBS = 150
SLOWER_AT_MOST = 5.0
"""Times, of the median."""
GROWS_AT_MOST_KIB = 64 * 1024
"""A connection takes some 20 KiB while it is there."""
CUT_OFF_WITHIN = BODY_SECONDS + 10.0
HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: " + b"x" * 1000
BODY = (
    f"PUT /sounds/offer HTTP/1.1\r\nHost: x\r\nAuthorization: AccessKey {KEY}\r\n"
    "Content-Length: 100000\r\n\r\n"
).encode()
BOMB = b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(1000))


@pytest.fixture(autouse=True)
def files() -> Iterator[None]:
    """Room for a thousand sockets in this process too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, enough), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass
class Attack:
    """``ended``: for each that was cut off, how long it was there."""

    port: int
    sent: int = 0
    ended: list[float] = field(default_factory=list)
    refused_bombs: int = 0

    async def idle(self, number: int) -> None:
        await self._until_the_end(f"127.0.1.{number % 250 + 1}", b"")

    async def drips(self, number: int) -> None:
        what = HEAD if number % 2 else BODY + b"x" * 1000
        await self._until_the_end("127.0.2.1", what, at_once=0 if number % 2 else len(BODY))

    async def bombs(self) -> None:
        while True:
            await asyncio.sleep(1 / BOMBS_A_SECOND)
            reader, writer = await self._connect("127.0.3.1")
            try:
                writer.write(BOMB)
                said = await asyncio.wait_for(reader.read(), CUT_OFF_WITHIN)
                self.refused_bombs += b" 400 " in said[:20]
            except ConnectionError:
                self.refused_bombs += 1
            finally:
                writer.transport.abort()

    async def _connect(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))

    async def _until_the_end(self, address: str, data: bytes, at_once: int = 0) -> None:
        reader, writer = await self._connect(address)
        self.sent += 1
        began = time.monotonic()
        dripping = asyncio.create_task(self._drip(writer, data, at_once))
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        finally:
            dripping.cancel()
            await asyncio.gather(dripping, return_exceptions=True)
            writer.transport.abort()
        self.ended.append(time.monotonic() - began)

    async def _drip(self, writer: asyncio.StreamWriter, data: bytes, at_once: int) -> None:
        writer.write(data[:at_once])
        for byte in data[at_once:]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.5)


@asynccontextmanager
async def attacked(port: int) -> AsyncIterator[tuple[Attack, asyncio.Task[list[None]]]]:
    """All of it at once; the task ends when the last of them has been cut off."""
    attack = Attack(port)
    bombing = asyncio.create_task(attack.bombs())
    clients = [attack.idle(n) for n in range(IDLE)] + [attack.drips(n) for n in range(SLOW)]
    attacking = asyncio.gather(*clients)
    try:
        async with asyncio.timeout(60):
            while attack.sent < len(clients):
                assert not attacking.done(), attacking.exception()
                await asyncio.sleep(0.05)
        yield attack, attacking  # type: ignore[misc]  # a future of the same
    finally:
        bombing.cancel()
        attacking.cancel()
        await asyncio.gather(bombing, attacking, return_exceptions=True)


async def _verbs(service: ServedProcess) -> list[float]:
    took = []
    for number in range(VERBS):
        began = time.perf_counter()
        await service.verb("pause" if number % 2 == 0 else "resume")
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    return took


async def test_given_slow_idle_and_endless_clients_then_others_are_answered_and_these_cut_off(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with with_party() as pbx, served(tmp_path, pbx.ami.port) as service:
        status, answer = await service.bird("POST", "?wait=started", {"media": ["sound:offer"]})
        assert status == 202, answer
        await _verbs(service)
        before, quiet = service.resident_kib(), median(await _verbs(service))
        async with attacked(service.port) as (attack, attacking):
            under = median(await _verbs(service))
            most = service.resident_kib()
            await asyncio.wait_for(asyncio.shield(attacking), 2 * CUT_OFF_WITHIN)
            bombs = attack.refused_bombs
        after = service.resident_kib()
        figures = {
            "quiet_ms": round(quiet * 1000, 2),
            "attacked_ms": round(under * 1000, 2),
            "grown_kib": most - before,
            "grown_afterwards_kib": after - before,
            "longest_there_s": round(max(attack.ended), 1),
            "head_bombs": bombs,
        }
        for name, figure in figures.items():
            record_property(name, figure)
        print(figures)  # noqa: T201  # shown with -s
        assert len(attack.ended) == IDLE + SLOW
        assert sorted(attack.ended)[IDLE] < HEAD_SECONDS + 10.0, figures
        assert max(attack.ended) <= CUT_OFF_WITHIN, figures
        assert under <= quiet * SLOWER_AT_MOST, figures
        assert max(most, after) - before <= GROWS_AT_MOST_KIB, figures
        assert bombs > 0
        assert "Traceback" not in service.log.read_text()
        await service.verb("pause")
