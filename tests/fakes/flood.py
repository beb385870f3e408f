"""A flood of wrong passwords at api.php, and how a right one fares in it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from statistics import median, quantiles
from typing import Any

from aiohttp import ClientSession, TCPConnector

from .service import Service, serving

PER_SECOND = 200
RIGHT_ONES = 60
SLOWER_AT_MOST = 0.020
UNDER_WAY = 20
"""So many answers later all connections and processes are there that it takes."""
SECRET = "s3cret"

TRUST = {"trusted_proxies": ["127.0.0.0/8"]}

Attacker = Callable[[int], tuple[str, str]]
"""The name and the address of each of its requests."""


def one_address(number: int) -> tuple[str, str]:
    return f"user{number}", "6.6.6.6"


def many_addresses(number: int) -> tuple[str, str]:
    return f"user{number}", f"6.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def same_name_from_many(number: int) -> tuple[str, str]:
    return "7777", many_addresses(number)[1]


ATTACKERS = [one_address, many_addresses, same_name_from_many]


async def slower_in_a_flood(attacker: Attacker, **tables: Any) -> tuple[float, float]:
    """By how many seconds PLAYs of user 6666 are slower: the median, and the ninth decile.

    *tables* are of the settings, and have that user and 7777.
    """
    async with serving(**tables, http=TRUST) as service, _attackers() as session:
        await play(service, "6666", "9.9.9.9")
        quiet = [await _right(service) for _ in range(RIGHT_ONES)]
        async with _flood(service, session, attacker) as (sent, answers):
            while len(answers) < UNDER_WAY:
                await asyncio.sleep(0.01)
            loud = [await _right(service) for _ in range(RIGHT_ONES)]
        assert len(sent) > RIGHT_ONES * 0.025 * PER_SECOND / 2
        assert not any("SUCCESS" in answer for answer in answers)
    ninth = quantiles(loud, n=10)[-1] - quantiles(quiet, n=10)[-1]
    return median(loud) - median(quiet), ninth


async def _right(service: Service) -> float:
    """One right PLAY, and how long it took; so many a second that the flood is between them."""
    await asyncio.sleep(0.025)
    began = time.perf_counter()
    assert "SUCCESS" in await play(service, "6666", "9.9.9.9")
    return time.perf_counter() - began


@asynccontextmanager
async def _attackers() -> AsyncIterator[ClientSession]:
    """Any number of connections at once: none of them waits for another one."""
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        yield session


@asynccontextmanager
async def _flood(
    service: Service, session: ClientSession, attacker: Attacker
) -> AsyncIterator[tuple[list[int], list[str]]]:
    sent: list[int] = []
    answers: list[str] = []

    async def wrong(number: int) -> None:
        user, address = attacker(number)
        sent.append(number)
        answers.append(await play(service, user, address, f"wrong{number}", session))

    async def attack() -> None:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in count():
                group.create_task(wrong(number))
                late = time.perf_counter() - began - number / PER_SECOND
                await asyncio.sleep(max(0.0, 1 / PER_SECOND - late))

    attacking = asyncio.create_task(attack())
    yield sent, answers
    attacking.cancel()
    await asyncio.gather(attacking, return_exceptions=True)


async def play(
    service: Service,
    user: str,
    address: str,
    password: str = SECRET,
    session: ClientSession | None = None,
) -> str:
    query = {"source": "test", "user": user, "pass": password, "agent_user": "1000"}
    query |= {"function": "audio_playback", "stage": "PLAY", "value": "hello_1"}
    query |= {"dial_override": "Y"}
    headers = {"X-Forwarded-For": address}
    url = service.client.make_url("/agc/api.php")
    sending = session or service.client.session
    async with sending.get(url, params=query, headers=headers) as response:
        assert response.status == 200
        return await response.text()
