"""No secret comes out: not in a log, not in an answer, not in a repr."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.service import KEY, PASSWORD, Service, cheap_hash, serving, settings

from callcue import logs
from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser
from callcue.app import asterisk_addresses
from callcue.store.database import Database
from callcue.store.store import Store
from callcue.store.users import UserBook

SECRETS = [PASSWORD, KEY, "ami-s3cret", "guessed-Passw0rd", "wrong-key-123"]


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, at the lowest level."""
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    logs.configure("debug", request.param)
    yield text
    root.handlers[:], level = kept
    root.setLevel(level)


async def test_given_requests_of_all_kinds_then_no_secret_is_logged(log: io.StringIO) -> None:
    async with serving() as service:
        await service.play()
        await service.play(**{"pass": "guessed-Passw0rd"})
        await service.bird("POST", service.playback_path, {"media": ["sound:hello_1"]})
        await service.bird("GET", service.calls_path(), key="wrong-key-123")
        await _broken_requests(service)
        service.telephony.sounds.refuse = ValueError("oops")  # type: ignore[assignment]
        await service.play()
        await service.bird("POST", service.playback_path, {"media": ["sound:hello_1"]})
    logged = log.getvalue()
    assert "/agc/api.php" in logged
    assert "oops" in logged
    for secret in SECRETS:
        assert secret not in logged


async def test_given_the_store_at_work_then_no_hash_is_logged(
    log: io.StringIO, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"
    hashed = cheap_hash("1234")
    database = Database(url)
    await database.open()
    await UserBook(database).add(ApiUser("ann", Argon2(hashed)))
    store = Store(url)
    async with serving(store) as service:
        assert await store.users.find("ann") is not None
        await service.play(user="ann", **{"pass": "1234"})
        await service.play(user="ann", **{"pass": "guessed-Passw0rd"})
    await database.close()
    logged = log.getvalue()
    assert "/agc/api.php" in logged
    for secret in (*SECRETS, hashed, hashed.rpartition("$")[2]):
        assert secret not in logged


async def _broken_requests(service: Service) -> None:
    query = f"/agc/api.php?user=6666&pass={PASSWORD}"
    for line in (
        f"GET {query} x HTTP/1.1\r\n\r\n",
        f"GET {query}&a={'a' * 10_000} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET {query} HTTP/1.1\r\nHost x {PASSWORD}\r\n\r\n",
        f"GET {query} HTTP/9.9\r\nHost: x\r\n\r\n",
        f"pass={PASSWORD}\r\n\r\n",
    ):
        port = service.client.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(line.encode())
        assert b"400" in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_given_json_then_each_line_is_one_object_with_the_request(log: io.StringIO) -> None:
    async with serving() as service:
        url = "/agc/api.php%0AX?function=version"
        async with service.client.get(url) as response:
            request_id = response.headers["X-Request-Id"]
    line = next(line for line in log.getvalue().splitlines() if request_id in line)
    if line.startswith("{"):
        entry = json.loads(line)
        assert entry["request"] == request_id
        assert (entry["path"], entry["status"]) == ("/agc/api.php%0AX", 404)


def test_given_the_settings_then_no_repr_shows_a_secret() -> None:
    made = settings()
    shown = repr(made) + str(made.model_dump()) + repr(asterisk_addresses(made))
    assert "ami-s3cret" not in shown
    assert "$argon2" not in shown
