"""Hostile input of api.php: nothing breaks, nothing leaks, nothing reaches Asterisk."""

import asyncio
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from fakes.service import PASSWORD, Service, serving
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ["source", "user", "pass", "agent_user", "function", "value", "stage", "dial_override"]
NAMES += ["alt_user", "format", "close_window_link", "x[]", "agent_debug"]
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
        yield from (*playback.request.media, *playback.clips)


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


async def _send(service: Service, random: dict[str, str], right: bool) -> None:
    login = {"source": "test", "user": "6666", "pass": PASSWORD} if right else {}
    form = urlencode({**random, **login}, errors="replace")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with service.client.post("/agc/api.php", data=form, headers=headers) as response:
        assert response.status == 200
        assert PASSWORD not in await response.text()
