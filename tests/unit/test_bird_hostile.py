"""Hostile input of the JSON API: nothing breaks, nothing unsafe reaches Asterisk."""

import asyncio
import json
import logging
import re
from typing import Any

import pytest
from aiohttp import ClientSession
from fakes import raw
from fakes.service import KEY, Service, serving
from hypothesis import given, settings
from hypothesis import strategies as st

SAFE = re.compile(r"[A-Za-z0-9_-]{1,80}")
HEADERS = {"Authorization": f"AccessKey {KEY}", "Content-Type": "application/json"}
LINES = tuple(f"{name}: {value}" for name, value in HEADERS.items())
CLIP = b'{"media":["sound:hello_1"]}'
EVIL = ["a\r\nb", "a\0b", "${SHELL(id)}", "a,b", "a'b", 'a"b', "a\\b", "a/b", "a" * 10_000, "a;b"]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([f"sound:{evil}" for evil in EVIL] + ["sound:hello_1", "https://x/y"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["media", "loop", "timeout", "pauseMilliseconds", "positionMilliseconds", "item", "decibels"]
)
BODIES = st.dictionaries(NAMES | st.text(max_size=8), VALUES, max_size=5).map(
    lambda body: json.dumps(body).encode()
) | st.binary(max_size=60)
TAILS = st.sampled_from(["", "/seek", "/volume", "/stop", "/pause", "/resume", "/restart"])
QUERIES = st.sampled_from(["", "?ifPlaying=replace", "?queue=keep", "?%00=%ff", "?a=%0d%0a"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(BODIES, TAILS, QUERIES), min_size=3, max_size=8))
def test_given_random_bodies_then_no_fault_and_only_safe_names_are_handed_on(
    requests: list[tuple[bytes, str, str]],
) -> None:
    async def ask() -> None:
        async with serving() as service:
            for raw, tail, query in requests:
                await _send(service, raw, tail + query)
            _only_safe(service)

    asyncio.run(ask())


async def _send(service: Service, raw: bytes, tail: str) -> None:
    url = service.client.make_url("/").with_path(service.playback_path)
    async with (
        ClientSession() as session,
        session.post(f"{url}{tail}", data=raw, headers=HEADERS) as response,
    ):
        assert response.status in (200, 202, 400, 409, 422), await response.text()
        body: dict[str, Any] = await response.json()
        assert ("code" in body) is (response.status >= 400)


async def test_given_evil_in_each_media_item_then_422_and_nothing_is_asked() -> None:
    async with serving() as service:
        for evil in EVIL:
            body = {"media": ["sound:hello_1", f"sound:{evil}"]}
            status, _ = await service.bird("POST", service.playback_path, body)
            assert status == 422
        assert not service.telephony.sounds.asked


def _with(field: bytes) -> bytes:
    return CLIP[:-1] + b"," + field + b"}"


async def _post(
    service: Service, body: bytes, tail: str = "", lines: tuple[str, ...] = LINES
) -> tuple[int, dict[str, Any]]:
    path = service.playback_path + tail
    answer = await asyncio.wait_for(raw.ask(service, path, "POST", body, lines), 5)
    return int(answer.status_line.split()[1]), json.loads(answer.body)


@pytest.mark.parametrize(
    ("body", "tail", "path"),
    [
        (_with(b'"loop":1e400'), "", "$.loop"),
        (_with(b'"loop":-1e400'), "", "$.loop"),
        (_with(b'"loop":1.0'), "", "$.loop"),
        (_with(b'"loop":1e0'), "", "$.loop"),
        (_with(b'"loop":' + b"9" * 4000), "", "$.loop"),
        (_with(b'"timeout":-' + b"9" * 4000), "", "$.timeout"),
        (_with(b'"x":1e400'), "", "$.x"),
        (_with(b'"loop":"\\ud800"'), "", "$.loop"),
        (_with(b'"\\ud800":1'), "", "$"),
        (b'{"media":["\\udfff\\ud800"]}', "", "$.media[0]"),
        (b'{"media":[' + b"[" * 900 + b"]" * 900 + b"]}", "", "$.media[0]"),
        (b'{"positionMilliseconds":1e400}', "/seek", "$.positionMilliseconds"),
        (b'{"positionMilliseconds":0.0}', "/seek", "$.positionMilliseconds"),
        (b'{"decibels":1e400}', "/volume", "$.decibels"),
        (b'{"decibels":' + b"9" * 4000 + b"}", "/volume", "$.decibels"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else value,
)
async def test_given_a_number_or_text_that_is_none_of_ours_then_422_names_it(
    body: bytes, tail: str, path: str
) -> None:
    async with serving() as service:
        status, answer = await _post(service, body, tail)
        assert (status, answer["code"], list(answer["details"])) == (422, "invalid_request", [path])
        assert not service.ledger.playbacks


@pytest.mark.parametrize(
    "body",
    [
        _with(b'"x":{"a":1,"a":2}'),
        b'{"media":[{"a":{"b":1,"b":1}}]}',
        _with(b'"loop":1,"\\u006coop":2'),
        b'{"media":["sound:\xed\xa0\x80"]}',
        _with(b'"loop":' + b"9" * 5000),
        _with(b'"loop":+1'),
        _with(b'"loop":01'),
        _with(b'"loop":0x1'),
        b'{"media":["sound:a\nb"]}',
        b"{'media':['sound:hello_1']}",
        b'{"media":["sound:hello_1",]}',
        CLIP + b"\0",
        CLIP + CLIP,
        b'{"a":' * 100_000,
        b" \n",
    ],
    ids=lambda body: body[:40],
)
async def test_given_what_two_readers_would_read_differently_then_400(body: bytes) -> None:
    async with serving() as service:
        status, answer = await _post(service, body)
        assert (status, answer["code"]) == (400, "invalid_json")
        assert not service.ledger.playbacks


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Application/JSON; Charset=UTF-8", 202),
        ('application/json; charset="utf-8"', 202),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset*=utf-8''utf-16", 415),
        ("application/json, application/json", 415),
        ("application/jsonx", 415),
        ("application/vnd.bird+json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_given_a_type_then_only_json_in_utf8_is_read(kind: str | None, status: int) -> None:
    async with serving() as service:
        lines = (LINES[0], *([] if kind is None else [f"Content-Type: {kind}"]))
        found, _ = await _post(service, CLIP, lines=lines)
        assert found == status
        assert len(service.ledger.playbacks) == (status == 202)


@pytest.mark.parametrize(
    "wrong", ["Content-Type: text/plain", "Content-Length: 5", "Transfer-Encoding: chunked"]
)
async def test_given_a_header_that_contradicts_another_then_400(wrong: str) -> None:
    async with serving() as service:
        answer = await raw.ask(service, service.playback_path, "POST", CLIP, (*LINES, wrong))
        assert answer.status_line.split()[1] == "400"
        assert not service.ledger.playbacks


async def test_given_no_body_at_all_then_400() -> None:
    async with serving() as service:
        answer = await raw.ask(service, service.playback_path, "POST", None, LINES)
        assert answer.status_line.split()[1] == "400"


def _head(service: Service, *lines: str) -> bytes:
    every = (f"POST {service.playback_path} HTTP/1.1", "Host: x", *LINES, *lines)
    return "\r\n".join([*every, "", ""]).encode()


async def test_given_a_body_in_chunks_then_it_is_read_whole() -> None:
    async with serving() as service:
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in CLIP) + b"0\r\n\r\n"
        lines = ("Transfer-Encoding: chunked", "Connection: close")
        answer = await raw.send(service, _head(service, *lines) + chunks)
        assert answer.status_line.split()[1] == "202"


async def test_given_more_chunks_than_the_limit_then_413_and_nothing_plays() -> None:
    async with serving() as service:
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        head = _head(service, "Transfer-Encoding: chunked", "Connection: close")
        answer = await raw.send(service, head + chunk * 17 + b"0\r\n\r\n")
        assert answer.status_line.split()[1] == "413"
        assert json.loads(answer.body)["code"] == "body_too_large"


async def test_given_chunks_that_are_none_then_400_and_nothing_plays() -> None:
    async with serving() as service:
        head = _head(service, "Transfer-Encoding: chunked")
        answer = await raw.send(service, head + b"%x\r\n%s\r\nzz\r\n" % (len(CLIP), CLIP))
        assert answer.status_line.split()[1] == "400"
        assert not service.ledger.playbacks


@pytest.mark.parametrize("line", ["Transfer-Encoding: chunked", "Content-Length: 100"])
async def test_given_a_body_that_breaks_off_then_nothing_plays_and_it_is_no_fault_of_ours(
    line: str, caplog: pytest.LogCaptureFixture
) -> None:
    chunk = b"%x\r\n%s\r\n" % (len(CLIP), CLIP) if "chunked" in line else CLIP
    async with serving() as service:
        server: Any = service.client.server
        server.handler.handler_cancellation = False  # as we are served; only tests' servers cancel
        _, writer = await raw.connect(service)
        writer.write(_head(service, line) + chunk)
        await writer.drain()
        assert (await service.bird("GET", service.playback_path))[0] == 200  # it has been read
        writer.close()
        await writer.wait_closed()
        status, shown = await service.bird("GET", service.playback_path)
        assert (status, shown["state"]) == (200, "idle")
        assert not service.ledger.playbacks
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b"{%s}" % b",".join(b'"%d":1' % number for number in range(90_000)), ""),
        (b'{"%s":1}' % (b"a" * 1_000_000), ""),
        (b'{"media":[%s]}' % b",".join([b"1"] * 500_000), ""),
        (CLIP, "?" + "&".join(f"{number}" for number in range(1200))),
        (CLIP, "?" + "&".join(["a"] * 3500)),
        (CLIP, "?" + "a" * 7000),
    ],
    ids=["fields", "a name", "items", "names in the query", "twice in the query", "a long name"],
)
async def test_given_very_much_that_is_wrong_then_the_answer_is_short(
    body: bytes, query: str
) -> None:
    async with serving() as service:
        answer = await raw.ask(service, service.playback_path + query, "POST", body, LINES)
        assert answer.status_line.split()[1] == "422"
        assert len(answer.body) < 10_000


def _only_safe(service: Service) -> None:
    handed_on = list(service.telephony.sounds.asked)
    for playback in service.telephony.player.started:
        handed_on += [*playback.request.media, *map(str, playback.clips)]
    assert all(SAFE.fullmatch(name) for name in handed_on)
