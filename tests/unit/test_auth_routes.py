"""All routes, without, with wrong and with right credentials."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fakes.routes import table
from fakes.service import (
    CHANNEL,
    KEY,
    OPERATOR_KEY,
    OTHER_KEY,
    PASSWORD,
    READ_KEY,
    WORKSPACE,
    Service,
    serving,
)

from callcue.api import routes
from callcue.api.lockout import FAILURES
from callcue.api.rights import Right

TABLE = table()
SCOPES = (Right.CALLS_READ, Right.PLAYBACK_WRITE, Right.MEDIA_WRITE)
OPERATING = [route for route in TABLE if route.right is Right.OPERATOR]
BY_SCOPE = [route for route in TABLE if route.right in SCOPES]
BY_KEY = [*BY_SCOPE, *OPERATING]
IN_A_WORKSPACE = [route for route in BY_SCOPE if "{workspaceId}" in route.path]
WRITING = [route for route in BY_SCOPE if route.right is not Right.CALLS_READ]


def _name(route: routes.Route) -> str:
    return f"{route.method} {route.path.rpartition('}')[2] or route.path}"


def _path(route: routes.Route, service: Service) -> str:
    ids = {"workspaceId": WORKSPACE, "channelId": CHANNEL, "callId": service.customer.id}
    return route.path.format(**ids, playbackId=uuid4(), name="offer")


async def _ask(service: Service, route: routes.Route, headers: dict[str, str]) -> tuple[int, Any]:
    path = _path(route, service)
    async with service.client.request(route.method, path, headers=headers) as response:
        if response.status == 401:
            assert response.headers["WWW-Authenticate"] == "AccessKey"
        return response.status, await response.json() if response.status != 204 else None


async def test_given_the_app_then_its_routes_are_those_of_the_table() -> None:
    async with serving() as service:
        app: Any = service.client.app
        there = {(r.method, r.resource.canonical) for r in app.router.routes()}
        assert len(there) == len(TABLE)
        for route in BY_KEY:
            assert (route.method, route.path) in there


def test_given_the_table_then_what_changes_something_needs_the_right_to_write() -> None:
    for route in TABLE:
        if route.method in ("POST", "PUT", "DELETE"):
            about_media = route.path.startswith("/sounds") or "/media/" in route.path
            assert route.right is (Right.MEDIA_WRITE if about_media else Right.PLAYBACK_WRITE)


@pytest.mark.parametrize("route", BY_KEY, ids=_name)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "AccessKey"},
        {"Authorization": "AccessKey "},
        {"Authorization": "AccessKey wrong"},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": KEY},
        {"Authorization": f"AccessKey {KEY}x"},
        {"Authorization": "AccessKey \udcff"},
    ],
    ids=str,
)
async def test_given_no_or_a_wrong_key_then_401(
    route: routes.Route, headers: dict[str, str]
) -> None:
    async with serving() as service:
        headers = {name: value.replace("\udcff", "ÿ") for name, value in headers.items()}
        status, body = await _ask(service, route, headers)
        assert (status, body["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("route", IN_A_WORKSPACE, ids=_name)
async def test_given_the_key_of_another_workspace_then_404(route: routes.Route) -> None:
    async with serving() as service:
        status, body = await _ask(service, route, {"Authorization": f"AccessKey {OTHER_KEY}"})
        assert (status, body["code"]) == (404, "not_found")


@pytest.mark.parametrize("route", WRITING, ids=_name)
async def test_given_a_key_without_the_scope_then_403(route: routes.Route) -> None:
    async with serving() as service:
        status, body = await _ask(service, route, {"Authorization": f"AccessKey {READ_KEY}"})
        assert (status, body["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("route", OPERATING, ids=_name)
@pytest.mark.parametrize("key", [KEY, READ_KEY, OTHER_KEY])
async def test_given_a_key_that_is_no_operators_then_403(route: routes.Route, key: str) -> None:
    async with serving() as service:
        status, body = await _ask(service, route, {"Authorization": f"AccessKey {key}"})
        assert (status, body["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("route", OPERATING, ids=_name)
async def test_given_an_operators_key_then_in_there_and_nowhere_else(route: routes.Route) -> None:
    async with serving() as service:
        headers = {"Authorization": f"AccessKey {OPERATOR_KEY}"}
        assert (await _ask(service, route, headers))[0] == 200
        for other in BY_SCOPE:
            assert (await _ask(service, other, headers))[0] == 403


@pytest.mark.parametrize("route", BY_SCOPE, ids=_name)
@pytest.mark.parametrize("scheme", ["AccessKey", "accesskey"])
async def test_given_the_right_key_then_in(route: routes.Route, scheme: str) -> None:
    async with serving() as service:
        status, _ = await _ask(service, route, {"Authorization": f"{scheme} {KEY}"})
        assert status not in (401, 403, 405)


async def test_given_an_open_route_then_nobody_is_asked() -> None:
    async with serving() as service:
        for route in TABLE:
            if route.right is Right.OPEN:
                async with service.client.get(route.path) as response:
                    assert response.status == 200


def _logins() -> Iterator[tuple[dict[str, str], str]]:
    yield {}, "|BAD|"
    yield {"user": "6666", "pass": "wrong"}, "|BAD|"
    yield {"user": "7777", "pass": PASSWORD}, "DOES NOT HAVE PERMISSION"
    yield {"user": "6666", "pass": PASSWORD}, "SUCCESS"


async def test_given_api_php_then_a_user_with_the_function_gets_in() -> None:
    async with serving() as service:
        query = {"source": "test", "function": "audio_playback", "agent_user": "1000"}
        query |= {"value": "hello_1", "stage": "PLAY"}
        for login, answer in _logins():
            async with service.client.get("/agc/api.php", params={**query, **login}) as response:
                assert answer in await response.text()


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
