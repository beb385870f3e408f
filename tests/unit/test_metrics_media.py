"""Fetches, decodes and the cache, counted on a real pipeline before a scripted origin."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from fakes.audio import tone, wav
from fakes.figures import Figures, figures, parsed
from fakes.origin import Origin, answer, origin, versioned
from fakes.service import WORKSPACE, Service, serving

from callcue.media.fetch import Fetcher
from callcue.metrics.metrics import Metrics
from callcue.outward.addresses import Addresses, Allowed
from callcue.outward.urls import read_url

CLIP = wav(tone(0.2, 8000), 8000)
CACHE = 10_000_000


@pytest_asyncio.fixture
async def there() -> AsyncIterator[Origin]:
    async with origin() as there:
        there.paths["/good.wav"] = answer(CLIP)
        there.paths["/text.wav"] = answer(b"this is no sound at all")
        there.paths["/versioned.wav"] = versioned(CLIP, etag='"1"')
        yield there


def _media(folder: Path, there: Origin) -> dict[str, Any]:
    return {"folder": str(folder), "allow": [f"127.0.0.1:{there.port}"], "cache": CACHE}


async def _check(service: Service, there: Origin, path: str) -> None:
    url = f"http://127.0.0.1:{there.port}{path}"
    where = f"/workspaces/{WORKSPACE}/media/check"
    status, _ = await service.bird("POST", where, {"media": [url]})
    assert status == 200


async def _after(service: Service, there: Origin, *paths: str) -> Figures:
    for path in paths:
        await _check(service, there, path)
    return await figures(service)


async def test_given_fetches_then_they_are_counted_by_what_came_of_them(
    there: Origin, tmp_path: Path
) -> None:
    async with serving(media=_media(tmp_path, there)) as service:
        found = await _after(service, there, "/good.wav", "/good.wav", "/none.wav", "/text.wav")
    fetches, decodes = "callcue_media_fetches_total", "callcue_media_decodes_total"
    assert found(fetches, outcome="fetched") == 2
    assert found(fetches, outcome="not_found") == 1
    assert found(decodes, outcome="decoded") == 1
    assert found(decodes, outcome="not_audio") == 1
    assert found("callcue_media_fetched_bytes_total") == len(CLIP) + 23
    assert 0 < found("callcue_media_decoder_seconds_total") < 60
    assert found("callcue_media_cache_bytes") == 0.2 * 16_000
    assert found("callcue_media_cache_limit_bytes") == CACHE


async def test_given_a_version_that_is_still_the_one_then_unchanged(
    there: Origin, tmp_path: Path
) -> None:
    metrics = Metrics()
    addresses = Addresses(there.resolve, Allowed(frozenset({there.host})))
    fetcher = Fetcher(addresses, watch=metrics.media)
    target = read_url(there.url("/versioned.wav"))
    with (tmp_path / "body").open("w+b", buffering=0) as into:
        first = await fetcher.fetch(target, into)
        await fetcher.fetch(target, into, first.validators)
    found = parsed(metrics.text().decode())
    assert found("callcue_media_fetches_total", outcome="fetched") == 1
    assert found("callcue_media_fetches_total", outcome="unchanged") == 1
    assert found("callcue_media_fetched_bytes_total") == len(CLIP)
