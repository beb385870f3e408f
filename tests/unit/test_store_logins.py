"""Failed logins and locks survive a restart; a store in trouble keeps nobody out."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.service import PASSWORD, Service, serving
from fakes.waiting import until

from callcue.api.lockout import FAILURES, LOCK_SECONDS, Failures, Judged, Lockout
from callcue.store.database import Database
from callcue.store.logins import KNOWN_SECONDS, KeptLogins
from callcue.store.store import Store

HERE, THERE = "9.9.9.1", "9.9.9.2"
TRUST = {"trusted_proxies": ["127.0.0.0/8"]}


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(url)
    await made.open()
    yield made
    await made.close()


def _kept(database: Database, clock: Clock) -> KeptLogins:
    return KeptLogins(database, on_news=lambda: None, clock=clock)


async def _restarted(database: Database, clock: Clock) -> Lockout:
    lockout = Lockout(clock=clock)
    await _kept(database, clock).load_into(lockout)
    return lockout


async def test_given_a_lock_then_it_goes_on_where_it_was_after_a_restart(
    database: Database,
) -> None:
    clock = Clock()
    kept = _kept(database, clock)
    lockout = Lockout(clock=clock, keeper=kept)
    for _ in range(FAILURES):
        lockout.failed("ann", HERE)
    lockout.failed("bob", THERE)
    await kept.write()
    clock.now += 100
    again = await _restarted(database, clock)
    assert again.locked("ann", THERE) == pytest.approx(LOCK_SECONDS - 100)
    assert again.locked(None, HERE) == pytest.approx(LOCK_SECONDS - 100)
    assert not again.locked("bob", THERE)
    for _ in range(FAILURES - 1):  # the one before the restart counts
        again.failed("bob", "9.9.9.3")
    assert again.locked("bob", "9.9.9.4")
    clock.now += LOCK_SECONDS
    assert not (await _restarted(database, clock)).locked("ann", HERE)


async def test_given_who_was_right_from_there_then_a_restart_does_not_lock_her_out(
    database: Database,
) -> None:
    clock = Clock()
    kept = _kept(database, clock)
    lockout = Lockout(clock=clock, keeper=kept)
    lockout.succeeded("ann", HERE)
    for _ in range(FAILURES):
        lockout.failed("ann", THERE)
    await kept.write()
    again = await _restarted(database, clock)
    assert again.knows("ann", HERE)
    assert not again.locked("ann", HERE)
    assert again.locked("ann", THERE)
    clock.now += KNOWN_SECONDS + 1
    assert not (await _restarted(database, clock)).knows("ann", HERE)


async def test_given_a_pair_that_logs_in_all_day_then_it_is_written_once_an_hour() -> None:
    clock = Clock()
    told: list[object] = []

    class Keeper:
        def failed(self, failures: Failures) -> None:
            told.append(failures)

        def known(self, name: str, address: str) -> None:
            told.append((name, address))

    lockout = Lockout(clock=clock, keeper=Keeper())
    for _ in range(100):
        clock.now += 60
        lockout.succeeded("ann", HERE)
    assert told == [("ann", HERE)] * 2


async def test_given_a_clock_that_was_put_back_then_nobody_waits_longer(
    database: Database,
) -> None:
    clock = Clock()
    kept = _kept(database, clock)
    kept.failed(Failures(Judged("name", "ann"), FAILURES, 0.0))
    await kept.write()
    clock.now -= 10 * LOCK_SECONDS
    assert (await _restarted(database, clock)).locked("ann", HERE) == LOCK_SECONDS


async def test_given_failures_before_the_store_is_read_then_they_add_up(
    database: Database,
) -> None:
    clock = Clock()
    kept = _kept(database, clock)
    kept.failed(Failures(Judged("name", "ann"), FAILURES - 1, 5.0))
    await kept.write()
    lockout = Lockout(clock=clock)
    lockout.failed("ann", HERE)
    await _kept(database, clock).load_into(lockout)
    assert lockout.locked("ann", THERE) == LOCK_SECONDS


async def test_given_a_write_that_fails_then_nothing_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    kept = _kept(database, clock)
    kept.failed(Failures(Judged("name", "ann"), 3, 0.0))
    kept.failed(Failures(Judged("name", "bob"), FAILURES, 0.0))
    kept.known("bob", HERE)
    with monkeypatch.context() as patch:
        patch.setattr(database, "writing", database.reading)
        patch.setattr("callcue.store.logins.delete", None)
        with pytest.raises(TypeError):
            await kept.write()
    kept.failed(Failures(Judged("name", "ann"), FAILURES, 0.0))
    await kept.write()
    again = await _restarted(database, clock)
    assert again.locked("ann", HERE)
    assert again.knows("bob", HERE)


async def _login(service: Service, address: str, password: str = PASSWORD) -> str:
    query = {"source": "test", "user": "6666", "pass": password, "agent_user": "1000"}
    query |= {
        "function": "audio_playback",
        "stage": "PLAY",
        "value": "hello_1",
        "dial_override": "Y",
    }
    headers = {"X-Forwarded-For": address}
    async with service.client.get("/agc/api.php", params=query, headers=headers) as response:
        assert response.status == 200
        return str(await response.text())


async def test_given_ten_failures_at_api_php_then_a_restart_does_not_help(url: str) -> None:
    async with serving(Store(url), http=TRUST) as service:
        assert "SUCCESS" in await _login(service, HERE)
        for _ in range(FAILURES):
            assert "|BAD|" in await _login(service, THERE, "wrong")
    async with serving(Store(url), http=TRUST) as service:
        assert "|LOCK|" in await _login(service, THERE)
        assert "SUCCESS" in await _login(service, HERE)
        for _ in range(FAILURES):
            await service.bird("GET", service.calls_path(), key="wrong")
        status, _ = await service.bird("GET", service.calls_path(), key="wrong")
        assert status == 429
    async with serving(Store(url), http=TRUST) as service:
        status, _ = await service.bird("GET", service.calls_path(), key="wrong")
        assert status == 429


async def test_given_the_store_then_no_password_is_in_it(url: str, tmp_path: Path) -> None:
    async with serving(Store(url)) as service:
        await service.play()
        await service.play(**{"pass": "guessed-Passw0rd"})
    for file in _files(tmp_path):
        content = file.read_bytes()
        assert PASSWORD.encode() not in content
        assert b"guessed-Passw0rd" not in content


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.parametrize("where", ["no-folder/callcue.db", "text", "folder"])
async def test_given_a_store_that_cannot_be_had_then_the_service_says_so_and_goes_on(
    tmp_path: Path, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "text").write_text("no database " * 1000)
    (tmp_path / "folder").mkdir()
    store = Store(f"sqlite+aiosqlite:///{tmp_path / where}")
    async with serving(store) as service:
        assert "SUCCESS" in await service.play()
        # Where there is no file there is nobody in it; where there is one, who knows?
        word = "|BAD|" if where.startswith("no-folder") else "|ERRSERVERS|"
        assert word in await service.play(user="nobody")
        assert word in await service.play(user="nobody", dial_override="Y")
        for _ in range(FAILURES):
            await service.play(**{"pass": "wrong"})
        assert "|LOCK|" in await service.play(**{"pass": "wrong"})
    assert caplog.text.count("the store cannot be read") == 1
    assert "Traceback" not in caplog.text


async def test_given_a_store_out_of_reach_then_alt_user_is_an_answer_too(tmp_path: Path) -> None:
    async with serving(Store(f"sqlite+aiosqlite:///{tmp_path}")) as service:
        answer = await service.play(alt_user="crm9", agent_user="")
        assert answer == ("ERROR: audio_playback error - agent database unavailable - PLAY|\n")
        assert "SUCCESS" in await service.play(alt_user="crm1", agent_user="")


async def test_given_a_store_that_comes_late_then_it_is_used_from_then_on(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    store = Store(f"sqlite+aiosqlite:///{folder / 'callcue.db'}")
    async with serving(store) as service:
        assert "SUCCESS" in await service.play()
        await asyncio.to_thread(folder.mkdir)

        async def is_there() -> bool:
            return await store.users.find("ann") is None and store.users._revision is not None

        await until(is_there)


async def test_given_a_store_locked_at_the_start_then_logins_work_and_it_is_read_later(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Store(url), http=TRUST) as service:
        for _ in range(FAILURES):
            await _login(service, THERE, "wrong")
    blocker = sqlite3.connect(tmp_path / "callcue.db", isolation_level=None)
    blocker.execute("PRAGMA locking_mode=EXCLUSIVE")  # even to readers
    blocker.execute("UPDATE store_state SET users_revision = users_revision + 1")
    store = Store(url, busy_seconds=0.05)
    lockout = Lockout(keeper=store.logins)
    await store.start(lockout)
    assert "cannot be read" in caplog.text
    assert not lockout.locked(None, THERE)
    blocker.close()

    async def is_read() -> bool:
        return lockout.locked(None, THERE) > 0

    await until(is_read)
    await store.stop()


async def test_given_a_store_that_cannot_be_written_then_logins_and_locks_work_all_the_same(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Store(url, busy_seconds=0.05)) as service:
        blocker = sqlite3.connect(tmp_path / "callcue.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.ERROR):
            assert "SUCCESS" in await service.play()
            for _ in range(FAILURES):
                assert "|BAD|" in await service.play(user="7777", **{"pass": "wrong"})
            assert "|LOCK|" in await service.play(user="7777")

            async def is_said() -> bool:
                return "the store cannot be written" in caplog.text

            await until(is_said)
        blocker.execute("ROLLBACK")
        blocker.close()
    async with serving(Store(url)) as service:
        assert "|LOCK|" in await service.play(user="7777")
