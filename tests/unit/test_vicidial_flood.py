"""A flood of wrong passwords at api.php: who does it right does not notice."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from statistics import median, quantiles

import pytest
from aiohttp import ClientSession, TCPConnector
from argon2 import PasswordHasher
from fakes.service import Service, serving

PER_SECOND = 200
RIGHT_ONES = 60
SLOWER_AT_MOST = 0.020
SECRET = "s3cret"

_HASH = PasswordHasher().hash(SECRET)
"""As costly as a real one."""

USERS = [{"user": name, "password_hash": _HASH} for name in ("6666", "7777")]
TRUST = {"trusted_proxies": ["127.0.0.0/8"]}

Attacker = Callable[[int], tuple[str, str]]


def _one_address(number: int) -> tuple[str, str]:
    return f"user{number}", "6.6.6.6"


def _many_addresses(number: int) -> tuple[str, str]:
    return f"user{number}", f"6.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _same_name_from_many(number: int) -> tuple[str, str]:
    return "7777", _many_addresses(number)[1]


@pytest.mark.parametrize("attacker", [_one_address, _many_addresses, _same_name_from_many])
async def test_given_200_wrong_plays_a_second_then_a_right_one_is_not_slowed(
    attacker: Attacker,
) -> None:
    slower = await _slower_in_a_flood(attacker)
    assert max(slower) < SLOWER_AT_MOST, "median and ninth decile, in seconds"


async def _slower_in_a_flood(attacker: Attacker) -> tuple[float, float]:
    """By how many seconds: the median, and the ninth decile."""
    async with serving(users=USERS, http=TRUST) as service, _attackers() as session:
        await _play(service, "6666", "9.9.9.9")
        quiet = [await _right(service) for _ in range(RIGHT_ONES)]
        async with _flood(service, session, attacker) as (sent, answers):
            while not answers:  # it is on
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
    assert "SUCCESS" in await _play(service, "6666", "9.9.9.9")
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
        answers.append(await _play(service, user, address, f"wrong{number}", session))

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


async def _play(
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


async def test_given_a_user_of_few_addresses_then_ipblock_elsewhere() -> None:
    users = [{**USERS[0], "addresses": ["9.9.9.0/24"]}]
    async with serving(users=users, http=TRUST) as service:
        assert "SUCCESS" in await _play(service, "6666", "9.9.9.9")
        blocked = "ERROR: Invalid Username/Password: |6666||0|0|IPBLOCK|\n"
        assert await _play(service, "6666", "9.9.8.9") == blocked
        assert "|BAD|" in await _play(service, "6666", "9.9.8.9", "wrong")
