"""Webhooks over HTTP: made, shown, changed, removed, each for its own workspace."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jsonschema_rs
import pytest
from fakes.deliveries import DIED, die_for, wait_for
from fakes.log import Log, logged
from fakes.routes import table
from fakes.service import KEY, OTHER_KEY, OTHER_WORKSPACE, READ_KEY, WORKSPACE, Service, serving

from callcue import __version__
from callcue.api.openapi.document import document
from callcue.core.errors import RecordUnavailable
from callcue.core.occurrences import Occurrence
from callcue.events.signing_secret import new_secret
from callcue.events.webhook_book import MOST_WEBHOOKS
from callcue.store.database import Database
from callcue.store.promises import StoredPromises
from callcue.store.store import Store

WEBHOOKS = f"/workspaces/{WORKSPACE}/webhooks"
SECRET = new_secret()
BODY: dict[str, Any] = {"url": "https://hooks.example.com/callcue?a=b", "secret": SECRET}
UNSENT = {"enabled": False}
OURS = document(table(), __version__)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}"


@pytest.fixture
async def service(url: str) -> AsyncIterator[Service]:
    async with serving(Store(url), webhooks=UNSENT) as service:
        yield service


@pytest.fixture
async def beside(service: Service, url: str) -> AsyncIterator[Database]:  # noqa: ARG001
    """The same store, as another process has it."""
    database = Database(url)
    await database.open(create=False)
    yield database
    await database.close()


async def _ask(
    service: Service,
    method: str = "POST",
    tail: str = "",
    body: Any = None,
    *,
    key: str = KEY,
    once: str = "",
    base: str = WEBHOOKS,
) -> tuple[int, Any, Mapping[str, str]]:
    """Status, body and headers; *once* is an Idempotency-Key."""
    headers = {"Authorization": f"AccessKey {key}", **({"Idempotency-Key": once} if once else {})}
    async with service.client.request(method, base + tail, json=body, headers=headers) as got:
        text = await got.text()
        return got.status, json.loads(text) if text else None, got.headers


async def _make(service: Service, **more: Any) -> str:
    """The id of a new one."""
    status, made, _ = await _ask(service, body={**BODY, **more})
    assert status == 201, made
    return str(made["id"])


async def _all(service: Service) -> list[dict[str, Any]]:
    return list((await _ask(service, "GET"))[1]["results"])


def _at(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def _as_published(name: str, body: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": OURS["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [str(error) for error in validator.iter_errors(body)] == []
    assert set(body) == set(OURS["components"]["schemas"][name]["properties"])


# ---- made and shown ------------------------------------------------------------------------------


async def test_given_a_webhook_made_then_it_is_shown_and_listed_as_it_is(service: Service) -> None:
    body = {**BODY, "types": ["started", "failed", "started"]}
    status, made, headers = await _ask(service, body=body)
    assert status == 201
    assert headers["Location"] == f"{WEBHOOKS}/{made['id']}"
    created = datetime.fromisoformat(made.pop("createdAt"))
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)
    assert made == {
        "id": str(UUID(made["id"])),
        "url": "https://hooks.example.com/callcue?...",
        "types": ["failed", "started"],
        "secrets": [{"until": None}],
        "waiting": 0,
        "dead": 0,
        "lastFailure": None,
    }
    status, shown, _ = await _ask(service, "GET", "", base=headers["Location"])
    assert (status, shown) == (200, {**made, "createdAt": shown["createdAt"]})
    assert datetime.fromisoformat(shown["createdAt"]) == created
    assert await _all(service) == [shown]


async def test_given_no_types_then_it_is_for_all_of_them(service: Service) -> None:
    await _make(service)
    await _make(service, types=[])
    assert [one["types"] for one in await _all(service)] == [[], []]
    webhook = await _make(service, types=[*Occurrence])
    shown = (await _ask(service, "GET", f"/{webhook}"))[1]
    assert shown["types"] == sorted(Occurrence)


async def test_given_answers_then_each_is_as_published(service: Service, beside: Database) -> None:
    webhook = await _make(service)
    await die_for(beside, UUID(webhook), 1)
    await die_for(beside, UUID(webhook), 2)
    _as_published("WebhookView", (await _ask(service, "GET", f"/{webhook}"))[1])
    _as_published("WebhookList", (await _ask(service, "GET"))[1])
    letters = f"/{webhook}/dead-letters"
    _as_published("DeadLetterPage", (await _ask(service, "GET", letters + "?limit=1"))[1])
    _as_published("Replayed", (await _ask(service, "POST", letters + "/replay", {}))[1])


# ---- what cannot be one --------------------------------------------------------------------------

NO_SECRET = "must be whsec_ and the base64 of 24 to 64 random bytes"
INVALID: dict[str, tuple[dict[str, Any], str, str]] = {
    "no URL": ({"url": "hooks"}, "$.url", "invalid url: it is neither http: nor https:"),
    "another scheme": ({"url": "ftp://hooks.example.com/"}, "$.url", "neither http: nor https:"),
    "a user": ({"url": "https://u:p@hooks.example.com/"}, "$.url", "a user or a password"),
    "a fragment": ({"url": "https://hooks.example.com/#a"}, "$.url", "it has a fragment"),
    "an empty fragment": ({"url": "https://hooks.example.com/#"}, "$.url", "it has a fragment"),
    "a blank": ({"url": "https://hooks.example.com/ a"}, "$.url", "has no place in a URL"),
    "too long": ({"url": "https://hooks.example.com/" + "a" * 2000}, "$.url", "at most 2000"),
    "a short secret": ({"secret": "whsec_" + "A" * 28}, "$.secret", NO_SECRET),
    "no whsec_": ({"secret": "A" * 44}, "$.secret", NO_SECRET),
    "no base64": ({"secret": "whsec_" + "-" * 44}, "$.secret", NO_SECRET),
    "a number": ({"secret": 1}, "$.secret", "string"),
    "no such type": ({"types": ["started", "begun"]}, "$.types[1]", "'accepted', 'queued'"),
    "a type alone": ({"types": "started"}, "$.types", "list"),
    "another field": ({"name": "crm"}, "$.name", "there is no such field"),
}


@pytest.mark.parametrize(("change", "path", "why"), INVALID.values(), ids=INVALID)
async def test_given_what_can_be_no_webhook_then_422_says_where_and_why(
    change: dict[str, Any], path: str, why: str
) -> None:
    async with serving(webhooks=UNSENT) as service:
        status, answer, _ = await _ask(service, body={**BODY, **change})
        assert (status, answer["code"], [*answer["details"]]) == (422, "invalid_request", [path])
        assert why in answer["details"][path][0]
        assert SECRET not in json.dumps(answer)
        assert await _all(service) == []


@pytest.mark.parametrize("missing", ["url", "secret"])
async def test_given_no_url_or_no_secret_then_422_says_that_it_is_missing(missing: str) -> None:
    async with serving(webhooks=UNSENT) as service:
        body = {name: value for name, value in BODY.items() if name != missing}
        status, answer, _ = await _ask(service, body=body)
        assert (status, answer["details"]) == (422, {f"$.{missing}": ["is missing"]})


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "[::1]", "[fd00::1]"),
        *("inside.example.com", "hooks.example.com:8443", "1.2.3.4:22"),
    ],
)
async def test_given_an_address_that_is_not_public_then_it_is_refused_and_may_be_mended(
    host: str,
) -> None:
    async with serving(webhooks=UNSENT) as service:
        body = {**BODY, "url": f"https://{host}/callcue"}
        status, answer, _ = await _ask(service, body=body, once="a")
        assert (status, answer["code"]) == (422, "webhook_address_refused")
        assert answer["details"]["$.url"][0].startswith("refused address: ")
        assert "10.0.0.1" not in json.dumps(answer)
        assert (await _ask(service, body=BODY, once="a"))[0] == 201  # nothing was done: a new one


async def test_given_hosts_that_the_operator_has_allowed_then_they_may_be_inside_and_http() -> None:
    allow = ["inside.example.com", "127.0.0.1:9000", "[::1]:9000", "10.0.0.0/8"]
    async with serving(webhooks={"enabled": False, "allow": allow}) as service:
        for url in (
            "https://inside.example.com/",
            "http://inside.example.com/",
            "http://127.0.0.1:9000/",
            "http://[::1]:9000/",
            "https://10.1.1.1/",
            "http://10.1.1.1/",
        ):
            assert (await _ask(service, body={**BODY, "url": url}))[0] == 201, url
        for url in ("http://hooks.example.com/", "http://127.0.0.1:9001/", "http://1.2.3.4/"):
            status, answer, _ = await _ask(service, body={**BODY, "url": url})
            assert (status, answer["code"]) == (422, "webhook_address_refused"), url


async def test_given_a_host_that_has_no_address_now_then_each_delivery_will_look_again(
    service: Service,
) -> None:
    await _make(service, url="https://nobody.example.com/")


# ---- how many, and whose -------------------------------------------------------------------------


async def test_given_as_many_as_may_be_then_409_until_one_is_removed(service: Service) -> None:
    made = [await _make(service) for _ in range(MOST_WEBHOOKS - 1)]
    came = await asyncio.gather(*(_ask(service, body=BODY) for _ in range(3)))
    assert sorted(status for status, _, _ in came) == [201, 409, 409]
    (refused, _) = (answer for status, answer, _ in came if status == 409)
    assert refused["code"] == "limit_reached"
    assert "20" in refused["message"]
    status, answer, _ = await _ask(service, "DELETE", f"/{made[0]}")
    assert (status, answer) == (204, None)
    await _make(service)


async def test_given_another_workspace_then_it_sees_none_of_them(service: Service) -> None:
    webhook = await _make(service)
    others = f"/workspaces/{OTHER_WORKSPACE}/webhooks"
    assert (await _ask(service, "GET", key=OTHER_KEY, base=others))[1] == {"results": []}
    for named in (webhook, str(uuid4()), "x"):
        for method, tail, body in (
            ("GET", "", None),
            ("DELETE", "", None),
            ("POST", "/secret", {"secret": new_secret()}),
            ("GET", "/dead-letters", None),
            ("POST", "/dead-letters/replay", {}),
        ):
            status, answer, _ = await _ask(
                service, method, f"/{named}{tail}", body, key=OTHER_KEY, base=others
            )
            assert (status, answer["code"]) == (404, "not_found")
            assert answer["message"] == "there is no such webhook"
    assert (await _ask(service, "GET", f"/{webhook}", key=OTHER_KEY))[0] == 404
    assert (await _ask(service, "GET", f"/{webhook}"))[0] == 200
    status, answer, _ = await _ask(service, "GET", key=READ_KEY)
    assert (status, answer["code"]) == (403, "scope_missing")


async def test_given_one_removed_then_it_is_gone_with_what_waits_for_it(
    service: Service, beside: Database
) -> None:
    webhook = await _make(service)
    await wait_for(beside, UUID(webhook), 1)
    assert (await _ask(service, "DELETE", f"/{webhook}"))[0] == 204
    assert (await _ask(service, "DELETE", f"/{webhook}"))[0] == 404
    assert (await _ask(service, "GET", f"/{webhook}"))[0] == 404
    assert await _all(service) == []


# ---- secrets -------------------------------------------------------------------------------------


async def test_given_another_secret_then_the_older_one_signs_along_for_as_long_as_was_said(
    service: Service,
) -> None:
    webhook = await _make(service)
    secrets = f"/{webhook}/secret"
    status, answer, _ = await _ask(service, "POST", secrets, {"secret": new_secret()})
    assert status == 200
    assert answer["secrets"][0]["until"] is None
    until = datetime.fromisoformat(answer["secrets"][1]["until"])
    assert abs(datetime.now(UTC) + timedelta(hours=24) - until) < timedelta(minutes=1)
    _, answer, _ = await _ask(
        service, "POST", secrets, {"secret": new_secret(), "overlapHours": 168}
    )
    assert len(answer["secrets"]) == 3
    status, refused, _ = await _ask(service, "POST", secrets, {"secret": new_secret()})
    assert (status, refused["code"]) == (409, "limit_reached")
    at_once = {"secret": new_secret(), "overlapHours": 0}
    assert (await _ask(service, "POST", secrets, at_once))[1]["secrets"] == [{"until": None}]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.secret"),
        ({"secret": "whsec_short"}, "$.secret"),
        ({"secret": SECRET, "overlapHours": -1}, "$.overlapHours"),
        ({"secret": SECRET, "overlapHours": 169}, "$.overlapHours"),
        ({"secret": SECRET, "overlapHours": 1.5}, "$.overlapHours"),
        ({"secret": SECRET, "overlapHours": "1"}, "$.overlapHours"),
    ],
)
async def test_given_what_is_no_secret_or_no_overlap_then_422_says_so(
    service: Service, body: dict[str, Any], path: str
) -> None:
    webhook = await _make(service)
    status, answer, _ = await _ask(service, "POST", f"/{webhook}/secret", body)
    assert (status, [*answer["details"]]) == (422, [path])


# ---- what was not taken --------------------------------------------------------------------------


async def test_given_events_that_were_not_taken_then_it_says_how_many_and_why(
    service: Service, beside: Database
) -> None:
    webhook = await _make(service)
    await wait_for(beside, UUID(webhook), 8)
    await die_for(beside, UUID(webhook), 9)
    _, shown, _ = await _ask(service, "GET", f"/{webhook}")
    assert (shown["waiting"], shown["dead"]) == (1, 1)
    assert shown["lastFailure"] == {"at": _at(DIED + 9), "failure": "answers 509"}


async def test_given_dead_letters_then_they_come_in_pages_and_are_sent_once_more(
    service: Service, beside: Database
) -> None:
    webhook = await _make(service)
    letters = f"/{webhook}/dead-letters"
    for event in (10, 9, 100):
        await die_for(beside, UUID(webhook), event)
    _, first, _ = await _ask(service, "GET", f"{letters}?limit=2")
    assert [one["event"]["id"] for one in first["results"]] == ["9", "10"]
    assert first["nextAfter"] == "10"
    letter = first["results"][0]
    assert letter["event"]["type"] == "started"
    assert (letter["attempts"], letter["failure"]) == (12, "answers 509")
    assert letter["deadSince"] == letter["triedAt"] == _at(DIED + 9)
    _, last, _ = await _ask(service, "GET", f"{letters}?after=10&limit=2")
    assert [one["event"]["id"] for one in last["results"]] == ["100"]
    assert last["nextAfter"] is None
    replay = f"{letters}/replay"
    named = {"eventIds": ["9", "11"]}
    for again in (1, 0):
        status, answer, _ = await _ask(service, "POST", replay, named)
        assert (status, answer) == (202, {"replayed": again})
    assert (await _ask(service, "POST", replay, {}))[1] == {"replayed": 2}
    assert (await _ask(service, "GET", letters))[1] == {"results": [], "nextAfter": None}
    _, shown, _ = await _ask(service, "GET", f"/{webhook}")
    assert (shown["waiting"], shown["dead"], shown["lastFailure"]) == (3, 0, None)


@pytest.mark.parametrize(
    ("method", "tail", "body", "path"),
    [
        ("GET", "?after=x", None, "$query.after"),
        ("GET", "?limit=0", None, "$query.limit"),
        ("GET", "?limit=1001", None, "$query.limit"),
        ("GET", "?pageToken=1", None, "$query.pageToken"),
        ("POST", "/replay", {"eventIds": []}, "$.eventIds"),
        ("POST", "/replay", {"eventIds": None}, "$.eventIds"),
        ("POST", "/replay", {"eventIds": [1]}, "$.eventIds[0]"),
        ("POST", "/replay", {"eventIds": ["-1"]}, "$.eventIds[0]"),
        ("POST", "/replay", {"eventIds": ["1"] * 1001}, "$.eventIds"),
    ],
)
async def test_given_what_names_no_dead_letters_then_422_says_so(
    service: Service, method: str, tail: str, body: Any, path: str
) -> None:
    webhook = await _make(service)
    status, answer, _ = await _ask(service, method, f"/{webhook}/dead-letters{tail}", body)
    assert (status, [*answer["details"]]) == (422, [path])


# ---- asked again ---------------------------------------------------------------------------------


async def test_given_an_idempotency_key_then_each_is_done_once_and_answered_the_same(
    service: Service,
) -> None:
    first = await _ask(service, body=BODY, once="make")
    again = await _ask(service, body=BODY, once="make")
    assert again[:2] == first[:2]
    assert again[2]["Idempotency-Replayed"] == "true"
    assert again[2]["Location"] == first[2]["Location"] == f"{WEBHOOKS}/{first[1]['id']}"
    assert len(await _all(service)) == 1
    other = {**BODY, "secret": new_secret()}
    assert (await _ask(service, body=other, once="make"))[1]["code"] == "idempotency_key_reused"
    for replayed in (False, True):
        status, answer, headers = await _ask(service, "DELETE", f"/{first[1]['id']}", once="gone")
        assert (status, answer) == (204, None)
        assert ("Idempotency-Replayed" in headers) is replayed
        assert "json" not in headers.get("Content-Type", "")


async def test_given_an_answer_that_was_lost_then_the_webhook_is_found_and_not_made_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RecordUnavailable("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(StoredPromises, "keep", away)
        first = await _ask(service, body=BODY, once="make")
    again = await _ask(service, body=BODY, once="make")
    assert again[:2] == first[:2]
    assert len(await _all(service)) == 1


# ---- the store, and the secrets ------------------------------------------------------------------


async def test_given_a_store_that_cannot_be_written_then_503_and_nothing_is_done(
    tmp_path: Path,
) -> None:
    file = tmp_path / "callcue.db"
    store = Store(f"sqlite+aiosqlite:///{file}", busy_seconds=0.05)
    async with serving(store, webhooks=UNSENT) as service:
        webhook = await _make(service)
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
            # In a thread: what the service is just writing ends meanwhile.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            for method, tail, body in (
                ("POST", "", BODY),
                ("DELETE", f"/{webhook}", None),
                ("POST", f"/{webhook}/secret", {"secret": new_secret()}),
                ("POST", f"/{webhook}/dead-letters/replay", {}),
            ):
                status, answer, headers = await _ask(service, method, tail, body)
                assert (status, answer["code"]) == (503, "store_unavailable")
                assert int(headers["Retry-After"]) > 0
            other.execute("ROLLBACK")
        assert [one["id"] for one in await _all(service)] == [webhook]
        assert [len(one["secrets"]) for one in await _all(service)] == [1]


async def test_given_a_store_that_cannot_be_read_then_503(tmp_path: Path) -> None:
    (tmp_path / "callcue.db").write_text("no database " * 1000)
    async with serving(Store(f"sqlite+aiosqlite:///{tmp_path / 'callcue.db'}")) as service:
        for tail in ("", f"/{uuid4()}", f"/{uuid4()}/dead-letters"):
            status, answer, _ = await _ask(service, "GET", tail)
            assert (status, answer["code"]) == (503, "store_unavailable")


async def test_given_another_service_with_the_same_store_then_it_has_them_too(url: str) -> None:
    async with serving(Store(url), webhooks=UNSENT) as service:
        webhook = await _make(service)
    async with serving(Store(url), webhooks=UNSENT) as service:
        assert [one["id"] for one in await _all(service)] == [webhook]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    with logged(monkeypatch) as log:
        yield log


async def test_given_secrets_then_no_answer_no_line_and_no_table_but_one_has_them(
    log: Log, tmp_path: Path, url: str
) -> None:
    newer, refused = new_secret(), "whsec_" + "planted" * 3
    said = []
    async with serving(Store(url), webhooks=UNSENT) as service:
        made = await _ask(service, body=BODY, once="make")
        webhook = f"/{made[1]['id']}"
        said = [
            made,
            await _ask(service, body=BODY, once="make"),
            await _ask(service, body={**BODY, "url": "https://127.0.0.1/"}, once="refused"),
            await _ask(service, body={**BODY, "secret": refused}, once="wrong"),
            await _ask(service, body={**BODY, "secret": [SECRET]}),
            await _ask(service, body={**BODY, "more": SECRET}),
            await _ask(service, "POST", f"{webhook}/secret", {"secret": newer}, once="rotate"),
            await _ask(service, "POST", f"{webhook}/secret", {"secret": refused}),
            await _ask(service, "GET", webhook),
            await _ask(service, "GET"),
        ]
    assert [status for status, _, _ in said] == [201, 201, *[422] * 4, 200, 422, 200, 200]
    assert log.lines(event="request")
    text = log.text + "".join(f"{answer} {dict(headers)}" for _, answer, headers in said)
    with sqlite3.connect(tmp_path / "callcue.db") as file:
        rows = {
            name: str(file.execute(f"SELECT * FROM {name}").fetchall())
            for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    file.close()
    assert rows["idempotency_keys"].count("make") == 1
    for secret in (SECRET, newer, refused):
        assert secret.removeprefix("whsec_") not in text
    for secret in (SECRET, newer):
        assert [name for name, found in rows.items() if secret in found] == ["webhooks"]
