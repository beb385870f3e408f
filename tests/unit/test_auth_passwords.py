"""Logins: right and wrong, remembered and forgotten, and a flood that hurts nobody."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from statistics import median
from typing import Any

import pytest
from argon2 import PasswordHasher
from fakes.plain import Plain
from fakes.service import PASSWORD, cheap_hash, serving

from callcue.api.lanes import Lane
from callcue.api.lockout import FAILURES, Lockout
from callcue.api.passwords import WAITING_PER_ADDRESS, Passwords, Verdict
from callcue.api.remembered import REMEMBERED_SECONDS
from callcue.api.stored_passwords import Argon2, StoredPassword
from callcue.api.users import ApiUser, FixedUsers, UsersOfAll, UserSource, UsersOutOfReach

HERE, THERE = "1.1.1.1", "6.6.6.6"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def _passwords(
    wanted: str = "", clock: Clock | None = None, lockout: Lockout | None = None
) -> AsyncIterator[Passwords]:
    form = Argon2(wanted or cheap_hash(PASSWORD))
    users = FixedUsers(
        [
            ApiUser("ann", form),
            ApiUser("idle", form, active=False),
            ApiUser("zero", form, level=0),
        ]
    )
    made = Passwords(users, lockout or Lockout(), like=[form], clock=clock or Clock())
    yield made
    made.close()


@pytest.mark.parametrize(
    ("user", "password", "verdict"),
    [
        ("ann", PASSWORD, Verdict.GOOD),
        ("ann", PASSWORD.lower(), Verdict.BAD),
        ("ann", "", Verdict.BAD),
        ("Ann", PASSWORD, Verdict.BAD),
        ("idle", PASSWORD, Verdict.BAD),
        ("zero", PASSWORD, Verdict.BAD),
        ("nobody", PASSWORD, Verdict.BAD),
        ("\ud800", "\ud800", Verdict.BAD),
        ("ann", "x" * 100_000, Verdict.BAD),
    ],
)
async def test_given_a_login_then_the_verdict_is(
    user: str, password: str, verdict: Verdict
) -> None:
    async with _passwords() as passwords:
        assert await _verdict(passwords, user, password) is verdict


async def _verdict(passwords: Passwords, user: str, password: str, address: str = HERE) -> Verdict:
    login = await passwords.verify(user, password, address)
    assert (login.user is not None) is (login.verdict is Verdict.GOOD)
    return login.verdict


async def test_given_a_right_login_then_it_is_remembered_for_a_minute() -> None:
    clock = Clock()
    async with _passwords(clock=clock) as passwords:
        judged = _count_judgements(passwords)
        for _ in range(5):
            assert await _verdict(passwords, "ann", PASSWORD) is Verdict.GOOD
        assert judged == [PASSWORD]
        clock.now += REMEMBERED_SECONDS + 1
        await passwords.verify("ann", PASSWORD, HERE)
        assert judged == [PASSWORD, PASSWORD]


async def test_given_a_login_in_use_when_its_minute_ends_then_nobody_waits_for_the_hash() -> None:
    clock = Clock()
    async with _passwords(clock=clock) as passwords:
        judged = _count_judgements(passwords)
        await passwords.verify("ann", PASSWORD, HERE)
        clock.now += REMEMBERED_SECONDS - 1

        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.GOOD
        assert judged == [PASSWORD]  # answered from memory, before anything was computed
        (renewal,) = passwords._running.values()
        assert (await renewal).verdict is Verdict.GOOD
        clock.now += 2

        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.GOOD
        assert judged == [PASSWORD, PASSWORD]


async def test_given_a_wrong_login_then_it_is_never_remembered() -> None:
    async with _passwords() as passwords:
        judged = _count_judgements(passwords)
        for _ in range(3):
            await passwords.verify("ann", "wrong", HERE)
        assert len(judged) == 3


async def test_given_the_memory_then_it_holds_no_password() -> None:
    async with _passwords() as passwords:
        await passwords.verify("ann", PASSWORD, HERE)
        assert PASSWORD.encode() not in b"".join(passwords._remembered._right)


async def test_given_the_same_login_many_times_at_once_then_one_verification() -> None:
    async with _passwords() as passwords:
        judged = _count_judgements(passwords)
        verdicts = await asyncio.gather(*(_verdict(passwords, "ann", PASSWORD) for _ in range(20)))
        assert set(verdicts) == {Verdict.GOOD}
        assert len(judged) == 1


async def test_given_a_flood_of_guesses_at_once_then_ten_are_judged_and_the_rest_locked() -> None:
    async with _passwords() as passwords:
        judged = _count_judgements(passwords)
        guesses = [_verdict(passwords, "ann", f"guess{n}", THERE) for n in range(60)]
        verdicts = await asyncio.gather(*guesses)
        assert verdicts.count(Verdict.BAD) == len(judged) == FAILURES
        assert verdicts.count(Verdict.LOCKED) == 60 - FAILURES
        assert await _verdict(passwords, "ann", PASSWORD, THERE) is Verdict.LOCKED


async def test_given_more_logins_than_may_wait_then_the_rest_is_told_at_once() -> None:
    async with _passwords(lockout=Lockout(failures=10**6)) as passwords:
        guesses = [_verdict(passwords, f"u{n}", "guess", THERE) for n in range(100)]
        verdicts = await asyncio.gather(*guesses)
        assert verdicts.count(Verdict.BUSY) == 100 - WAITING_PER_ADDRESS


async def test_given_an_attack_from_many_addresses_then_who_is_known_is_not_slowed() -> None:
    slow = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    clock = Clock()
    async with _passwords(slow, clock) as passwords:
        await passwords.verify("ann", PASSWORD, HERE)
        clock.now += REMEMBERED_SECONDS + 1
        attack = [
            asyncio.create_task(passwords.verify(f"u{n}", "guess", f"6.6.6.{n}"))
            for n in range(100)
        ]
        await asyncio.sleep(0)
        began = time.perf_counter()
        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.GOOD
        took = time.perf_counter() - began
        assert sum(task.done() for task in attack) < 50, f"it stood in the row for {took:.3f} s"
        await asyncio.gather(*attack)


async def test_given_an_unknown_user_then_it_costs_what_a_known_one_does() -> None:
    slow = PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with _passwords(slow, lockout=Lockout(failures=10**6)) as passwords:
        times: dict[str, list[float]] = {"ann": [], "nobody": []}
        for number in range(9):
            for user, taken in times.items():
                began = time.perf_counter()
                await passwords.verify(user, f"wrong{number}", HERE)
                taken.append(time.perf_counter() - began)
        ratio = median(times["nobody"]) / median(times["ann"])
        assert 0.5 < ratio < 2


@pytest.mark.parametrize(
    "change",
    [
        {"password": Argon2(cheap_hash("another"))},
        {"active": False},
        {"level": 0},
        {"addresses": (ip_network("7.7.7.0/24"),)},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_given_a_user_who_changes_then_what_was_right_is_judged_anew(
    change: dict[str, Any],
) -> None:
    users = _Changing(ApiUser("ann", Argon2(cheap_hash(PASSWORD))))
    async with _of(users) as passwords:
        judged = _count_judgements(passwords)
        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.GOOD
        users.user = replace(users.user, group="OTHER", functions=frozenset({"version"}))
        login = await passwords.verify("ann", PASSWORD, HERE)
        assert login.user == users.user  # as it is now
        assert len(judged) == 1
        users.user = replace(users.user, **change)
        assert await _verdict(passwords, "ann", PASSWORD) is not Verdict.GOOD
        assert len(judged) == 2


async def test_given_a_user_who_is_gone_then_nothing_is_remembered() -> None:
    users = _Changing(ApiUser("ann", Argon2(cheap_hash(PASSWORD))))
    async with _of(users) as passwords:
        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.GOOD
        users.name = "somebody else"
        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.BAD


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("10.1.2.3", Verdict.GOOD),
        ("192.168.1.5", Verdict.GOOD),
        ("2001:db8::/64", Verdict.GOOD),
        ("192.168.1.6", Verdict.ELSEWHERE),
        ("2001:db8:1::/64", Verdict.ELSEWHERE),
        ("unknown", Verdict.ELSEWHERE),
    ],
)
async def test_given_addresses_allowed_then_no_other_gets_in(
    address: str, verdict: Verdict
) -> None:
    networks = tuple(map(ip_network, ["10.0.0.0/8", "192.168.1.5/32", "2001:db8::/64"]))
    user = ApiUser("ann", Argon2(cheap_hash(PASSWORD)), addresses=networks)
    async with _of(_Changing(user)) as passwords:
        for _ in range(FAILURES + 1):  # judged, then remembered; and no failure is counted
            assert await _verdict(passwords, "ann", PASSWORD, address) is verdict
        assert await _verdict(passwords, "ann", "wrong", address) is Verdict.BAD


async def test_given_a_plain_password_then_it_waits_in_no_row() -> None:
    async with _of(_Changing(ApiUser("ann", Plain("Secret")))) as passwords:
        await passwords._strangers.turn.acquire()
        assert await _verdict(passwords, "ann", "secret") is Verdict.GOOD
        assert await _verdict(passwords, "ann", "wrong") is Verdict.BAD
        assert not passwords._waiting


async def test_given_a_source_that_knows_names_without_case_then_failures_are_of_one_user() -> None:
    users = _Changing(ApiUser("ann", Plain("secret")), any_case=True)
    async with _of(users) as passwords:
        for number in range(FAILURES):
            name = ("ANN", "Ann", "ann")[number % 3]
            assert await _verdict(passwords, name, "wrong", f"6.6.6.{number}") is Verdict.BAD
        assert await _verdict(passwords, "aNN", "secret", THERE) is Verdict.LOCKED


async def test_given_a_name_in_another_case_that_was_right_then_strangers_do_not_lock_it_out() -> (
    None
):
    users = _Changing(ApiUser("ann", Plain("secret")), any_case=True)
    clock = Clock()
    async with _of(users, clock) as passwords:
        assert await _verdict(passwords, "ANN", "secret") is Verdict.GOOD
        for number in range(FAILURES):
            await passwords.verify(f"u{number}", "wrong", HERE)
        clock.now += REMEMBERED_SECONDS + 1
        assert await _verdict(passwords, "ANN", "secret") is Verdict.GOOD
        assert await _verdict(passwords, "ann", "secret") is Verdict.GOOD


async def test_given_users_out_of_reach_then_nobody_is_judged_and_no_failure_counts() -> None:
    users = _Changing(ApiUser("ann", Plain("secret")))
    async with _of(users) as passwords:
        users.away = True
        for _ in range(FAILURES + 1):
            with pytest.raises(UsersOutOfReach):
                await passwords.verify("ann", "wrong", HERE)
        users.away = False
        assert await _verdict(passwords, "ann", "secret") is Verdict.GOOD


async def test_given_a_lock_then_nobody_is_asked_for_the_user_any_more() -> None:
    users = _Changing(ApiUser("ann", Plain("secret")))
    async with _of(users) as passwords:
        assert await _verdict(passwords, "ann", "secret") is Verdict.GOOD
        for number in range(FAILURES):
            await passwords.verify(f"u{number}", "wrong", THERE)
        users.away = True
        assert await _verdict(passwords, "u99", "wrong", THERE) is Verdict.LOCKED
        with pytest.raises(UsersOutOfReach):  # who is known is judged by herself
            await passwords.verify("ann", "secret", HERE)


async def test_given_a_login_remembered_when_its_address_is_locked_then_it_is_locked_too() -> None:
    async with _passwords() as passwords:
        assert await _verdict(passwords, "ann", PASSWORD, HERE) is Verdict.GOOD
        for number in range(FAILURES):
            assert await _verdict(passwords, "ann", f"guess{number}", THERE) is Verdict.BAD
        judged = _count_judgements(passwords)
        assert await _verdict(passwords, "ann", "another guess", THERE) is Verdict.LOCKED
        assert await _verdict(passwords, "ann", PASSWORD, THERE) is Verdict.LOCKED
        assert await _verdict(passwords, "ann", PASSWORD, HERE) is Verdict.GOOD
        assert not judged


async def test_given_a_name_in_another_case_remembered_when_it_is_locked_then_it_is_locked() -> (
    None
):
    users = _Changing(ApiUser("ann", Plain("secret")), any_case=True)
    async with _of(users) as passwords:
        assert await _verdict(passwords, "ANN", "secret", HERE) is Verdict.GOOD
        for number in range(FAILURES):
            await passwords.verify("ann", "wrong", f"6.6.6.{number + 10}")
        assert await _verdict(passwords, "ANN", "secret", THERE) is Verdict.LOCKED
        assert await _verdict(passwords, "ANN", "secret", HERE) is Verdict.GOOD


@pytest.mark.parametrize("active", [True, False])
async def test_given_a_user_locked_where_it_is_kept_then_locked_and_nothing_is_counted(
    active: bool,
) -> None:
    free = ApiUser("ann", Argon2(cheap_hash(PASSWORD)))
    users = _Changing(free)
    async with _of(users) as passwords:
        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.GOOD
        judged = _count_judgements(passwords)
        users.user = replace(free, locked=True, active=active)
        for _ in range(FAILURES + 1):
            assert await _verdict(passwords, "ann", "wrong", THERE) is Verdict.LOCKED
        assert await _verdict(passwords, "ann", PASSWORD) is Verdict.LOCKED  # and was remembered
        assert not judged
        users.user = free
        assert await _verdict(passwords, "ann", PASSWORD, THERE) is Verdict.GOOD


async def test_given_a_user_locked_where_it_is_kept_while_a_login_waits_then_it_is_locked() -> None:
    users = _Changing(ApiUser("ann", Argon2(cheap_hash(PASSWORD))))
    async with _of(users) as passwords:
        judged = _count_judgements(passwords)
        await passwords._strangers.turn.acquire()
        login = asyncio.create_task(_verdict(passwords, "ann", "wrong"))
        while not passwords._waiting:
            await asyncio.sleep(0)
        users.user = replace(users.user, locked=True)
        passwords._strangers.turn.release()
        assert await login is Verdict.LOCKED
        assert not judged


async def test_given_users_of_several_forms_then_an_unknown_name_is_like_one_of_them() -> None:
    users = UsersOfAll(
        [
            _Changing(ApiUser("ann", Argon2(cheap_hash(PASSWORD)))),
            _Changing(ApiUser("bob", Plain("secret"))),
        ]
    )
    async with _of(users) as passwords:
        for name in ("ann", "bob"):
            await passwords.verify(name, "wrong", HERE)
        names = [f"nobody{number}" for number in range(100)]
        kinds = [passwords._decoys.form(None, name).kind for name in names]
        assert len(set(kinds)) == 2
        assert kinds == [passwords._decoys.form(None, name).kind for name in names]


class _Changing:
    """One user, who may change, be called otherwise, or be out of reach."""

    def __init__(self, user: ApiUser, *, any_case: bool = False) -> None:
        self.user = user
        self.name = user.name
        self.away = False
        self._any_case = any_case

    async def find(self, name: str) -> ApiUser | None:
        if self.away:
            raise UsersOutOfReach
        same = (name.lower() if self._any_case else name) == self.name
        return self.user if same else None

    async def named_by(self, alt_user: str) -> str | None:
        return self.name if alt_user == self.user.alt_user else None


@asynccontextmanager
async def _of(users: UserSource, clock: Clock | None = None) -> AsyncIterator[Passwords]:
    made = Passwords(users, Lockout(), clock=clock or Clock())
    yield made
    made.close()


async def test_given_ten_failures_at_api_php_then_lock_also_for_the_right_password() -> None:
    async with serving() as service:
        for _ in range(FAILURES):
            assert "|BAD|" in await service.play(**{"pass": "wrong"})
        locked = "ERROR: Invalid Username/Password: |6666||0|0|LOCK|\n"
        assert await service.play() == locked


async def test_given_an_agent_at_work_then_nobody_else_locks_her_out() -> None:
    trust = {"trusted_proxies": ["127.0.0.0/8"]}
    async with serving(http=trust) as service:
        assert (await _from(service.client, "9.9.9.1", PASSWORD)).startswith("SUCCESS")
        for _ in range(FAILURES + 1):
            answer = await _from(service.client, "9.9.9.2", "wrong")
        assert "|LOCK|" in answer
        assert "|LOCK|" not in await _from(service.client, "9.9.9.1", PASSWORD)


async def _from(client, address: str, password: str) -> str:  # type: ignore[no-untyped-def]
    query = {"source": "test", "user": "6666", "pass": password, "agent_user": "1000"}
    query |= {"function": "audio_playback", "stage": "PLAY", "value": "hello_1"}
    headers = {"X-Forwarded-For": f"1.2.3.4, {address}"}
    async with client.get("/agc/api.php", params=query, headers=headers) as response:
        return str(await response.text())


def _count_judgements(passwords: Passwords) -> list[str]:
    judged: list[str] = []
    real = passwords._matches

    async def counted(wanted: StoredPassword, password: str, lane: Lane) -> bool:
        judged.append(password)
        return await real(wanted, password, lane)

    passwords._matches = counted  # type: ignore[method-assign]
    return judged
