"""Hostile input of the JSON API: nothing breaks, nothing unsafe reaches Asterisk."""

import asyncio
import json
import re
from typing import Any

from aiohttp import ClientSession
from fakes.service import KEY, Service, serving
from hypothesis import given, settings
from hypothesis import strategies as st

SAFE = re.compile(r"[A-Za-z0-9_-]{1,80}")
HEADERS = {"Authorization": f"AccessKey {KEY}", "Content-Type": "application/json"}
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


def _only_safe(service: Service) -> None:
    handed_on = list(service.telephony.sounds.asked)
    for playback in service.telephony.player.started:
        handed_on += [*playback.request.media, *playback.clips]
    assert all(SAFE.fullmatch(name) for name in handed_on)
