"""Who may be connected to the HTTP port: how many, from where, and how slow."""

import asyncio
import socket

import pytest
from fakes.door import LIVE, Entrance, Visitor, at_the_door, until
from fakes.service import KEY, WORKSPACE

from callcue.api import doorman, guest
from callcue.core.refusals import Bound

HEADERS = f"Host: x\r\nAuthorization: AccessKey {KEY}\r\nContent-Length: 5000\r\n"
ENDLESS = LIVE[:-2] + b"X: " + b"x" * 5000
PUT = f"PUT /sounds/offer HTTP/1.1\r\n{HEADERS}\r\n".encode()
CHECK = (
    f"POST /workspaces/{WORKSPACE}/media/check HTTP/1.1\r\n{HEADERS}"
    "Content-Type: application/json\r\n\r\n"
).encode()
"""Requests whose body is still to come."""


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is too slow soon."""
    monkeypatch.setattr(doorman, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(guest, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(guest, "BODY_SECONDS", 1.0)
    monkeypatch.setattr(guest, "READ_SECONDS", 1.0)


async def _busy(entrance: Entrance, request: bytes = PUT) -> Visitor:
    visitor = await entrance.guest()
    resting = len(entrance.doorman._resting)
    await visitor.says(request)
    await until(lambda: len(entrance.doorman._resting) < resting)
    return visitor


async def _drip(visitor: Visitor, data: bytes) -> None:
    try:
        for byte in data:
            await visitor.says(bytes([byte]))
            await asyncio.sleep(0.02)
    except ConnectionError:
        pass


async def test_given_as_many_of_an_address_as_may_be_then_one_more_is_refused() -> None:
    async with at_the_door(connections_per_address=2) as entrance:
        first = await entrance.guest("127.0.0.2")
        await entrance.guest("127.0.0.2")
        refused = await entrance.visitor("127.0.0.2")
        assert (await refused.hears()).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert await refused.is_cut_off()
        assert entrance.refused(Bound.CONNECTIONS_PER_ADDRESS) == 1
        other = await entrance.guest("127.0.0.3")
        assert await other.is_answered()
        first.writer.close()
        await until(lambda: len(entrance.doorman) == 2)
        assert await (await entrance.guest("127.0.0.2")).is_answered()


async def test_given_a_proxy_we_know_then_its_connections_are_not_counted_by_its_address() -> None:
    async with at_the_door(connections_per_address=1, trusted_proxies=["127.0.0.9"]) as entrance:
        for _ in range(3):
            assert await (await entrance.guest("127.0.0.9")).is_answered()
        assert entrance.refused(Bound.CONNECTIONS_PER_ADDRESS) == 0


async def test_given_all_places_taken_by_idle_ones_then_the_longest_gives_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doorman, "RESTED_SECONDS", 0.0)
    async with at_the_door(connections=10) as entrance:
        idle = [await entrance.guest(f"127.0.0.{number}") for number in range(2, 12)]
        assert await idle[0].is_answered()  # by now the second has rested for longest
        newcomer = await entrance.visitor("127.0.0.1")
        assert await newcomer.is_answered()
        assert await idle[1].is_cut_off()
        assert await idle[0].is_answered()
        assert (entrance.refused(Bound.IDLE_CONNECTIONS), len(entrance.doorman)) == (1, 10)


async def test_given_all_places_taken_by_requests_then_a_newcomer_is_refused() -> None:
    async with at_the_door(connections=10) as entrance:
        busy = [await _busy(entrance, CHECK) for _ in range(10)]
        refused = await entrance.visitor()
        assert (await refused.hears()).startswith(b"HTTP/1.1 503")
        assert entrance.refused(Bound.CONNECTIONS) == 1
        await busy[0].says(b"x" * 5000)
        assert (await busy[0].hears()).startswith(b"HTTP/1.1 400")
        assert await busy[0].is_answered()


@pytest.mark.usefixtures("in_a_hurry")
async def test_given_nothing_or_a_dripped_head_then_cut_off() -> None:
    async with at_the_door() as entrance:
        silent, slow, later = [await entrance.guest() for _ in range(3)]
        assert await later.is_answered()
        dripping = [asyncio.create_task(_drip(one, ENDLESS)) for one in (slow, later)]
        assert await silent.reader.read() == b""
        assert (await slow.hears()).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        # That one rested between two requests, and then began to drip.
        assert (await later.hears()).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert await slow.is_cut_off()
        assert entrance.refused(Bound.SLOW_HEAD) == 3
        await asyncio.gather(*dripping)


@pytest.mark.usefixtures("in_a_hurry")
async def test_given_a_rest_between_two_requests_then_it_may_be_longer() -> None:
    async with at_the_door(idle_seconds=4) as entrance:
        visitor = await entrance.guest()
        assert await visitor.is_answered()
        await asyncio.sleep(1.5 * guest.HEAD_SECONDS)
        assert await visitor.is_answered()
        assert await visitor.is_cut_off(within=20.0)
        assert entrance.refused(Bound.SLOW_HEAD) == 0


@pytest.mark.usefixtures("in_a_hurry")
async def test_given_a_dripped_body_then_cut_off_and_one_that_is_fast_enough_is_not(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guest, "SLOWEST_BODY", 1000)
    async with at_the_door() as entrance:
        slow, fast = await _busy(entrance), await _busy(entrance)
        dripping = asyncio.create_task(_drip(slow, b"x" * 5000))
        for _ in range(10):  # 500 bytes in 0.2 s: more than twice as fast as it must be
            await fast.says(b"x" * 500)
            await asyncio.sleep(0.2)
        assert (await fast.hears()).startswith(b"HTTP/1.1 422")
        assert await slow.is_cut_off()
        assert entrance.refused(Bound.SLOW_BODY) == 1
        await dripping
        assert not [line for line in caplog.records if line.levelname == "ERROR"]


@pytest.mark.usefixtures("in_a_hurry")
async def test_given_a_body_that_nobody_waits_for_then_it_ends_too() -> None:
    async with at_the_door() as entrance:
        visitor = await entrance.guest()
        await visitor.says(PUT.replace(KEY.encode(), b"wrong"))
        assert (await visitor.hears()).startswith(b"HTTP/1.1 401")
        assert await visitor.is_cut_off()


@pytest.mark.usefixtures("in_a_hurry")
async def test_given_a_client_that_never_reads_then_cut_off() -> None:
    async with at_the_door() as entrance:
        visitor = await entrance.guest()
        raw = visitor.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        visitor.writer.transport.pause_reading()  # type: ignore[attr-defined]
        visitor.writer.write(LIVE.replace(b"/health/live", b"/openapi.json") * 200)
        await until(lambda: entrance.refused(Bound.SLOW_READER) == 1, within=20)
        await until(lambda: len(entrance.doorman) == 0)


@pytest.mark.usefixtures("in_a_hurry")
async def test_given_a_head_that_grows_and_grows_then_refused() -> None:
    async with at_the_door() as entrance:
        lines = [b"X-%d: %s\r\n" % (number, b"x" * 4000) for number in range(200)]
        many = await entrance.guest()
        await many.says(LIVE[:-2] + b"X: y\r\n" * 1000 + b"\r\n")
        assert b" 400 Bad Request" in await many.hears()
        large = await entrance.guest()
        await large.says(LIVE[:-2] + b"".join(lines))
        assert b" 400 Bad Request" in await large.hears()
        line = await entrance.guest()
        await line.says(b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n\r\n")
        assert b" 400 Bad Request" in await line.hears()
        for visitor in (many, large, line):
            assert await visitor.is_cut_off()


async def test_given_a_body_that_is_too_large_then_413_and_counted() -> None:
    async with at_the_door() as entrance:
        visitor = await entrance.guest()
        body = b'{"media":["' + b"x" * 1024 * 1024 + b'"]}'
        path = f"/workspaces/{WORKSPACE}/media/check"
        await visitor.says(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: AccessKey {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        assert (await visitor.hears()).startswith(b"HTTP/1.1 413")
        assert entrance.refused(Bound.LARGE_BODY) == 1


async def test_given_a_thousand_that_come_and_go_then_nothing_is_left_of_them() -> None:
    async with at_the_door() as entrance:
        for _ in range(20):
            visitors = [await entrance.visitor(f"127.0.1.{n}") for n in range(1, 51)]
            for visitor in visitors:
                visitor.writer.transport.abort()
        await until(lambda: len(entrance.doorman) == 0)
        assert not entrance.doorman._guests
        assert not entrance.doorman._resting
        assert not entrance.doorman._from
