"""Hostile input of api.php: nothing breaks, nothing leaks, nothing reaches Asterisk."""

import asyncio
import logging
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import structlog
from fakes.service import PASSWORD, Service, serving
from fakes.upstream import vicidial
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from callcue.logs import QuotesNoRequest

NAMES = ["source", "user", "pass", "agent_user", "function", "value", "stage", "dial_override"]
NAMES += ["alt_user", "format", "close_window_link", "x[]", "agent_debug", "function[]"]
EVIL = [
    "a\r\nAction: Originate\r\nX: ",
    "a\nb",
    "a\0b",
    "${SHELL(id)}",
    "a,b,c",
    "'; DROP TABLE x; --",
    '"quoted"',
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "\u2028\U0001f600\ud800",
    "a" * 10_000,
]
SAFE = re.compile(r"[A-Za-z0-9_-]{1,80}")


def _handed_on(service: Service) -> Iterator[str]:
    yield from service.telephony.sounds.asked
    for playback in service.telephony.player.started:
        yield from (*playback.request.media, *map(str, playback.clips))


@pytest.mark.parametrize("name", NAMES)
async def test_given_evil_in_a_parameter_then_only_safe_names_are_handed_on(name: str) -> None:
    async with serving() as service:
        for evil in EVIL:
            form = {
                "source": "test",
                "user": "6666",
                "pass": PASSWORD,
                "agent_user": "1000",
                "function": "audio_playback",
                "value": "hello_1",
                "stage": "PLAY",
                "dial_override": "Y",
                name: evil.encode("utf-8", "replace").decode(),
            }
            async with service.client.post("/agc/api.php", data=form) as response:
                assert response.status == 200
                body = await response.text()
            assert PASSWORD not in body
        assert all(SAFE.fullmatch(media) for media in _handed_on(service))


async def test_given_a_stage_of_html_then_no_browser_runs_it() -> None:
    async with serving() as service:
        query = {"source": "test", "user": "6666", "pass": PASSWORD, "agent_user": "1000"}
        query |= {"function": "audio_playback", "stage": "<script>alert(1)</script>"}
        async with service.client.get("/agc/api.php", params=query) as response:
            assert "sandbox" in response.headers["Content-Security-Policy"]


PARAMETERS = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=8),
    st.sampled_from([*EVIL, "test", "6666", "1000", "audio_playback", "PLAY", "Y"])
    | st.text(max_size=40),
    max_size=10,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PARAMETERS, st.booleans()), min_size=4, max_size=8))
def test_given_random_parameters_then_it_is_200_and_leaks_nothing(
    requests: list[tuple[dict[str, str], bool]],
) -> None:
    async def ask() -> None:
        async with serving() as service:
            for random, right in requests:
                await _send(service, random, right)
            assert all(SAFE.fullmatch(media) for media in _handed_on(service))

    asyncio.run(ask())


FUNCTIONS = ["audio_playback", "webserver", "version", "coffee", "external_pause", "a b", ""]
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD"]),
    st.sampled_from(FUNCTIONS),
    PARAMETERS,
    PARAMETERS,
    st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=X",
            "multipart/form-data",
            "application/json",
            "x",
        ]
    ),
    st.sampled_from([PASSWORD, f"{PASSWORD}1", "", "'"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(REQUESTS, min_size=4, max_size=8), st.booleans())
def test_given_random_requests_then_never_a_5xx_and_no_secret_in_an_answer_or_a_log_line(
    requests: list[tuple[str, str, dict[str, str], dict[str, str], str, str]], passes_on: bool
) -> None:
    lines: list[str] = []
    catch = logging.Handler()
    catch.emit = lambda record: lines.append(  # type: ignore[method-assign]
        f"{record.getMessage()} {record.exc_info}"
    )

    # As `logs.configure` has it.
    catch.addFilter(QuotesNoRequest())
    catch.addFilter(lambda record: record.name != "aiohttp.access")

    async def ask() -> None:
        async with vicidial() as fake:
            tables = {"upstream": fake.url} if passes_on else {}
            async with serving(vicidial=tables) as service:
                for method, function, query, form, kind, password in requests:
                    login = {"source": "test", "user": "6666", "pass": password}
                    short = {name: value[:60] for name, value in query.items()}
                    target = {**short, **login, "function": function}
                    url = f"/agc/api.php?{urlencode(target, errors='replace')}"
                    async with service.client.request(
                        method,
                        URL(url, encoded=True),
                        data=urlencode(form, errors="replace"),
                        headers={"Content-Type": kind},
                    ) as response:
                        assert response.status in (200, 418)
                        assert PASSWORD not in await response.text()
                        assert PASSWORD not in str(response.headers)

    root = logging.getLogger()
    before = root.level
    root.addHandler(catch)
    root.setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as structured:
            asyncio.run(ask())
    finally:
        root.removeHandler(catch)
        root.setLevel(before)
    assert PASSWORD not in "\n".join(lines)
    assert PASSWORD not in str(structured)


async def _send(service: Service, random: dict[str, str], right: bool) -> None:
    login = {"source": "test", "user": "6666", "pass": PASSWORD} if right else {}
    form = urlencode({**random, **login}, errors="replace")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with service.client.post("/agc/api.php", data=form, headers=headers) as response:
        assert response.status == 200
        assert PASSWORD not in await response.text()
