"""All routes, walked without, with wrong and with each sort of credential.

What is walked is the table itself: a new route is walked without a word here, unless its path has a
part that `_SAMPLES` does not know.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import hdrs, web
from fakes.paces import LIMITS
from fakes.routes import every_route
from fakes.service import (
    CHANNEL,
    HOST,
    OTHER_CHANNEL,
    OTHER_WORKSPACE,
    PASSWORD,
    READ_KEY,
    WORKSPACE,
    Service,
    cheap_hash,
    serving,
)
from fakes.upstream import FakeVicidial, vicidial

from callcue.api import routes
from callcue.api.keys import AccessKey, digest
from callcue.api.lockout import FAILURES
from callcue.api.rights import Right
from callcue.media.clip_urls import ClipUrls
from callcue.store.database import Database
from callcue.store.keys import KeyBook
from callcue.store.store import Store

TABLE = every_route()
SCOPES = (
    Right.CALLS_READ,
    Right.PLAYBACK_WRITE,
    Right.MEDIA_WRITE,
    Right.WEBHOOKS_WRITE,
    Right.OPERATOR,
)
NO_WORKSPACE = UUID(int=1)
"""The settings do not have it."""
CLIP = {"media": ["sound:hello_1"]}
STORED_CLIP = "c" * 64
FUNCTIONS = {"agc/api.php": ("audio_playback", "webserver"), "non_agent": ("sounds_list",)}
"""What is asked of the routes that need an API user, by what their paths have."""

IN, PASSED_ON = "in", "passed on"
UNAUTHORIZED, SCOPE_MISSING, RATE_LIMITED = "unauthorized", "scope_missing", "rate_limited"
NOT_THERE, NO_SUCH_WORKSPACE = "not found", "no such workspace"
BAD, IPBLOCK, NOT_ALLOWED, TOO_MANY = "BAD", "IPBLOCK", "no permission", "too many requests"


@dataclass(frozen=True)
class Credential:
    """What somebody shows, and what it is worth."""

    name: str
    headers: tuple[tuple[str, str], ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    workspace: UUID | None = None
    """Of a good key."""
    scopes: frozenset[Right] = frozenset()
    login: str = BAD
    """What a route for API users makes of it."""

    def __str__(self) -> str:
        return self.name


def _key(name: str, key: str, *scopes: Right, of: UUID | None = WORKSPACE) -> Credential:
    headers = ((hdrs.AUTHORIZATION, f"AccessKey {key}"),)
    return Credential(name, headers, workspace=of, scopes=frozenset(scopes))


def _header(value: str) -> Credential:
    return Credential(f"the header {value!r}", ((hdrs.AUTHORIZATION, value),))


def _user(name: str, password: str, login: str = BAD) -> Credential:
    return Credential(f"user {name}", query={"user": name, "pass": password}, login=login)


EVERY = "key-of-every-scope"
EVERYTHING = _key("every scope", EVERY, *SCOPES)
NOTHING = Credential("nothing")
MALFORMED = [
    *map(_header, ("", "AccessKey", "AccessKey ", "AccessKey wrong", EVERY, f"Bearer {EVERY}")),
    *map(
        _header, (f"AccessKey {EVERY}x", f"AccessKey {EVERY} x", "AccessKey \xff", "Basic NjY2Ng==")
    ),
    _header(f"AccessKey {digest(EVERY)}"),
    Credential("two keys", ((hdrs.AUTHORIZATION, f"AccessKey {EVERY}"),) * 2),
    Credential(
        "a key in the query", query={"AccessKey": EVERY, "key": EVERY, "access_token": EVERY}
    ),
]
GONE = [
    _key("an expired key", "expired", of=None),
    _key("a revoked key", "revoked", of=None),
    _key("a key of a workspace that is gone", "workspace-gone", of=None),
]
KEYS = [
    *(_key(f"{scope} of the settings", f"settings {scope}", scope) for scope in SCOPES),
    *(_key(f"{scope} of the store", f"store {scope}", scope) for scope in SCOPES),
    EVERYTHING,
    _key("no scope", "none"),
    _key("every scope elsewhere", "elsewhere", *SCOPES, of=OTHER_WORKSPACE),
    _key("every scope elsewhere, of the store", "store elsewhere", *SCOPES, of=OTHER_WORKSPACE),
    _key("no scope elsewhere", "elsewhere, none", of=OTHER_WORKSPACE),
]
USERS = [
    _user("6666", PASSWORD, IN),
    _user("7777", PASSWORD, NOT_ALLOWED),
    _user("bound", PASSWORD, IPBLOCK),
    _user("6666", "wrong-password"),
    _user("6666", ""),
    _user("nobody", PASSWORD),
    _user("idle", PASSWORD),
    _user("level0", PASSWORD),
]
ALL = [NOTHING, *MALFORMED, *GONE, *KEYS, *USERS]


# ---- the service ---------------------------------------------------------------------------------


@dataclass
class Walked:
    """A service with every route there is, and what stands behind them."""

    service: Service
    upstream: FakeVicidial
    samples: dict[str, str]
    """What the parts of a path are."""
    asked: int = 0

    def paths(self, route: routes.Route) -> Iterator[tuple[str, dict[str, str]]]:
        """Where to ask for it, and with which query: once for each function."""
        resource = _resource(route)
        names = re.findall(r"\{(\w+)", route.path)
        path = str(resource.url_for(**{name: self.samples[name] for name in names}))
        if route.right is not Right.API_USER:
            yield path, {}
            return
        (functions,) = [found for part, found in FUNCTIONS.items() if part in route.path]
        for function in functions:
            asked = {"source": "test", "function": function, "agent_user": "1000"}
            yield path, asked | {"value": "hello_1", "stage": "STOP", "format": "tab"}

    async def ask(
        self, route: routes.Route, path: str, credential: Credential, query: dict[str, str]
    ) -> str:
        """What came of it. Each request comes from an address of its own, or it would be locked."""
        self.asked += 1
        seen = len(self.upstream.seen)
        headers = [
            *credential.headers,
            ("X-Forwarded-For", f"203.0.{self.asked // 256}.{self.asked % 256}"),
        ]
        method = hdrs.METH_GET if route.method == hdrs.METH_ANY else route.method
        query = {**query, **credential.query}
        client = self.service.client
        async with client.request(method, path, params=query, headers=headers) as response:
            assert response.status < 500
            assert response.status != web.HTTPMethodNotAllowed.status_code
            is_stream = response.content_type == "text/event-stream"  # and so has no end
            text = "" if is_stream else await response.text()
            if len(self.upstream.seen) > seen:
                return PASSED_ON
            if response.status == web.HTTPUnauthorized.status_code:
                assert response.headers[hdrs.WWW_AUTHENTICATE] == "AccessKey"
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else {}
            return _outcome(route, response.status, text, body)


def _resource(route: routes.Route) -> web.AbstractResource:
    """What aiohttp makes of its path."""

    async def nothing(_: web.Request) -> web.Response:
        return web.Response()

    resource = web.Application().router.add_route(route.method, route.path, nothing).resource
    assert resource is not None
    return resource


def _outcome(route: routes.Route, status: int, text: str, body: Any) -> str:
    if route.right is Right.API_USER:
        assert status == web.HTTPOk.status_code
        words = (f"|{BAD}|", f"|{IPBLOCK}|", "NOT HAVE PERMISSION", "too many requests")
        said = [word for word in words if word in text]
        return _SAID[said[0]] if said else IN
    if body and "code" in body:
        if body["message"] == "there is no such workspace":
            return NO_SUCH_WORKSPACE
        return str(body["code"]) if status in _DENIED else IN
    return NOT_THERE if status == web.HTTPNotFound.status_code else IN


_SAID = {
    f"|{BAD}|": BAD,
    f"|{IPBLOCK}|": IPBLOCK,
    "NOT HAVE PERMISSION": NOT_ALLOWED,
    "too many requests": TOO_MANY,
}
_DENIED = (401, 403, 429)


def expected(route: routes.Route, credential: Credential) -> str:
    """What becomes of a request from elsewhere, by what the table says."""
    match route.right:
        case Right.OPEN:
            return IN
        case Right.UPSTREAM:
            return PASSED_ON
        case Right.SIGNED:
            return NOT_THERE
        case Right.API_USER:
            return credential.login
        case Right.HERE_OR_OPERATOR:
            needed = Right.OPERATOR
        case needed:
            assert needed in SCOPES
    if credential.workspace is None:
        return UNAUTHORIZED
    if "{workspaceId}" in route.path and credential.workspace != WORKSPACE:
        return NO_SUCH_WORKSPACE
    return IN if needed in credential.scopes else SCOPE_MISSING


@asynccontextmanager
async def walked(folder: Path, **changes: Any) -> AsyncIterator[Walked]:
    """All that can be configured is."""
    store = f"sqlite+aiosqlite:///{folder / 'callcue.db'}"
    await _fill(store)
    async with vicidial() as upstream:
        tables: dict[str, Any] = {
            "asterisk": {"host": HOST, "secret": "x", "media_url": "http://callcue:8080"},
            "http": {"trusted_proxies": ["127.0.0.0/8"]},
            "media": {"folder": str(folder / "media")},
            "users": _users(),
            "vicidial": {
                "upstream": {"url": upstream.url, "other_paths": True},
                "sounds": {"folder": str(folder)},
            },
            "workspaces": [
                _workspace(WORKSPACE, CHANNEL, "default"),
                _workspace(OTHER_WORKSPACE, OTHER_CHANNEL, "others"),
            ],
        }
        async with serving(Store(store), **{**tables, **changes}) as service:
            sounds = folder / "media" / "sounds"
            sounds.mkdir(exist_ok=True)
            (sounds / f"{STORED_CLIP}.sln").write_bytes(b"sound")
            _, playing = await service.bird("POST", service.playback_path, CLIP, key=EVERY)
            ids = {
                "workspaceId": str(WORKSPACE),
                "channelId": str(CHANNEL),
                "callId": str(service.customer.id),
                "playbackId": playing.get("id", ""),
            }
            yield Walked(service, upstream, _SAMPLES | ids)


_SAMPLES = {
    "name": "offer",
    "webhookId": "dddddddd-0000-4000-8000-000000000001",
    "folder": "sounds",
    "ticket": f"99999999999-{'0' * 32}",
    "file": f"{STORED_CLIP}.sln",
    "prefix": "",
    "tail": "",
    "page": "vicidial/admin.php",
}


def _users() -> list[dict[str, Any]]:
    users: list[dict[str, Any]] = [
        {"user": "6666"},
        {"user": "7777", "functions": "version"},
        {"user": "bound", "addresses": ["10.0.0.0/8"]},
        {"user": "idle", "active": False},
        {"user": "level0", "level": 0},
    ]
    return [{"level": 8, **user, "password_hash": cheap_hash(PASSWORD)} for user in users]


def _workspace(workspace: UUID, channel: UUID, context: str) -> dict[str, Any]:
    keys = [
        {"name": f"k{number}", "sha256": digest(_shown(one)), "scopes": sorted(one.scopes)}
        for number, one in enumerate(KEYS)
        if one.workspace == workspace and "store" not in one.name
    ]
    channels = [{"id": str(channel), "contexts": [context]}]
    return {"id": str(workspace), "channels": channels, "keys": keys}


async def _fill(url: str) -> None:
    """Put the keys of the store into it."""
    database = Database(url)
    await database.open()
    book = KeyBook(database)
    for number, one in enumerate(KEYS):
        if "store" in one.name:
            assert one.workspace is not None
            key = AccessKey(f"k{number}", one.workspace, digest(_shown(one)), one.scopes)
            await book.add(key)
    every = AccessKey("expired", WORKSPACE, digest("expired"), frozenset(SCOPES), expires=1.0)
    await book.add(every)
    await book.add(replace(every, name="revoked", digest=digest("revoked"), expires=None))
    await book.revoke("revoked")
    gone = replace(every, name="gone", workspace=NO_WORKSPACE, expires=None)
    await book.add(replace(gone, digest=digest("workspace-gone")))
    await database.close()


def _shown(credential: Credential) -> str:
    return credential.headers[0][1].partition(" ")[2]


# ---- the walk ------------------------------------------------------------------------------------


async def test_given_the_app_then_its_routes_are_those_of_the_table(tmp_path: Path) -> None:
    wanted = sorted((route.method, _resource(route).canonical) for route in TABLE)
    async with walked(tmp_path) as service:
        app: Any = service.service.client.app
        there = sorted((r.method, r.resource.canonical) for r in app.router.routes())
        assert there == wanted
        assert len(set(there)) == len(there) == len(TABLE)


def test_given_the_table_then_every_right_is_needed_somewhere() -> None:
    assert {route.right for route in TABLE} == set(Right)


def test_given_the_table_then_what_changes_something_needs_the_right_to_write() -> None:
    for route in TABLE:
        if route.method in ("POST", "PUT", "DELETE", "PATCH"):
            about_media = route.path.startswith("/sounds") or "/media/" in route.path
            wanted = Right.MEDIA_WRITE if about_media else Right.PLAYBACK_WRITE
            if "/webhooks" in route.path:
                wanted = Right.WEBHOOKS_WRITE
            assert route.right is wanted


@pytest.mark.parametrize("credential", ALL, ids=str)
async def test_given_a_credential_then_every_route_does_with_it_what_the_table_says(
    credential: Credential, tmp_path: Path
) -> None:
    async with walked(tmp_path) as service:
        found, wanted = {}, {}
        for route in TABLE:
            for path, query in service.paths(route):
                place = f"{route.method} {path} {query.get('function', '')}"
                found[place] = await service.ask(route, path, credential, query)
                wanted[place] = expected(route, credential)
        assert found == wanted
        assert len(found) > len(TABLE)


@pytest.mark.parametrize("key", [one for one in KEYS if one.scopes == frozenset(SCOPES)], ids=str)
async def test_given_another_spelling_of_the_scheme_then_it_is_the_same(
    key: Credential, tmp_path: Path
) -> None:
    async with walked(tmp_path) as service:
        small = replace(key, headers=((hdrs.AUTHORIZATION, f"accesskey {_shown(key)}"),))
        for route in TABLE:
            for path, query in service.paths(route):
                assert await service.ask(route, path, small, query) == expected(route, key)


async def test_given_a_route_that_is_open_here_then_loopback_is_asked_for_no_key(
    tmp_path: Path,
) -> None:
    async with walked(tmp_path) as service:
        for route in TABLE:
            if route.right is Right.HERE_OR_OPERATOR:
                async with service.service.client.get(route.path) as response:
                    assert response.status == 200


@pytest.mark.parametrize("credential", [NOTHING, MALFORMED[3], GONE[0], KEYS[0], USERS[0]], ids=str)
async def test_given_a_signed_address_then_it_alone_is_asked(
    credential: Credential, tmp_path: Path
) -> None:
    async with walked(tmp_path) as service:
        signed = ClipUrls((tmp_path / "media" / "urls.key").read_bytes())
        path = signed.path("sounds", STORED_CLIP)
        for route in TABLE:
            if route.right is Right.SIGNED:
                assert await service.ask(route, path, credential, {}) == IN


async def test_given_a_key_and_a_user_who_ask_too_often_then_every_route_of_theirs_says_so(
    tmp_path: Path,
) -> None:
    slow = {name: 0.01 if name.endswith("per_second") else 1 for name in LIMITS}
    both = replace(EVERYTHING, query=USERS[0].query, login=TOO_MANY)
    async with walked(tmp_path, limits=slow) as service:
        for _ in range(2):  # stops have a bucket of their own: they are the last to be refused
            await service.service.bird("DELETE", service.service.playback_path, key=EVERY)
            await service.service.vicidial(stage="STOP")
        for route in TABLE:
            for path, query in service.paths(route):
                wanted = expected(route, both)
                if wanted == IN and route.right is not Right.OPEN:
                    wanted = RATE_LIMITED
                assert await service.ask(route, path, both, query) == wanted, path


async def test_given_any_method_then_the_dialect_asks_who_it_is(tmp_path: Path) -> None:
    async with walked(tmp_path) as service:
        for route in TABLE:
            if route.right is Right.API_USER:
                for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
                    for path, query in service.paths(route):
                        said = await service.ask(
                            replace(route, method=method), path, NOTHING, query
                        )
                        assert said == BAD


# ---- beyond the table ----------------------------------------------------------------------------


async def test_given_ten_wrong_keys_then_429_and_who_was_right_before_still_gets_in() -> None:
    async with serving() as service:
        assert (await service.bird("GET", service.calls_path()))[0] == 200
        for _ in range(FAILURES):
            status, _ = await service.bird("GET", service.calls_path(), key="wrong")
            assert status == 401
        status, body = await service.bird("GET", service.calls_path(), key="wrong")
        assert (status, body["code"]) == (429, "too_many_requests")
        status, _ = await service.bird("GET", service.calls_path(), key=READ_KEY)
        assert status == 429
        assert (await service.bird("GET", service.calls_path()))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/workspaces", 404, "not_found"),
        ("GET", "/workspaces/x/y", 404, "not_found"),
        ("PUT", "{playback}", 405, "method_not_allowed"),
        ("GET", "{playback}/stop", 405, "method_not_allowed"),
    ],
)
async def test_given_no_such_route_then_the_envelope_all_the_same(
    method: str, path: str, status: int, code: str
) -> None:
    async with serving() as service:
        url = path.format(playback=service.playback_path)
        async with service.client.request(method, url) as response:
            assert response.status == status
            assert response.content_type == "application/json"
            assert (await response.json())["code"] == code
            assert ("Allow" in response.headers) is (status == 405)
