"""The audio store and media over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fakes.audio import encoded, tone
from fakes.service import KEY, OTHER_KEY, READ_KEY, WORKSPACE, Service, serving

from callcue.core.types import Missing
from callcue.media.clip_urls import ClipUrls

OFFER = encoded(tone(0.2), "mp3", "libmp3lame")
MEDIA = f"/workspaces/{WORKSPACE}/media"


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """With an audio store of its own."""
    async with serving(media={"folder": str(tmp_path), "largest": 100_000}) as service:
        yield service


async def ask(
    service: Service, method: str, path: str, body: bytes | None = None, key: str = KEY
) -> tuple[int, Any]:
    headers = {"Authorization": f"AccessKey {key}"}
    async with service.client.request(method, path, data=body, headers=headers) as response:
        return response.status, await response.json() if response.status != 204 else None


async def test_given_a_file_when_put_then_it_is_there_and_put_again_it_is_another(
    service: Service,
) -> None:
    status, made = await ask(service, "PUT", "/sounds/offer", OFFER)
    assert status == 201
    assert made["name"] == "offer"
    assert abs(made["lengthMilliseconds"] - 200) <= 50
    assert abs(made["bytes"] - made["lengthMilliseconds"] * 16) < 16
    assert await ask(service, "GET", "/sounds/offer", key=READ_KEY) == (200, made)
    louder = encoded(tone(0.2, at=0.9), "flac", "flac")
    status, other = await ask(service, "PUT", "/sounds/offer", louder)
    assert status == 200
    assert other["checksum"] != made["checksum"]
    assert other["peak"] > made["peak"]
    # It belongs to no workspace.
    assert await ask(service, "GET", "/sounds/offer", key=OTHER_KEY) == (200, other)
    assert await ask(service, "DELETE", "/sounds/offer") == (204, None)
    for method in ("GET", "DELETE"):
        status, refused = await ask(service, method, "/sounds/offer")
        assert (status, refused["code"]) == (404, "not_found")


async def test_given_many_when_listed_then_page_by_page(service: Service) -> None:
    names = [f"clip-{n}" for n in range(5)]
    for name in reversed(names):
        await ask(service, "PUT", f"/sounds/{name}", OFFER)
    seen: list[str] = []
    token: str | None = ""
    while token is not None:
        status, page = await ask(service, "GET", f"/sounds?limit=2&pageToken={token}")
        assert status == 200
        assert len(page["results"]) <= 2
        seen += [sound["name"] for sound in page["results"]]
        token = page["nextPageToken"]
    assert seen == names


@pytest.mark.parametrize(
    ("name", "body", "path", "why"),
    [
        ("offer", b"<!doctype html>", "$body", "not audio"),
        ("offer", b"", "$body", "not audio"),
        ("offer", b"\0" * 100_001, "$body", "too large"),
        ("no.name", OFFER, "$path.name", "must be 1 to 80"),
        ("x" * 81, OFFER, "$path.name", "must be 1 to 80"),
    ],
)
async def test_given_what_is_no_clip_then_422_says_why(
    service: Service, name: str, body: bytes, path: str, why: str
) -> None:
    status, refused = await ask(service, "PUT", f"/sounds/{name}", body)
    assert (status, refused["code"]) == (422, "invalid_request")
    assert refused["details"][path][0].startswith(why)


async def test_given_media_when_checked_then_each_item_says_what_would_become_of_it(
    service: Service,
) -> None:
    await ask(service, "PUT", "/sounds/offer", OFFER)
    media = ["sound:offer", "sound:ss-noservice", "sound:gone", "http://169.254.169.254/x?s3cret"]
    status, found = await service.bird("POST", f"{MEDIA}/check", {"media": media})
    assert status == 200
    offer, stock, gone, metadata = found["results"]
    assert offer["playable"]
    assert abs(offer["lengthMilliseconds"] - 200) <= 50
    assert stock == {"playable": True, "lengthMilliseconds": None, "why": None}
    assert (gone["playable"], gone["why"]) == (False, "there is no such sound")
    assert (metadata["playable"], metadata["why"][:15]) == (False, "refused address")
    assert "s3cret" not in str(found)


async def test_given_media_when_fetched_ahead_then_202_and_what_is_wrong_is_422(
    service: Service,
) -> None:
    body = {"media": ["sound:ss-noservice"]}
    assert await service.bird("POST", f"{MEDIA}/prefetch", body) == (202, {"accepted": 1})
    wrongs: list[dict[str, Any]] = [
        {"media": []},
        {"media": ["gone"]},
        {},
        {"media": ["sound:a"], "x": 1},
    ]
    for wrong in wrongs:
        for route in ("prefetch", "check"):
            status, refused = await service.bird("POST", f"{MEDIA}/{route}", wrong)
            assert (status, refused["code"]) == (422, "invalid_request")


async def test_given_a_signed_address_then_the_clip_and_else_404(tmp_path: Path) -> None:
    asterisk = {"secret": "x", "media_url": "http://callcue:8080"}
    async with serving(asterisk=asterisk, media={"folder": str(tmp_path)}) as service:
        _, made = await ask(service, "PUT", "/sounds/offer", OFFER)
        digest, nothing = made["checksum"].removeprefix("sha256:"), "0" * 64
        urls = ClipUrls((tmp_path / "urls.key").read_bytes())
        good = urls.path("sounds", digest)
        async with service.client.get(good) as response:
            assert response.status == 200
            assert len(await response.read()) == made["bytes"]
            assert "immutable" in response.headers["Cache-Control"]
        for path in (
            ClipUrls(b"x" * 32).path("sounds", digest),
            good.replace(digest, nothing),
            good.replace("sounds", "cache"),
            urls.path("sounds", nothing),
            "/clips",
        ):
            async with service.client.get(path) as response:
                assert response.status == 404


async def test_given_a_shared_folder_then_there_are_no_addresses_of_clips(
    service: Service,
) -> None:
    path = ClipUrls(b"k" * 32).path("sounds", "0" * 64)
    async with service.client.get(path) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("missing", "answer"),
    [("end", (422, {"$.media[0]": ["too large"]})), ("skip", (202, None))],
)
async def test_given_an_item_that_cannot_be_had_then_the_setting_says_what_becomes_of_the_list(
    tmp_path: Path, missing: str, answer: tuple[int, Any]
) -> None:
    async with serving(media={"folder": str(tmp_path), "missing": missing}) as service:
        service.telephony.sounds.unfetchable.add("hello_1")
        body = {"media": ["sound:hello_1", "sound:ss-noservice"]}
        path = f"{service.playback_path}?wait=started"
        status, found = await service.bird("POST", path, body)
        assert (status, found.get("details")) == answer
        clips = [playback.clips for playback in service.telephony.player.started]
        assert clips == ([] if missing == "end" else [[Missing.SKIPPED, "ss-noservice"]])


async def test_given_a_url_when_played_then_it_is_shown_without_its_query(
    service: Service,
) -> None:
    url = "https://media.example/offer.mp3"
    service.telephony.sounds.sounds.add(f"{url}?token=s3cret")
    body = {"media": [f"{url}?token=s3cret", "sound:ss-noservice"]}
    status, answer = await service.bird("POST", service.playback_path, body)
    assert status == 202
    _, shown = await service.bird("GET", service.playback_path)
    assert shown["media"] == [f"{url}?...", "sound:ss-noservice"]
    (started,) = service.telephony.player.started
    assert str(started.id) == answer["id"]
