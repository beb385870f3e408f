"""Secrets are planted wherever there is a place for one; then all that callcue says is read.

At debug level, in both dialects, with right and with wrong credentials, over the fake manager.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from fakes.audio import tone, wav
from fakes.log import Log, logged
from fakes.origin import Origin, answer, broken_off, origin, redirect
from fakes.service import KEY, OPERATOR_KEY, PASSWORD, WORKSPACE, cheap_hash
from fakes.waiting import until
from fakes.whole import Answer, Whole, whole

from callcue.api.keys import AccessKey, digest
from callcue.api.rights import Right
from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser
from callcue.store.database import Database
from callcue.store.keys import KeyBook
from callcue.store.store import Store
from callcue.store.users import UserBook

AMI_SECRET = "planted-ami-secret"
STORED = "planted-store-password"
GUESSED, WRONG_KEY = "planted-wrong-password", "planted-wrong-key"
IN_URL, SIGNATURE = "planted-url-password", "planted-signature"
LED_ON, COOKIE = "planted-in-a-redirect", "planted-cookie"
IN_BODY = "planted-in-a-body"
STORED_KEY, REVOKED_KEY = "planted-store-key", "planted-revoked-key"
HASH = cheap_hash(STORED)
SECRETS = (
    *(AMI_SECRET, STORED, GUESSED, WRONG_KEY, IN_URL, SIGNATURE, LED_ON, COOKIE, IN_BODY),
    *(STORED_KEY, REVOKED_KEY, digest(STORED_KEY), digest(REVOKED_KEY), digest(KEY)),
    *(PASSWORD, KEY, OPERATOR_KEY, HASH, HASH.rpartition("$")[2]),
)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    with logged(monkeypatch) as log:
        yield log


async def test_given_planted_secrets_then_no_line_no_answer_and_no_figure_has_one(
    log: Log, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"
    await _fill(url)
    async with origin() as there, _service(tmp_path, url, there) as service:
        _serve(there)
        answers = [
            *await _screens(service),
            *await _integrators(service),
            *await _urls(service, there),
            *await _strangers(service),
            *await _lost_link(service),
            *await _looked_up(service),
        ]
    # It has been all that is meant: what follows would hold of a service that was never asked.
    text = "\n".join([f"{one.status} {one.text} {dict(one.headers)}" for one in answers])
    for seen in ("SUCCESS", "Invalid Username/Password", "unauthorized", "scope_missing"):
        assert seen in text
    assert "callcue_commands_total{" in text
    for event in ("action", "playback started", "playback paused", "playback ended", "request"):
        assert log.lines(event=event)
    assert log.lines(event="AMI login refused")
    assert log.lines(event="action", action="Login")
    assert len(there.seen) >= 4
    for secret in SECRETS:
        assert secret not in log.text
        assert secret not in text
        assert quote(secret, safe="") not in log.text


@asynccontextmanager
async def _service(folder: Path, url: str, there: Origin) -> AsyncIterator[Whole]:
    media = {"folder": str(folder / "media"), "allow": [f"127.0.0.1:{there.port}"]}
    async with whole(secret=AMI_SECRET, store=Store(url), media=media) as service:
        yield service


async def _fill(url: str) -> None:
    database, scopes = Database(url), frozenset({Right.CALLS_READ})
    await database.open()
    await UserBook(database).add(ApiUser("stored", Argon2(HASH)))
    keys = KeyBook(database)
    for name, key in (("kept", STORED_KEY), ("revoked", REVOKED_KEY)):
        await keys.add(AccessKey(name, WORKSPACE, digest(key), scopes))
    await keys.revoke("revoked")
    await database.close()


def _serve(there: Origin) -> None:
    there.paths["/good.wav"] = answer(wav(tone(0.2, 8000), 8000), Set_Cookie=f"a={COOKIE}")
    there.paths["/moved.wav"] = redirect(f"/good.wav?token={LED_ON}")
    there.paths["/astray.wav"] = redirect(f"http://u:{LED_ON}@127.0.0.1/x")
    there.paths["/broken.wav"] = broken_off(b"RIFF", 1000)
    there.paths["/text.wav"] = answer(IN_BODY.encode())


async def _screens(service: Whole) -> list[Answer]:
    stored = {"user": "stored", "pass": STORED}
    form = {"user": "6666", "pass": PASSWORD, "source": "test", "function": "audio_playback"}
    return [
        await service.screen(stage="PLAY", value="offer"),
        await service.screen(stage="PAUSE", **stored),
        await service.screen(stage="RESUME", **stored),
        await service.screen(stage="STOP", **{"pass": GUESSED}),
        await service.screen(stage="STOP", user="stored", **{"pass": GUESSED}),
        await service.screen(stage="STOP", user=GUESSED[:20], **{"pass": GUESSED}),
        await service.screen(stage="STOP"),
        await service.screen(function="version"),
        await service.screen(function="no_such_function"),
        await service.ask("POST", "/agc/api.php", data={**form, "agent_user": "1000"}),
        await service.ask("POST", "/agc/api.php", data={**form, "pass": GUESSED}),
        await service.ask("GET", f"/vicidial/non_agent_api.php?user=6666&pass={PASSWORD}"),
        await service.ask("GET", f"/agc/elsewhere.php?user=6666&pass={GUESSED}"),
    ]


async def _integrators(service: Whole) -> list[Answer]:
    clip = {"media": ["sound:offer"]}
    bearer = {"Authorization": f"Bearer {KEY}", "Cookie": f"session={COOKIE}"}
    return [
        await service.integrator("?wait=started", clip),
        await service.integrator("/pause"),
        await service.integrator("/volume", {"decibels": 3}),
        await service.integrator(method="GET"),
        await service.integrator("/stop"),
        await service.integrator("/pause", key=WRONG_KEY),
        await service.integrator("/pause", key=OPERATOR_KEY),
        await service.integrator("/pause", headers=bearer),
        await service.integrator(method="GET", key=STORED_KEY),
        await service.integrator("/stop", key=STORED_KEY),
        await service.integrator(method="GET", key=REVOKED_KEY),
        await service.integrator("", {"media": [], "secret": IN_BODY}),
        await service.integrator("", {IN_BODY: 1}, key=WRONG_KEY),
    ]


async def _urls(service: Whole, there: Origin) -> list[Answer]:
    """Played, asked for beforehand, and looked at; that of a user and a password is refused."""
    port, signed = there.port, f"?X-Signature={SIGNATURE}"
    urls = [f"http://user:{IN_URL}@127.0.0.1:{port}/good.wav{signed}"]
    paths = ("good", "moved", "astray", "broken", "text", "none")
    urls += [f"http://127.0.0.1:{port}/{path}.wav{signed}" for path in paths]
    answers = []
    workspace = f"/workspaces/{WORKSPACE}/media"
    headers = {"Authorization": f"AccessKey {KEY}"}
    for url in urls:
        body = {"media": [url]}
        for what in ("check", "prefetch"):
            path = f"{workspace}/{what}"
            answers.append(await service.ask("POST", path, json=body, headers=headers))
        answers.append(await service.integrator("?wait=started", body))
        answers.append(await service.integrator(method="GET"))
        answers.append(await service.integrator("/stop"))
        answers.append(await service.screen(stage="PLAY", value="offer", dial_override="Y"))
        answers.append(await service.screen(stage="STOP"))
    return answers


async def _strangers(service: Whole) -> Sequence[Answer]:
    """What is no HTTP, said with a password in it."""
    for line in (
        f"GET /agc/api.php?pass={PASSWORD} x HTTP/1.1\r\n\r\n",
        f"GET /agc/api.php?pass={PASSWORD} HTTP/9.9\r\nHost: x\r\n\r\n",
        f"Authorization: AccessKey {KEY}\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", service.client.port)
        writer.write(line.encode())
        assert b"400" in await reader.readline()
        writer.close()
        await writer.wait_closed()
    header = {"X-Request-Id": f"id {SIGNATURE}", "X-Forwarded-For": "203.0.113.1"}
    return [
        await service.ask("GET", "/metrics", headers=header),
        await service.ask("GET", f"/metrics?key={KEY}", headers=header),
    ]


async def _lost_link(service: Whole) -> list[Answer]:
    """Asterisk comes back and does not know our user any more."""
    service.pbx.ami.reject_logins = True
    service.pbx.drop_link()

    async def is_rejected() -> bool:
        return service.server.readiness().phase == "rejected"

    await until(is_rejected)
    return [
        await service.ask("GET", "/health/ready"),
        await service.screen(stage="PLAY", value="offer"),
    ]


async def _looked_up(service: Whole) -> list[Answer]:
    operator = {"Authorization": f"AccessKey {OPERATOR_KEY}"}

    async def is_on_record() -> bool:
        log = await service.ask("GET", "/vicidial/log?limit=1000", headers=operator)
        return log.text.count('"number"') > 20

    await until(is_on_record)
    return [
        await service.ask("GET", "/vicidial/log?limit=1000", headers=operator),
        await service.ask("GET", "/metrics"),
        await service.ask("GET", "/openapi.json"),
        await service.ask("GET", "/health/live"),
    ]
