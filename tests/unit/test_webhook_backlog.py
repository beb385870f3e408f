"""Ten thousand events wait for a webhook, whatever its receiver does: a PLAY does not notice."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import unused_port
from fakes.process import ServedProcess, served, with_party
from fakes.service import WORKSPACE
from fakes.webhooks import SECRET
from sqlalchemy import insert, update

from callcue.core.types import PlaybackId
from callcue.events.event import Event
from callcue.events.webhook import Delivery, Webhook
from callcue.store import delivery_rows, webhook_rows
from callcue.store.database import Database
from callcue.store.schema import DELIVERIES, EVENTS, STATE, WEBHOOKS

pytestmark = pytest.mark.alone

PENDING, CALLS = 10_000, 200
TURNS, WARM, PLAYS = 2, 20, 100
"""In turns with such a webhook and without, on a machine that is not always the same."""
SLOWER_AT_MOST = 0.005
"""Seconds, of the median."""
GROWS_AT_MOST_KIB = 12 * 1024
"""A window of them; all ten thousand would be some 30 MiB."""
LIST = {"media": ["sound:offer"]}
STORE = '[store]\npath = "callcue.db"\n'


class _Connection(asyncio.Protocol):
    """One request, which is taken as soon as all of it is there; unless nobody is answered."""

    def __init__(self, receiver: "Receiver") -> None:
        self._receiver = receiver
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and length is not None and len(body) == int(length[1]):
            self._receiver.came += 1
            if self._receiver.answers:
                self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@dataclass
class Receiver:
    """Of next to no cost: it runs beside the one who measures."""

    port: int
    answers: bool = False
    came: int = 0


@asynccontextmanager
async def receiving(what: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(unused_port(), answers=what == "takes all")
    if what == "refuses":
        yield receiver
        return
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(receiver), "127.0.0.1", receiver.port)
    try:
        yield receiver
    finally:
        server.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _delivery(webhook: UUID, number: int, playbacks: list[UUID]) -> Delivery:
    about = playbacks[number % CALLS]
    body = {
        "type": "started",
        "at": "2026-01-31T09:30:00.120+00:00",
        "playbackId": str(about),
        "callIds": [str(about)],
        "detail": "x" * 300,
    }
    return Delivery(webhook, Event(number, WORKSPACE, PlaybackId(about), body), time.time())


async def _pend(folder: Path, port: int) -> None:
    """As the service before this one has left them, of as many calls as are at one time."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")
    await database.open()
    url = f"http://127.0.0.1:{port}/in"
    made = Webhook(uuid4(), WORKSPACE, url, frozenset(), (SECRET,), 0.0)
    playbacks = [uuid4() for _ in range(CALLS)]
    pending = [_delivery(made.id, number, playbacks) for number in range(1, PENDING + 1)]
    rows = [delivery_rows.row_of(one, json.dumps(one.event.body)) for one in pending]
    async with database.writing() as connection:
        await connection.execute(insert(WEBHOOKS).values(**webhook_rows.row_of(made)))
        await connection.execute(insert(DELIVERIES), rows)
        # The newest event of all is on record, as always: ids go on from there.
        last = {name: rows[-1][name] for name in ("playback", "body")}
        newest = insert(EVENTS).values(id=PENDING, at=time.time(), workspace=str(WORKSPACE), **last)
        await connection.execute(newest)
        await connection.execute(update(STATE).values(webhooks_revision=1))
    await database.close()


@asynccontextmanager
async def service(folder: Path, more: str = "") -> AsyncIterator[ServedProcess]:
    """With a store and an Asterisk of its own."""
    async with with_party() as pbx, served(folder, pbx.ami.port, more=STORE + more) as process:
        yield process


async def _play(process: ServedProcess) -> float:
    """Seconds until it is answered."""
    began = time.perf_counter()
    status, answer = await process.bird("POST", "", LIST)
    took = time.perf_counter() - began
    assert status == 202, answer
    await process.bird("POST", "/stop")
    return took


async def _plays(process: ServedProcess) -> list[float]:
    for _ in range(WARM):
        await _play(process)
    return [await _play(process) for _ in range(PLAYS)]


@pytest.mark.parametrize("does", ["hangs", "refuses", "takes all"])
async def test_given_ten_thousand_that_wait_then_a_play_is_answered_as_ever(
    tmp_path: Path, does: str, record_property: Callable[[str, object], None]
) -> None:
    quiet, loud, grown = [], [], 0
    for turn in range(TURNS):
        async with service(_made(tmp_path / f"quiet{turn}")) as free:
            quiet += await _plays(free)
            resident = free.resident_kib()
        folder = _made(tmp_path / f"loud{turn}")
        async with receiving(does) as receiver:
            await _pend(folder, receiver.port)
            more = f'[webhooks]\nallow = ["127.0.0.1:{receiver.port}"]\ntimeout_seconds = 1\n'
            async with service(folder, more) as burdened:
                loud += await _plays(burdened)
                assert receiver.came < PENDING  # there were enough for all that time
                assert receiver.came > PLAYS or not receiver.answers
                grown = max(grown, burdened.resident_kib() - resident)
            assert '"level":"error"' not in burdened.log.read_text().replace(" ", "")
    figures = {
        "quiet_ms": round(median(quiet) * 1000, 2),
        "loud_ms": round(median(loud) * 1000, 2),
        "quiet_ninth_ms": round(quantiles(quiet, n=10)[-1] * 1000, 2),
        "loud_ninth_ms": round(quantiles(loud, n=10)[-1] * 1000, 2),
        "grown_kib": grown,
    }
    for name, figure in figures.items():
        record_property(name, figure)
    print(does, figures)  # noqa: T201  # shown with -s
    assert median(loud) - median(quiet) <= SLOWER_AT_MOST, figures
    assert grown <= GROWS_AT_MOST_KIB, figures
