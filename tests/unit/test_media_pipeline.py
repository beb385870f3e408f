"""From a URL to a clip: one fetch for all, remembered, and nothing left of what went wrong."""

import asyncio
import gc
import os
import resource
import signal
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from fakes.audio import TONE, encoded, heard, pitch, tone, wav
from fakes.origin import Origin, Script, answer, broken_off, drip, endless, origin, versioned
from fakes.waiting import until

from callcue.core.types import Milliseconds
from callcue.media.clips import Clips, FolderLimits
from callcue.media.decoder import Decoder, DecoderLimits
from callcue.media.failures import MediaFailed, Reason
from callcue.media.fetch import Fetcher, FetchLimits
from callcue.media.freshness import FreshnessLimits, fresh_seconds
from callcue.media.pipeline import Pipeline, PipelineLimits
from callcue.outward.addresses import Addresses, Allowed

SECRET = "s3cret"
HELLO = wav(tone(1.0, 8000), 8000)
OTHER = wav(tone(0.5, 8000, hertz=1000), 8000)


def children() -> set[str]:
    """Process ids; other tests may have some too."""
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class House:
    """A pipeline with all that it needs, and an origin."""

    def __init__(self, folder: Path, served: Origin) -> None:
        self._children = children()
        self.folder = folder / "clips"
        self.origin = served
        self.clock = Clock()
        self.clips = Clips(self.folder, FolderLimits(1_000_000))
        allowed = Allowed(hosts=frozenset({served.host}))
        self.pipeline = Pipeline(
            Fetcher(
                Addresses(served.resolve, allowed),
                FetchLimits(connect_seconds=1, total_seconds=1, bytes=2_000_000),
            ),
            Decoder(DecoderLimits(longest=Milliseconds(20_000), wall_seconds=5)),
            self.clips,
            PipelineLimits(stale_seconds=1000, urls=50),
            clock=self.clock,
        )

    async def clip_fails(self, path: str) -> MediaFailed:
        with pytest.raises(MediaFailed) as caught:
            await self.pipeline.clip(self.origin.url(path))
        assert SECRET not in str(caught.value)
        return caught.value

    async def asked(self, times: int) -> None:
        """Wait until the origin was, and what came of it is known."""

        async def so() -> bool:
            return len(self.origin.seen) >= times and not self.pipeline._asking

        await until(so)
        assert len(self.origin.seen) == times

    def nothing_is_left(self) -> bool:
        """No process, and no file but clips."""
        files = self.folder.iterdir() if self.folder.exists() else ()
        clean = all(path.suffix in (".sln", ".json") for path in files)
        return clean and children() <= self._children


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with origin() as served:
        served.paths["/hello.wav"] = answer(HELLO, Content_Type="text/html")
        made = House(tmp_path, served)
        async with made.pipeline:
            yield made
        assert made.nothing_is_left()


async def test_given_a_url_then_its_clip_is_what_asterisk_plays(house: House) -> None:
    clip = await house.pipeline.clip(house.origin.url("/hello.wav"))
    samples = heard(clip.path.read_bytes())
    assert clip.length == 1000
    assert clip.peak == pytest.approx(0.5, abs=0.01)
    assert pitch(samples) == pytest.approx(TONE, abs=1)
    assert await house.pipeline.clip(house.origin.url("/hello.wav")) == clip
    assert len(house.origin.seen) == 1


async def test_given_two_hundred_callers_of_one_url_then_it_is_fetched_once(house: House) -> None:
    house.origin.hold = asyncio.Event()
    url = house.origin.url("/hello.wav")
    callers = [asyncio.create_task(house.pipeline.clip(url)) for _ in range(200)]

    async def came() -> bool:
        return bool(house.origin.seen)

    await until(came)
    for caller in callers[:150]:
        caller.cancel()
    house.origin.hold.set()
    clips = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(gone, asyncio.CancelledError) for gone in clips[:150])
    assert len(set(clips[150:])) == 1
    assert len(house.origin.seen) == 1


async def test_given_all_callers_are_gone_then_the_fetch_may_finish(house: House) -> None:
    caller = asyncio.create_task(house.pipeline.clip(house.origin.url("/hello.wav")))
    await asyncio.sleep(0)
    caller.cancel()
    await house.asked(1)
    await house.pipeline.clip(house.origin.url("/hello.wav"))
    assert len(house.origin.seen) == 1


async def test_given_one_sound_at_two_urls_then_it_is_one_clip(house: House) -> None:
    house.origin.paths["/copy"] = answer(HELLO)
    found = await asyncio.gather(
        *(house.pipeline.clip(house.origin.url(path)) for path in ("/hello.wav", "/copy"))
    )
    assert found[0] == found[1]
    assert len(house.clips) == 1


async def test_given_an_old_clip_then_it_is_played_at_once_and_asked_about_meanwhile(
    house: House,
) -> None:
    house.origin.paths["/v"] = versioned(HELLO, '"1"')
    url = house.origin.url("/v")
    first = await house.pipeline.clip(url)
    house.clock.now += 59
    await house.pipeline.clip(url)
    await house.asked(1)
    house.clock.now += 2
    assert await house.pipeline.clip(url) == first
    await house.asked(2)
    assert house.origin.seen[1].headers["if-none-match"] == '"1"'
    house.clock.now += 61
    house.origin.paths["/v"] = versioned(OTHER, '"2"')
    assert await house.pipeline.clip(url) == first
    await house.asked(3)
    assert (await house.pipeline.clip(url)).length == 500


async def test_given_a_very_old_clip_then_the_origin_is_asked_first(house: House) -> None:
    house.origin.paths["/v"] = versioned(HELLO, '"1"')
    url = house.origin.url("/v")
    await house.pipeline.clip(url)
    house.clock.now += 1001
    house.origin.paths["/v"] = versioned(OTHER, '"2"')
    assert (await house.pipeline.clip(url)).length == 500


async def test_given_an_origin_that_fails_meanwhile_then_the_clip_is_played_on(
    house: House,
) -> None:
    url = house.origin.url("/hello.wav")
    clip = await house.pipeline.clip(url)
    house.origin.paths["/hello.wav"] = answer(b"", "503 Busy")
    house.clock.now += 61
    assert await house.pipeline.clip(url) == clip
    await house.asked(2)
    assert await house.pipeline.clip(url) == clip
    await house.asked(2)  # it is left in peace for some seconds
    house.clock.now += 6
    assert await house.pipeline.clip(url) == clip
    await house.asked(3)
    house.clock.now += 1000
    assert (await house.clip_fails("/hello.wav")).reason is Reason.ORIGIN_FAILED


async def test_given_an_origin_that_has_withdrawn_it_then_it_is_not_played_on(
    house: House,
) -> None:
    url = house.origin.url("/hello.wav")
    await house.pipeline.clip(url)
    del house.origin.paths["/hello.wav"]
    house.clock.now += 61
    await house.pipeline.clip(url)
    await house.asked(2)
    assert (await house.clip_fails("/hello.wav")).reason is Reason.NOT_FOUND


async def test_given_a_clip_that_was_evicted_then_it_is_fetched_anew(house: House) -> None:
    house.origin.paths["/v"] = versioned(HELLO, '"1"')
    clip = await house.pipeline.clip(house.origin.url("/v"))
    clip.path.unlink()
    assert await house.pipeline.clip(house.origin.url("/v")) == clip
    assert "if-none-match" not in house.origin.seen[1].headers
    assert clip.path.exists()


async def test_given_a_failure_then_it_is_remembered_for_a_moment(house: House) -> None:
    house.origin.paths["/slow"] = drip
    assert (await house.clip_fails("/none")).reason is Reason.NOT_FOUND
    assert (await house.clip_fails("/slow")).reason is Reason.TIMED_OUT
    for path in ("/none", "/slow"):
        await house.clip_fails(path)
    assert len(house.origin.seen) == 2
    house.clock.now += 1.1
    house.origin.paths["/slow"] = house.origin.paths["/none"] = answer(HELLO)
    await house.pipeline.clip(house.origin.url("/slow"))
    assert (await house.clip_fails("/none")).reason is Reason.NOT_FOUND
    house.clock.now += 4
    await house.pipeline.clip(house.origin.url("/none"))


def playlist() -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (answer(b"<html>" * 1000, Content_Type="audio/wav"), Reason.NOT_AUDIO),
        (answer(b""), Reason.NOT_AUDIO),
        (answer(HELLO[:30]), Reason.NOT_AUDIO),
        (answer(playlist(), Content_Type="audio/mpeg"), Reason.NOT_AUDIO),
        (answer(wav(tone(60.0, 8000), 8000)), Reason.TOO_LONG),
        (answer(b"x" * 2_000_001, Content_Length=""), Reason.TOO_LARGE),
        (endless, Reason.TOO_LARGE),
        (drip, Reason.TIMED_OUT),
        (broken_off(HELLO[:8000], len(HELLO), reset=True), Reason.ORIGIN_FAILED),
    ],
)
async def test_given_what_is_no_clip_then_it_fails_for_its_reason_and_leaves_nothing(
    house: House, script: Script, reason: Reason
) -> None:
    house.origin.paths["/x"] = script
    assert (await house.clip_fails(f"/x?{SECRET}")).reason is reason
    assert list(house.folder.iterdir()) == []
    assert house.nothing_is_left()


async def test_given_three_hours_in_a_small_file_then_it_is_too_long_at_once(
    house: House,
) -> None:
    one = encoded(tone(600.0, 8000, at=0.0), "adts", "aac", 8000)
    house.origin.paths["/bomb"] = answer(one * (2_000_000 // len(one)))
    started = asyncio.get_running_loop().time()
    assert (await house.clip_fails("/bomb")).reason is Reason.TOO_LONG
    assert asyncio.get_running_loop().time() - started < 3


async def test_given_many_urls_then_memory_stays_flat_and_few_are_remembered(
    house: House,
) -> None:
    house.origin.paths["/x"] = answer(b"<html>")

    async def fail(number: int) -> None:
        with pytest.raises(MediaFailed):
            await house.pipeline.clip(house.origin.url(f"/none?{number}"))

    taken = []
    tracemalloc.start()
    try:
        for start in range(0, 300, 50):
            await asyncio.gather(*(fail(number) for number in range(start, start + 50)))
            house.origin.seen.clear()
            gc.collect()
            taken.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert taken[-1] - taken[2] < 200_000, taken
    assert len(house.pipeline._urls) == 50


async def test_given_more_clips_than_room_then_those_that_are_held_stay(house: House) -> None:
    """Room for a million bytes; each clip has 160,000."""
    held = []
    for number in range(12):
        file = wav(tone(10.0, 8000, hertz=300 + 50 * number), 8000)
        house.origin.paths[f"/{number}"] = answer(file)
        clip = await house.pipeline.clip(house.origin.url(f"/{number}"))
        if number < 4:
            house.clips.hold(clip.digest)
            held.append(clip)
    assert all(clip.path.stat().st_size == 160_000 for clip in held)
    assert house.clips.bytes <= 1_000_000
    assert len(house.clips) == 6


async def test_given_a_close_while_all_is_under_way_then_nothing_is_left(tmp_path: Path) -> None:
    async with origin() as served:
        served.paths["/slow"] = drip
        long = wav(np.zeros((250_000, 4), np.int16), 192_000)
        served.paths["/long"] = answer(long[:1_900_000])
        house = House(tmp_path, served)
        async with house.pipeline:
            callers = [
                asyncio.create_task(house.pipeline.clip(served.url(f"/{path}?{number}")))
                for path in ("slow", "long")
                for number in range(10)
            ]
            await asyncio.sleep(0.3)
        ended = await asyncio.gather(*callers, return_exceptions=True)
        assert any(isinstance(how, asyncio.CancelledError) for how in ended)
        assert house.nothing_is_left()
        with pytest.raises(asyncio.CancelledError):
            await house.pipeline.clip(served.url("/late"))


async def test_given_a_disk_that_is_full_then_it_is_the_reason_and_the_next_is_taken(
    house: House,
) -> None:
    """A limit of this process stands for the disk: the kernel refuses the write all the same."""
    small = wav(tone(0.1, 8000), 8000)
    house.origin.paths["/small"] = answer(small)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        failed = await house.clip_fails("/hello.wav")
        assert failed.reason is Reason.DISK_FULL
        assert house.nothing_is_left()
        assert (await house.pipeline.clip(house.origin.url("/small"))).length == 100
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 60),
        ("public", 60),
        ("max-age=300", 300),
        ("Max-Age = 300 , public", 300),
        ('max-age="300"', 300),
        ("max-age=5", 60),
        ("max-age=999999999", 3600),
        ("max-age=99999999999999", 60),
        ("max-age=-1", 60),
        ("max-age=soon", 60),
        ("no-cache", 1),
        ("no-store, max-age=300", 1),
        ('private="x", no-cache="y"', 1),
    ],
)
def test_given_what_an_origin_says_then_its_word_goes_so_far(said: str, seconds: float) -> None:
    assert fresh_seconds(said, FreshnessLimits()) == seconds
