"""Clips that are not Asterisk's own, by ear: from URLs and from the audio store, both ways in."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from aiohttp.test_utils import unused_port
from ears import hearing
from ears.ear import Ear, EarServer
from fakes import audio
from fakes.origin import Origin, answer, origin
from real.hand import Hand
from real.pbx import Pbx
from real.room import Room
from real.service import Integrator, Service, running_service, table

from callcue.core.ports import AudioStore
from callcue.media.audio_store import ShelvedSounds
from callcue.media.decoder import Decoder
from callcue.media.shelf import Shelf
from callcue.settings.media import Media
from callcue.settings.tables import Asterisk

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("before_all_others")]

TONE = 1000.0
SECONDS = 0.4
NEAR = 0.050
FRAME = 0.020

QUIET, LOUD = 0.03, 0.5
"""Of full scale: 24 dB apart."""

FORMATS = {
    "mp3": ("mp3", "libmp3lame", 44100, 1),
    "vorbis.ogg": ("ogg", "vorbis", 44100, 2),
    "opus.ogg": ("ogg", "libopus", 48000, 1),
    "flac": ("flac", "flac", 44100, 2),
    "m4a": ("mp4", "aac", 44100, 2),
    "aac": ("adts", "aac", 44100, 1),
    **{
        f"{rate}-{channels}.wav": ("wav", "pcm_s16le", rate, channels)
        for rate in (8000, 16000, 44100, 48000)
        for channels in (1, 2)
    },
}


def file_of(kind: str, hertz: float = TONE, seconds: float = SECONDS, at: float = LOUD) -> bytes:
    container, codec, rate, channels = FORMATS[kind]
    samples = audio.tone(seconds, rate, channels, hertz, at)
    # FFmpeg's own encoder of Vorbis is one.
    return audio.encoded(samples, container, codec, rate, strict="experimental")


@dataclass
class Stand:
    """A service, an origin, and a room with an ear."""

    service: Service
    origin: Origin
    ear: Ear
    store: AudioStore

    @property
    def bird(self) -> Integrator:
        return self.service.integrator(self.ear.id)

    def serve(self, path: str, body: bytes) -> str:
        """The URL of that file from here on."""
        self.origin.paths[path] = answer(body)
        return f"http://127.0.0.1:{self.origin.port}{path}"


BOTH_WAYS = pytest.mark.parametrize("way", ["folder", "url"])
"""Once through a folder that Asterisk sees, once by addresses of ours."""


@pytest.fixture
def way() -> str:
    """By the folder, unless a test says otherwise."""
    return "folder"


@pytest.fixture
def loudness() -> float | None:
    """Clips stay as they are, unless a test says otherwise."""
    return None


@pytest_asyncio.fixture
async def stand(
    way: str, loudness: float | None, pbx: Pbx, hand: Hand, ears: EarServer, tmp_path: Path
) -> AsyncIterator[Stand]:
    """All of it; at the end the room is closed."""
    port = unused_port()
    by_folder = way == "folder"
    folder = pbx.sounds / "callcue" if by_folder else tmp_path
    by_url = {"media_folder": "", "media_url": f"http://127.0.0.1:{port}"}
    async with origin() as there:
        media = Media(
            folder=str(folder),
            allow=(f"127.0.0.1:{there.port}",),
            fetch_seconds=3,
            longest_seconds=60,
            largest=5_000_000,
            loudness=loudness,
        )
        asterisk = Asterisk.model_validate(table("main", pbx) | ({} if by_folder else by_url))
        async with running_service(pbx, port=port, media=media, asterisk=(asterisk,)) as service:
            room = Room("8600093", hand, ears)
            ear = await room.party()
            await room.party()
            shelf = Shelf(folder / "sounds")
            yield Stand(service, there, ear, ShelvedSounds(shelf, Decoder(), 10**7))
            await room.close()


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body


def seconds_of(ear: Ear) -> float:
    """How long something was heard, the silences between not counted."""
    return sum(hearing.audible(frame) for frame in ear.frames) * FRAME


def decibels_of(ear: Ear) -> float:
    """How loud it was, without its beginning and its end."""
    heard = [hearing.loudness(frame) for frame in ear.frames if hearing.audible(frame)]
    return 20 * float(np.log10(np.median(heard)))


async def heard_to_the_end(stand: Stand, *media: str) -> dict[str, object]:
    stand.ear.frames.clear()
    status, answer = await stand.bird.play_media(*media)
    assert status == 202, answer
    ended = await stand.bird.ended(answer["id"], within=60)
    await stand.ear.listen(0.1)
    return ended


async def test_given_files_of_all_usual_forms_when_played_then_at_the_right_pitch_and_length(
    stand: Stand,
) -> None:
    for kind in FORMATS:
        ended = await heard_to_the_end(stand, stand.serve(f"/a.{kind}", file_of(kind)))
        assert (kind, ended["endReason"], ended["detail"]) == (kind, "finished", "")
        pitch = np.median(hearing.pitches(stand.ear.frames))
        assert abs(float(pitch) - TONE) < 5, kind
        assert abs(seconds_of(stand.ear) - SECONDS) <= NEAR, kind


@pytest.mark.parametrize(("loudness", "apart"), [(-20.0, 0.0), (None, 24.4)])
async def test_given_a_quiet_and_a_loud_file_when_played_then_as_loud_as_the_setting_says(
    stand: Stand, apart: float
) -> None:
    heard = []
    for at in (QUIET, LOUD):
        await heard_to_the_end(stand, stand.serve(f"/{at}.wav", file_of("44100-2.wav", at=at)))
        heard.append(decibels_of(stand.ear))
    quiet, loud = heard
    assert abs(loud - quiet - apart) < 1.5


async def test_given_80_urls_when_played_then_all_are_heard_in_order(stand: Stand) -> None:
    pitches = [400.0 + 35 * (n * 29 % 80) for n in range(80)]
    urls = [
        stand.serve(f"/{n}.wav", file_of("8000-1.wav", hertz, 0.08))
        for n, hertz in enumerate(pitches)
    ]
    ended = await heard_to_the_end(stand, *urls)
    assert (ended["endReason"], ended["detail"]) == ("finished", "")
    pure = [f for f in stand.ear.frames if hearing.audible(f) and hearing.is_pure(f)]
    found = [5 * round(hearing.pitch(frame.samples) / 5) for frame in pure]
    assert [hz for n, hz in enumerate(found) if n == 0 or hz != found[n - 1]] == pitches


@BOTH_WAYS
async def test_given_a_slow_second_item_when_it_comes_then_it_is_heard_whole(
    stand: Stand,
) -> None:
    first, second = (
        stand.serve(f"/{hz:.0f}.wav", file_of("8000-1.wav", hz, 0.5)) for hz in (500.0, 1500.0)
    )
    await heard_to_the_end(stand, first)
    stand.origin.hold = asyncio.Event()
    stand.ear.frames.clear()
    _, answer = await stand.bird.play_media(first, second)
    async with asyncio.timeout(5):
        while (await stand.bird.status())["item"] != 2:
            await asyncio.sleep(0.01)
    await stand.ear.listen(0.5)
    stand.origin.hold.set()
    ended = await stand.bird.ended(answer["id"])
    assert (ended["endReason"], ended["detail"]) == ("finished", "")
    heard = [hz for f in stand.ear.frames for hz in hearing.identities(f, (500, 1500))]
    assert heard == sorted(heard)
    assert abs(heard.count(500) - 25) <= 2
    assert abs(heard.count(1500) - 25) <= 2


async def test_given_what_cannot_be_had_then_the_end_says_which_and_why(stand: Stand) -> None:
    good = stand.serve("/good.wav", file_of("8000-1.wav", 500, 0.2))
    page = stand.serve("/page.wav", b"<!doctype html><title>not here</title>")
    missing = f"http://127.0.0.1:{stand.origin.port}/nothing.wav?token=s3cret"
    ended = await heard_to_the_end(stand, good, page)
    assert (ended["endReason"], str(ended["detail"])[:17]) == ("failed", "item 2: not audio")
    ended = await heard_to_the_end(stand, missing)
    assert (ended["endReason"], str(ended["detail"])[:17]) == ("failed", "item 1: not found")
    assert "s3cret" not in str(ended)
    ended = await heard_to_the_end(stand, "http://169.254.169.254/latest/meta-data")
    assert str(ended["detail"]).startswith("item 1: refused address")


@BOTH_WAYS
async def test_given_a_clip_of_the_store_when_replaced_then_what_plays_is_heard_to_its_end(
    stand: Stand,
) -> None:
    store = stand.store
    await store.add("campaign", pieces(file_of("mp3", 500, 1.5)))
    stand.ear.frames.clear()
    _, answer = await stand.bird.play("campaign", loop=2)
    await stand.ear.until(lambda: any(map(hearing.audible, stand.ear.frames)))
    await store.add("campaign", pieces(file_of("flac", 1500, 0.5)))
    await stand.bird.ended(answer["id"])
    heard = {hz for f in stand.ear.frames for hz in hearing.identities(f, (500, 1500))}
    assert heard == {500}
    assert abs(seconds_of(stand.ear) - 3) <= 2 * NEAR

    # From the next PLAY on it is the new one, for both dialects.
    stand.ear.frames.clear()
    _, answer = await stand.bird.play("campaign", "ss-noservice")
    await stand.ear.until(lambda: any(map(hearing.audible, stand.ear.frames)))
    await stand.ear.listen(0.3)
    assert {hz for f in stand.ear.frames for hz in hearing.identities(f, (500, 1500))} == {1500}
    await stand.bird.control("stop")
    await store.remove("campaign")
    status, refused = await stand.bird.play("campaign")
    assert (status, refused.get("details")) == (
        422,
        {"$.media[0]": ["there is no such sound"]},
    ), refused
