"""What is not ours goes to the real VICIdial and back, and nothing of it is altered."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fakes import raw
from fakes.service import PASSWORD, Service, serving
from fakes.upstream import OK, FakeVicidial, Seen, answer, vicidial

URLENCODED = "Content-Type: application/x-www-form-urlencoded"
OTHER = "/agc/api.php?function=external_pause&value=PAUSE"
MEGABYTE = 1024 * 1024


@asynccontextmanager
async def behind(**limits: Any) -> AsyncIterator[tuple[Service, FakeVicidial]]:
    """The service, and a VICIdial behind it."""
    async with vicidial() as fake:
        upstream = {"url": fake.url, **limits}
        async with serving(vicidial={"upstream": upstream}) as service:
            yield service, fake


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


# ---- untouched ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_given_any_method_then_it_arrives_and_so_does_the_answer(method: str) -> None:
    async with behind() as (service, fake):
        if method == "HEAD":
            fake.says = OK + b"Content-Length: 17\r\n\r\n"
        got = await raw.ask(service, OTHER, method)
        (seen,) = fake.seen
        assert (seen.method, seen.target, seen.body) == (method, OTHER, b"")
        assert got.status_line == "HTTP/1.1 200 OK"
        if method == "HEAD":
            assert (got.header("Content-Length"), got.body) == (["17"], b"")
        else:
            assert got.body == b"SUCCESS: from upstream - 1|2\n"


@pytest.mark.parametrize(
    "target",
    [
        "/agc/api.php?function=x&a=%zz&b=+%20%2B;c='\"<>|&&=&a=2&a[]=3&%C3%A4=%ff",
        "/agc/api.php/any%2Fthing//x?function=x",
        "/a/b/agc/api.php?x=1?function=2&function=x",
        "/agc/api.php?",
        "/agc/api.php",
    ],
)
async def test_given_any_target_then_it_arrives_as_it_was_written(target: str) -> None:
    async with behind() as (service, fake):
        await raw.ask(service, target)
        assert fake.seen[0].target == target.removesuffix("?")


async def test_given_headers_then_all_arrive_but_those_of_the_connection() -> None:
    async with behind() as (service, fake):
        await raw.ask(
            service,
            OTHER,
            headers=(
                "User-Agent: Screen/1.0",
                'Cookie: a=b; c="d"',
                "Authorization: Basic eDp5",
                "X-Twice: 1",
                "x-twice: 2",
                "Accept-Encoding: br",
                "Keep-Alive: 5",
                "TE: trailers",
                "Connection: X-Mine",
                "X-Mine: 1",
                "X-Forwarded-For: 10.1.1.1",
                "Referer: https://crm.example/ä",
            ),
        )
        assert fake.seen[0].headers == [
            ("Host", fake.url.removeprefix("http://")),
            ("User-Agent", "Screen/1.0"),
            ("Cookie", 'a=b; c="d"'),
            ("Authorization", "Basic eDp5"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("Accept-Encoding", "br"),
            ("Referer", "https://crm.example/ä"),
            ("X-Forwarded-For", "10.1.1.1, 127.0.0.1"),
            ("Connection", "close"),
        ]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"function": "audio_playback"}'),
        ("text/plain", b"function=audio_playback"),
        ("application/x-www-form-urlencoded", b"function=external_pause&%zz&&a[]=\xff;"),
        ("multipart/form-data; boundary=X", b"--X\r\nA: b\r\n\r\nc\r\n--X--\r\n"),
        ("application/octet-stream", bytes(range(256))),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_given_a_body_then_it_arrives_byte_by_byte(
    kind: str, body: bytes, chunked: bool
) -> None:
    async with behind() as (service, fake):
        headers: tuple[str, ...] = (f"Content-Type: {kind}",)
        sent: bytes | None = body
        if chunked:
            head = f"POST {OTHER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers[0]}\r\n"
            pieces = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            await raw.send(service, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + pieces)
        else:
            await raw.ask(service, OTHER, "POST", sent, headers)
        assert fake.seen[0].body == body
        assert fake.seen[0].header("Content-Type") == [kind]


async def test_given_a_packed_body_then_it_stays_packed_both_ways() -> None:
    packed = gzip.compress(b"x" * 1000)
    async with behind() as (service, fake):
        fake.says = answer(packed, OK + b"Content-Encoding: gzip\r\n")
        headers = ("Content-Type: application/json", "Content-Encoding: gzip")
        got = await raw.ask(service, OTHER, "POST", packed, headers)
        assert fake.seen[0].body == packed
        assert fake.seen[0].header("Content-Encoding") == ["gzip"]
        assert (got.body, got.header("Content-Encoding")) == (packed, ["gzip"])


async def test_given_an_answer_then_status_headers_and_body_come_as_they_are() -> None:
    async with behind() as (service, fake):
        head = (
            b"HTTP/1.1 302 Gone Elsewhere\r\nServer: Apache\r\n"
            b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            b"Location: /agc/other.php?a=b\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n"
            b"X-Powered-By: PHP/7\r\ncontent-type: text/html; charset=utf-8\r\n"
        )
        fake.says = answer(b"\x00\xff moved", head + b"Keep-Alive: timeout=5\r\n")
        got = await raw.ask(service, OTHER)
        assert got.status_line == "HTTP/1.1 302 Gone Elsewhere"
        assert got.body == b"\x00\xff moved"
        assert got.headers == [
            ("Server", "Apache"),
            ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("Location", "/agc/other.php?a=b"),
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "b=2"),
            ("X-Powered-By", "PHP/7"),
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", "8"),
            ("Connection", "close"),
        ]
        assert len(fake.seen) == 1


async def test_given_an_answer_without_headers_then_none_are_made_up() -> None:
    async with behind() as (service, fake):
        fake.says = answer(b"x", b"HTTP/1.1 200 OK\r\n")
        got = await raw.ask(service, OTHER)
        assert got.headers == [("Content-Length", "1"), ("Connection", "close")]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "500 Oops", "418 Tea"])
async def test_given_any_status_then_it_is_the_answers(status: str) -> None:
    async with behind() as (service, fake):
        fake.says = f"HTTP/1.1 {status}\r\n".encode() + b"X: y\r\nConnection: close\r\n\r\n"
        got = await raw.ask(service, OTHER)
        assert got.status_line == f"HTTP/1.1 {status}"
        assert got.header("X") == ["y"]


async def test_given_a_prefix_in_the_url_then_it_stands_before_the_path() -> None:
    async with vicidial() as fake:
        upstream = f"{fake.url}/call/centre/"
        async with serving(vicidial={"upstream": upstream}) as service:
            await raw.ask(service, OTHER)
        assert fake.seen[0].target == f"/call/centre{OTHER}"


async def test_given_an_absolute_target_then_the_server_behind_us_is_still_ours() -> None:
    async with behind() as (service, fake):
        await raw.ask(service, f"http://elsewhere.example{OTHER}#x")
        assert fake.seen[0].target == OTHER


# ---- what we answer ourselves -------------------------------------------------------------------


async def test_given_no_login_of_ours_then_it_is_passed_on_all_the_same() -> None:
    async with behind() as (service, fake):
        got = await raw.ask(service, f"{OTHER}&user=theirs&pass=theirs")
        assert got.body.startswith(b"SUCCESS: from upstream")
        assert len(fake.seen) == 1


@pytest.mark.parametrize("function", ["version", "webserver", "coffee", "audio_playback"])
async def test_given_a_function_of_ours_then_it_is_answered_here(function: str) -> None:
    async with behind() as (service, fake):
        await raw.ask(service, f"/agc/api.php?function={function}")
        await raw.ask(
            service, "/agc/api.php", "POST", f"function={function}".encode(), (URLENCODED,)
        )
        assert not fake.seen


async def test_given_the_switch_is_off_then_others_are_passed_on_all_the_same() -> None:
    async with vicidial() as fake:
        tables = {"upstream": fake.url, "active": False}
        async with serving(vicidial=tables) as service:
            assert (await service.play()) == "ERROR: System API NOT ACTIVE\n"
            assert (await service.vicidial(function="logout")).startswith("SUCCESS: from upstream")


def _part(disposition: str, value: str = "audio_playback") -> str:
    return f"--X\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n"


HIDDEN_IN_QUERY = [
    "function=a&function=audio_playback",
    "function[]=a&function=audio_playback",
    "%66unction=audio%5Fplayback",
    "function=audio_play.back",
    "function=%20audio'_playback%00",
    "+function=audio_playback",
    "function%00x=audio_playback",
    "x=1&" * 1000 + "function=audio_playback",
    "x&" * 3000 + "function=audio_playback",
]
HIDDEN_IN_FORM = [
    *((URLENCODED, query) for query in HIDDEN_IN_QUERY),
    ("Content-Type: application/x-www-form-urlencoded, text/plain", "function=audio_playback"),
    ("Content-Type: application/X-WWW-form-urlencoded x", "function=audio_playback"),
    (URLENCODED, "a=" + "b" * MEGABYTE + "&function=audio_playback"),
    (f"{URLENCODED}\r\nContent-Encoding: deflate", "function=audio_playback"),
    *(
        ("Content-Type: multipart/form-data; boundary=X", body)
        for body in (
            _part('name="function"') + "--X--",
            _part('name="function"', "a") + _part('name="function"') + "--X--",
            _part("name=function; filename*=utf-8''a") + "--X--",
            _part("name='function'") + "--X--",
            _part('NAME="x"; name="func\\\\tion"; name="function"') + "--X--",
            _part('name="f"; filename="a"', "x\r\n --X\r\n" + _part('name="function"')) + "--X--",
            "\r\n" * 3000 + _part('name="function"') + "--X--",
            "--X\r\nA: " + "b" * 5200 + _part('name="function"')[5:] + "--X--",
            "--X\r\nContent-Disposition: form-data;\r\n name=function\r\n\r\naudio_playback",
            _part('name="x"', "y") * 1001 + _part('name="function"') + "--X--",
        )
    ),
    ("Content-Type: multipart/form-data; xboundary=X; boundary=Y", _part('name="function"')),
]


@pytest.mark.parametrize("query", HIDDEN_IN_QUERY, ids=range(len(HIDDEN_IN_QUERY)))
async def test_given_ours_is_hidden_in_a_query_then_it_does_not_get_there(query: str) -> None:
    async with behind() as (service, fake):
        got = await raw.ask(service, f"/agc/api.php?{query}")
        assert got.body.startswith(b"ERROR: ")
        assert not fake.seen


@pytest.mark.parametrize(("kind", "form"), HIDDEN_IN_FORM, ids=range(len(HIDDEN_IN_FORM)))
async def test_given_ours_is_hidden_in_a_form_then_it_does_not_get_there(
    kind: str, form: str
) -> None:
    async with behind() as (service, fake):
        got = await raw.ask(service, "/agc/api.php", "POST", form.encode(), (kind,))
        assert got.status_line == "HTTP/1.1 200 OK"
        assert got.body.startswith(b"ERROR: ")
        assert not fake.seen


@pytest.mark.parametrize("first", [URLENCODED, "Content-Type: text/plain"])
async def test_given_two_types_of_a_body_then_it_does_not_get_there(first: str) -> None:
    async with behind() as (service, fake):
        kinds = (first, URLENCODED, "Content-Type: text/plain")
        await raw.ask(service, "/agc/api.php", "POST", b"function=audio_playback", kinds)
        assert not fake.seen


@pytest.mark.parametrize(
    ("query", "form", "ours"),
    [
        ("function=a", "function=audio_playback", False),
        ("function=audio_playback", "function=a", True),
        ("function[]=a", "function=audio_playback", True),
        ("function=", "function=audio_playback", False),
        ("function=audio_playback&function=a", "", False),
        ("function=audio_playback&function[]=a", "", False),
        ("", "function=audio_playback&function=a", False),
        ("Function=audio_playback", "function=Audio_playback", False),
        ("x=1;function=audio_playback", "", False),
    ],
)
async def test_given_several_functions_then_it_goes_where_php_would_take_it(
    query: str, form: str, ours: bool
) -> None:
    async with behind() as (service, fake):
        await raw.ask(service, f"/agc/api.php?{query}", "POST", form.encode(), (URLENCODED,))
        assert bool(fake.seen) is not ours


async def test_given_a_form_that_is_not_clear_then_it_is_refused_in_the_contracts_form() -> None:
    async with behind(largest_form=1024) as (service, _):
        form = b"agent_user=1000&x=" + b"y" * 1024
        got = await raw.ask(service, "/agc/api.php", "POST", form, (URLENCODED,))
        assert got.body == (
            b"ERROR: request not passed on - its parameters can be read in more than one way,"
            b" or are too long||\n"
        )
        assert got.header("Content-Type") == ["text/html; charset=utf-8"]


# ---- large, slow, broken ------------------------------------------------------------------------


async def test_given_large_bodies_then_both_ways_are_streams_and_memory_is_bounded() -> None:
    size = 24 * MEGABYTE

    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        for _count in range(size // MEGABYTE):
            writer.write(b"d" * MEGABYTE)
            await writer.drain()

    async with behind() as (service, fake):
        fake.script = script
        reader, writer = await raw.connect(service)
        tracemalloc.start()
        try:
            head = f"POST {OTHER} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
            writer.write(head.encode())
            for _ in range(size // MEGABYTE):
                writer.write(b"u" * MEGABYTE)
                await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert f"Content-Length: {size}\r\n" in head
            left: int = size
            while left:
                left -= len(await reader.read(MEGABYTE))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            writer.close()
        assert fake.seen[0].size == size
        assert peak < size / 2


async def test_given_a_slow_answer_then_its_beginning_comes_before_its_end() -> None:
    go_on = asyncio.Event()

    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await go_on.wait()
        writer.write(b"3\r\ndef\r\n0\r\n\r\n")

    async with behind() as (service, fake):
        fake.script = script
        async with service.client.get(OTHER) as response:
            assert await response.content.readany() == b"abc"
            go_on.set()
            assert await response.content.read() == b"def"


async def test_given_a_body_that_comes_slowly_then_it_goes_on_slowly() -> None:
    async with behind() as (service, fake):
        reader, writer = await raw.connect(service)
        writer.write(f"PUT {OTHER} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc".encode())
        await _until(lambda: bool(fake.seen) and fake.seen[0].body == b"abc")
        writer.write(b"def")
        assert b"from upstream" in await reader.readuntil(b"1|2\n")
        assert fake.seen[0].body == b"abcdef"
        writer.close()


UNAVAILABLE = b"ERROR: VICIdial server unavailable - "


async def test_given_nobody_behind_us_then_it_is_an_error_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with vicidial() as fake:
        gone = fake.url
    async with serving(vicidial={"upstream": gone}) as service:
        got = await raw.ask(service, f"{OTHER}&agent_user=1000&pass={PASSWORD}")
        assert got.status_line == "HTTP/1.1 200 OK"
        assert got.body.startswith(UNAVAILABLE)
        assert got.body.endswith(b"|external_pause|1000\n")
        assert (await service.play()).startswith("SUCCESS")
    assert "the server behind us" in caplog.text
    assert PASSWORD not in caplog.text


async def test_given_it_is_silent_then_the_time_is_up_and_nothing_is_left() -> None:
    async def script(*_: Any) -> None:
        await asyncio.Event().wait()

    async with behind(idle_seconds=1) as (service, fake):
        fake.script = script
        got = await raw.ask(service, OTHER)
        assert got.body == UNAVAILABLE + b"no answer in time|external_pause|\n"


@pytest.mark.parametrize("head", [b"Content-Length: 10\r\n\r\nabc", b"", b"Transfer-Enc"])
async def test_given_it_breaks_off_then_so_does_the_answer_or_it_is_an_error(head: bytes) -> None:
    async with behind() as (service, fake):
        fake.says = OK + head if head else b""
        got = await raw.ask(service, OTHER)
        if head.endswith(b"abc"):
            assert not got.whole
        else:
            assert got.body.startswith(UNAVAILABLE)


async def test_given_it_breaks_off_in_chunks_then_the_end_is_missing() -> None:
    async with behind() as (service, fake):
        fake.says = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        got = await raw.ask(service, OTHER)
        assert not got.whole


@pytest.mark.parametrize("limits", [{"idle_seconds": 1}, {"longest_seconds": 1}], ids=str)
async def test_given_an_answer_that_never_ends_then_it_is_cut_off(limits: dict[str, Any]) -> None:
    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 1000\r\n\r\nabc")
        while "longest_seconds" in limits:
            writer.write(b"d")
            await writer.drain()
            await asyncio.sleep(0.1)
        await asyncio.Event().wait()

    async with behind(**limits) as (service, fake):
        fake.script = script
        got = await raw.ask(service, OTHER)
        assert got.body.startswith(b"abc")
        assert not got.whole


async def test_given_a_client_that_goes_away_then_the_connection_behind_us_ends() -> None:
    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"d" * 65536 + b"\r\n")
            await writer.drain()

    async with behind() as (service, fake):
        fake.script = script
        reader, writer = await raw.connect(service)
        writer.write(f"GET {OTHER} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readuntil(b"ddd")
        writer.transport.abort()
        await _until(lambda: fake.open == 0)


async def test_given_a_client_that_goes_in_mid_body_then_no_half_body_looks_whole() -> None:
    async with behind() as (service, fake):
        _, writer = await raw.connect(service)
        writer.write(f"PUT {OTHER} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc".encode())
        await _until(lambda: bool(fake.seen) and fake.seen[0].body == b"abc")
        writer.transport.abort()
        await _until(lambda: fake.open == 0)
        assert not fake.seen[0].whole


@pytest.mark.parametrize("chunked", [False, True])
async def test_given_a_body_that_is_too_long_then_it_is_refused(chunked: bool) -> None:
    async with behind(largest_body=2048) as (service, fake):
        head = f"POST {OTHER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 3000"
        body = b"x" * 3000
        sent = b"bb8\r\n%b\r\n0\r\n\r\n" % body if chunked else body
        got = await raw.send(service, f"{head}{length}\r\n\r\n".encode() + sent)
        assert got.body.startswith(UNAVAILABLE)
        assert not any(seen.whole for seen in fake.seen)


async def test_given_more_than_may_be_at_once_then_the_rest_waits_or_is_told() -> None:
    go_on = asyncio.Event()

    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(answer(b"done"))

    async with behind(connections=1, connect_seconds=1) as (service, fake):
        fake.script = script
        first = asyncio.create_task(raw.ask(service, OTHER))
        await _until(lambda: len(fake.seen) == 1)
        assert (await raw.ask(service, OTHER)).body.startswith(UNAVAILABLE)
        assert len(fake.seen) == 1
        second = asyncio.create_task(raw.ask(service, OTHER))
        go_on.set()
        assert [(await first).body, (await second).body] == [b"done", b"done"]


async def test_given_a_connection_that_is_lost_then_the_request_is_not_sent_twice() -> None:
    async with behind() as (service, fake):
        await raw.ask(service, OTHER)
        fake.says = b""
        assert (await raw.ask(service, OTHER)).body.startswith(UNAVAILABLE)
        assert len(fake.seen) == 2


# ---- other paths --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/agc/vicidial.php?a=b", "/vicidial/admin.php", "/agc/", "/vicidial/a/b%20c/?x"]
)
async def test_given_other_paths_then_they_are_passed_on_by_setting_alone(path: str) -> None:
    async with behind(other_paths=True) as (service, fake):
        got = await raw.ask(service, path, "POST", b"function=audio_playback", (URLENCODED,))
        assert got.body.startswith(b"SUCCESS: from upstream")
        assert fake.seen[0].target == path
        assert fake.seen[0].body == b"function=audio_playback"
    async with behind() as (service, fake):
        assert "404" in (await raw.ask(service, path)).status_line
        assert not fake.seen


@pytest.mark.parametrize(
    "path",
    [
        "/agc/api.php",
        "/agc//api.php",
        "/agc/./api.php",
        "/agc/x/../api.php",
        "/agc/api%2Ephp",
        "/agc/%61pi.php/x",
        "/agc/x%2F..%2Fapi.php",
        "/vicidial/../agc/api.php",
        "/agc/API.php",
        "/agc/api",
        "/agc/api.php%00",
        "//agc/api.php",
        "/agc/agc/api.php",
    ],
)
@pytest.mark.parametrize("other_paths", [True, False])
async def test_given_another_way_to_write_the_path_then_ours_does_not_get_there(
    path: str, other_paths: bool
) -> None:
    async with behind(other_paths=other_paths) as (service, fake):
        await raw.ask(service, f"{path}?function=audio_playback")
        assert not fake.seen


@pytest.mark.parametrize(
    "path",
    [
        "/agc/../server-status",
        "/agc/%2e%2e/server-status",
        "/agc/api.php/../../server-status",
        "/agc/api.php/../other.php",
        "/vicidial/..%2fx",
    ],
)
@pytest.mark.parametrize("other_paths", [True, False])
async def test_given_a_way_out_then_it_leads_nowhere(path: str, other_paths: bool) -> None:
    async with behind(other_paths=other_paths) as (service, fake):
        got = await raw.ask(service, f"{path}?function=x")
        assert "404" in got.status_line
        assert not fake.seen


async def test_given_nobody_behind_us_then_other_paths_are_a_bad_gateway() -> None:
    async with vicidial() as fake:
        gone = fake.url
    upstream = {"url": gone, "other_paths": True}
    async with serving(vicidial={"upstream": upstream}) as service:
        got = await raw.ask(service, "/vicidial/admin.php")
        assert got.status_line == "HTTP/1.1 502 Bad Gateway"
        assert got.body.startswith(b"VICIdial server unavailable: ")


# ---- non_agent_api.php ---------------------------------------------------------------------------

NON_AGENT = "/vicidial/non_agent_api.php"


async def test_given_the_other_api_then_its_functions_are_passed_on_as_they_are() -> None:
    form = b"function=add_lead&comments=" + b"x" * MEGABYTE
    async with behind(other_paths=True, largest_form=2048) as (service, fake):
        query = f"{NON_AGENT}?function=add_lead"
        got = await raw.ask(service, query, "POST", form, (URLENCODED,))
        assert got.body.startswith(b"SUCCESS: from upstream")
        assert (fake.seen[0].target, fake.seen[0].size) == (query, len(form))


async def test_given_the_other_api_when_its_form_is_unclear_then_it_is_not_passed_on() -> None:
    async with behind(other_paths=True, largest_form=2048) as (service, fake):
        form = b"function=add_lead&comments=" + b"x" * 4096
        got = await raw.ask(service, NON_AGENT, "POST", form, (URLENCODED,))
        assert got.status_line == "HTTP/1.1 200 OK"
        assert got.body.startswith(b"ERROR: request not passed on - ")
        assert not fake.seen


async def test_given_the_other_api_when_nobody_is_behind_us_then_a_line_says_so() -> None:
    async with vicidial() as fake:
        gone = fake.url
    async with serving(vicidial={"upstream": {"url": gone, "other_paths": True}}) as service:
        got = await raw.ask(service, f"{NON_AGENT}?function=add_lead")
        assert got.status_line == "HTTP/1.1 200 OK"
        assert got.body.startswith(b"ERROR: VICIdial server unavailable - no answer")
