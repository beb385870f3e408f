"""How api.php reads a request: any method, any prefix, PHP's rules, the cleaning table."""

import re
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from fakes.service import PASSWORD, Service, serving
from hypothesis import given
from hypothesis import strategies as st

from callcue.api.vicidial.parameters import Parameters, last_of_each, parse, read

PLAY = {
    "source": "test",
    "user": "6666",
    "pass": PASSWORD,
    "agent_user": "1000",
    "function": "audio_playback",
    "value": "ss-noservice",
    "stage": "PLAY",
}
SUCCESS = "SUCCESS: audio_playback function sent - ss-noservice|PLAY|1000\n"


async def _ask(service: Service, method: str, path: str = "/agc/api.php", **more: Any) -> str:
    async with service.client.request(method, path, **more) as response:
        assert response.status == 200
        return await response.text()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_given_any_method_then_the_query_counts(method: str) -> None:
    async with serving() as service:
        assert await _ask(service, method, params=PLAY) == SUCCESS


async def test_given_head_then_it_acts_and_has_no_body() -> None:
    async with serving() as service:
        assert await _ask(service, "HEAD", params=PLAY) == ""
        assert len(service.telephony.player.started) == 1


@pytest.mark.parametrize(
    "path",
    ["/agc/api.php", "/vicidial/agc/api.php", "/a/b/c/agc/api.php", "/agc/api.php/anything/x"],
)
async def test_given_any_prefix_and_tail_then_it_is_the_same(path: str) -> None:
    async with serving() as service:
        assert await _ask(service, "GET", path, params=PLAY) == SUCCESS


@pytest.mark.parametrize("path", ["/api.php", "/xagc/api.php", "/agc/api.phpx", "/agc/api_php"])
async def test_given_another_path_then_there_is_nothing(path: str) -> None:
    async with serving() as service, service.client.get(path, params=PLAY) as response:
        assert response.status == 404


async def test_given_an_answer_then_the_headers_are_vicidials() -> None:
    async with (
        serving() as service,
        service.client.get("/agc/api.php", params=PLAY) as response,
    ):
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-cache, must-revalidate"
        assert response.headers["Pragma"] == "no-cache"


async def test_given_version_then_nobody_is_asked_who_they_are() -> None:
    form = r"VERSION: 2\.14-82\|BUILD: \S+\|DATE: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\|EPOCH: \d{10}\n"
    async with serving() as service:
        assert re.fullmatch(form, await _ask(service, "GET", "/agc/api.php?function=version"))


async def test_given_a_form_then_it_is_read() -> None:
    async with serving() as service:
        assert await _ask(service, "POST", data=PLAY) == SUCCESS


async def test_given_a_multipart_form_then_it_is_read_and_files_are_not() -> None:
    def form(**more: Any) -> aiohttp.FormData:
        made = aiohttp.FormData(default_to_multipart=True)
        for name, value in {**PLAY, **more}.items():
            if isinstance(value, bytes):
                made.add_field(name, value, filename="x.txt")
            else:
                made.add_field(name, value)
        return made

    async with serving() as service:
        assert "not valid - |PLAY|" in await _ask(service, "POST", data=form(value=b"hello_1"))
        assert await _ask(service, "POST", data=form()) == SUCCESS


async def test_given_query_and_form_then_the_query_wins_name_by_name() -> None:
    async with serving() as service:
        query, form = {"value": "ss-noservice"}, {**PLAY, "value": "hello_1"}
        assert await _ask(service, "POST", params=query, data=form) == SUCCESS


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "", "application/octet-stream", "nonsense"]
)
async def test_given_a_body_of_another_type_then_it_is_not_read(kind: str) -> None:
    body = "&".join(f"{name}={value}" for name, value in PLAY.items())
    async with serving() as service:
        headers = {"Content-Type": kind}
        answer = await _ask(service, "POST", data=body, headers=headers)
        assert answer == "ERROR: Invalid Source - \n"
        assert await _ask(service, "POST", params=PLAY, data=body, headers=headers) == SUCCESS


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("application/x-www-form-urlencoded; charset=nonsense", b"a=b"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%zz&&==&=;"),
        ("application/x-www-form-urlencoded", b"a=" + b"b" * (1024 * 1024 + 1)),
    ],
)
async def test_given_a_broken_or_too_long_form_then_the_query_still_counts(
    kind: str, body: bytes
) -> None:
    async with serving() as service:
        headers = {"Content-Type": kind}
        answer = await _ask(service, "POST", params=PLAY, data=BytesIO(body), headers=headers)
        assert answer == SUCCESS


@pytest.mark.parametrize(
    ("encoded", "read_as"),
    [
        (b"a=1&a=2", {"a": "2"}),
        (b"a[]=1", {}),
        (b"a=1&a[]=2", {}),
        (b"a[]=2&a=1", {"a": "1"}),
        (b"a[x][y]=2", {}),
        (b"a", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"a=+%2B%20", {"a": " + "}),
        (b"a=%ff%C3%A4", {"a": "\ufffdä"}),
        (b"dial.override=Y", {"dial_override": "Y"}),
        (b"", {}),
        (b"=1", {}),
        (b"a%00b=1", {"a": "1"}),
        (b"agent[user=1", {"agent_user": "1"}),
        (b" a=1&%20b=2", {"a": "1", "b": "2"}),
    ],
)
def test_given_a_query_then_it_is_taken_apart_as_php_does(
    encoded: bytes, read_as: dict[str, str]
) -> None:
    assert parse(encoded) == read_as


def test_given_more_fields_than_php_reads_then_the_rest_is_cut_off() -> None:
    assert "last" not in parse(b"&".join([b"a=1"] * 1000 + [b"last=1"]))


@pytest.mark.parametrize(
    ("name", "raw", "cleaned"),
    [
        ("user", "66 '66\";\\<b>_-", "6666b_-"),
        ("pass", "a b'c\";\\.+/=_-!%", "abc.+/=_-"),
        ("function", "audio_play.back", "audio_playback"),
        ("value", "custom/hi.wav", "customhiwav"),
        ("value", "a:b@c&d e,f|g-h_i", "abcdef|g-h_i"),
        ("source", "my_soft-ware 1", "mysoftware1"),
        ("stage", "PL'A\"Y;\\", "PLAY"),
        ("stage", "play", "play"),
        ("dial_override", " Yes", "Y"),
        ("dial_override", "y", ""),
        ("alt_user", "a-b_c 1", "abc1"),
        ("agent_user", "10 00\r\n", "1000"),
    ],
)
def test_given_what_a_parameter_may_not_hold_then_it_vanishes(
    name: str, raw: str, cleaned: str
) -> None:
    field = "password" if name == "pass" else name
    assert getattr(read({name: raw}, {}), field) == cleaned


def test_given_parameters_then_their_repr_has_no_password() -> None:
    assert PASSWORD not in repr(Parameters(password=PASSWORD))


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=20))
def test_given_anything_then_only_whole_names_and_texts_come_out(
    pairs: list[tuple[str, str]],
) -> None:
    for name in last_of_each(pairs):
        assert not set(name) & {" ", ".", "["}
