"""What a client names, as one Asterisk plays it; and which clips are held meanwhile."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.audio import tone, wav
from fakes.media import FakeMedia
from fakes.origin import Origin, answer, origin

from callcue.core.errors import AsteriskUnavailable, ClipFailed, ClipNotFound
from callcue.core.types import SoundName
from callcue.media.audio_store import ShelvedSounds
from callcue.media.clip_urls import GOOD_FOR, ClipUrls, kept_key
from callcue.media.clips import Clips, FolderLimits
from callcue.media.decoder import Decoder
from callcue.media.delivery import ByFolder, ByUrl
from callcue.media.fetch import Fetcher
from callcue.media.holding import Held
from callcue.media.library import Library
from callcue.media.lookup import Lookup
from callcue.media.pipeline import Pipeline
from callcue.media.shelf import Shelf
from callcue.outward.addresses import Addresses, Allowed


@dataclass
class House:
    """A library over an origin, an audio store and Asterisk's own sounds."""

    origin: Origin
    shelf: Shelf
    clips: Clips
    pipeline: Pipeline
    held: Held
    own: FakeMedia = field(default_factory=FakeMedia)
    asked: list[str] = field(default_factory=list)
    missing: set[str] | None = field(default_factory=set)
    """What Asterisk cannot fetch; None: it is away."""

    def library(self, urls: ClipUrls | None = None) -> Library:
        way = ByFolder("callcue") if urls is None else ByUrl(urls, "http://callcue:8080/")
        return Library(self.own, self.shelf, self.pipeline, way, self.held, self.ask)

    async def ask(self, clips: Sequence[str]) -> set[str]:
        self.asked += clips
        if self.missing is None:
            raise AsteriskUnavailable("away")
        return {clip for clip in clips if self.missing}

    async def shelve(self, name: str) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield wav(tone(0.1, hertz=880.0))

        await ShelvedSounds(self.shelf, Decoder(), 10**6).add(name, body())


@asynccontextmanager
async def house(folder: Path, limits: FolderLimits | None = None) -> AsyncIterator[House]:
    async with origin() as there:
        there.paths["/a.wav"] = answer(wav(tone(0.1)))
        there.paths["/b.wav"] = answer(wav(tone(0.1, hertz=500.0)))
        there.paths["/c.wav"] = answer(wav(tone(0.1, hertz=600.0)))
        clips = Clips(folder / "cache", limits)
        addresses = Addresses(there.resolve, Allowed(frozenset({there.host})))
        async with Pipeline(Fetcher(addresses), Decoder(), clips) as pipeline:
            yield House(there, Shelf(folder / "sounds"), clips, pipeline, Held(clips))


async def test_given_each_kind_of_media_then_each_has_its_name_for_asterisk(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        await here.shelve("offer")
        library = here.library()
        media = ["offer", "ss-noservice", here.origin.url("/a.wav")]
        await library.check(media)
        assert here.own.asked == ["ss-noservice"]
        offer, stock, fetched = [await library.prepare(one) for one in media]
        sound = here.shelf.get("offer")
        assert sound is not None
        assert offer == f"callcue/sounds/{sound.clip.digest}"
        assert stock == "ss-noservice"
        folder, name, digest = fetched.split("/")
        assert (folder, name) == ("callcue", "cache")
        assert (tmp_path / "cache" / f"{digest}.sln").exists()
        assert here.asked == []


@pytest.mark.parametrize("by_url", [False, True])
async def test_given_what_was_prepared_then_its_length_is_known_but_for_asterisks_own(
    tmp_path: Path, by_url: bool
) -> None:
    async with house(tmp_path) as here:
        await here.shelve("offer")
        library = here.library(ClipUrls(b"k" * 32) if by_url else None)
        media = ("offer", here.origin.url("/a.wav"), "ss-noservice")
        clips = [await library.prepare(one) for one in media]
        assert [library.length(clip) for clip in clips] == [100, 100, None]


async def test_given_a_name_of_both_then_the_audio_store_goes_first(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.shelve("ss-noservice")
        assert (await here.library().prepare("ss-noservice")).startswith("callcue/sounds/")


async def test_given_what_cannot_be_played_then_the_refusal_names_its_place(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        await here.shelve("offer")
        library = here.library()
        with pytest.raises(ClipNotFound) as refused:
            await library.check(["offer", "ss-noservice", "gone", "offer", "gone"])
        assert (refused.value.index, refused.value.media) == (2, "gone")
        for url in ("http://user:s3cret@host/", "https://host:99999/", "http://"):
            with pytest.raises(ClipFailed) as failed:
                await library.check(["offer", url])
            assert (failed.value.index, failed.value.why[:11]) == (1, "invalid url")
            assert "s3cret" not in str(failed.value)
        with pytest.raises(ClipFailed) as failed:
            await library.prepare(here.origin.url("/nothing.wav?token=s3cret"))
        assert failed.value.why.startswith("not found")
        assert "s3cret" not in str(failed.value)


async def test_given_clips_that_are_held_then_they_stay_until_the_last_lets_go(
    tmp_path: Path,
) -> None:
    room_for_two = FolderLimits(bytes=4096)
    async with house(tmp_path, room_for_two) as here:
        library = here.library()

        async def prepared(path: str) -> SoundName:
            return await library.prepare(here.origin.url(path))

        def is_there(name: SoundName) -> bool:
            return (tmp_path / "cache" / f"{name.rpartition('/')[2]}.sln").exists()

        a = await prepared("/a.wav")
        assert await prepared("/a.wav") == a
        library.release([a])
        b = await prepared("/b.wav")
        library.release([b])
        c = await prepared("/c.wav")
        assert (is_there(a), is_there(b), is_there(c)) == (True, False, True)
        library.release([SoundName("ss-noservice"), a, a])  # of nobody's, and once too often
        assert len(here.held.digests()) == 1
        await prepared("/b.wav")
        assert (is_there(a), is_there(c)) == (False, True)


async def test_given_an_asterisk_without_our_folder_then_it_is_given_an_address_and_asked(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        urls = ClipUrls(b"k" * 32)
        library = here.library(urls)
        name = await library.prepare(here.origin.url("/a.wav"))
        assert here.asked == [name]
        assert len(name) < 300
        host, _, path = name.partition("/clips/")
        assert host == "http://callcue:8080"
        folder, ticket, file = path.split("/")
        assert urls.is_good(folder, file.removesuffix(".sln"), ticket)
        library.release([name])

        here.missing = {"all"}
        with pytest.raises(ClipFailed, match="could not fetch it"):
            await library.prepare(here.origin.url("/a.wav"))
        here.missing = None
        with pytest.raises(AsteriskUnavailable):
            await library.prepare(here.origin.url("/a.wav"))
        assert here.held.digests() == set()


# ---- looked at beforehand ------------------------------------------------------------------------


async def test_given_media_that_is_looked_at_then_its_length_or_why_not(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.shelve("offer")
        libraries = [here.library()]
        lookup = Lookup(here.shelf, here.pipeline, lambda: libraries)
        assert await lookup.look("offer") == 100
        assert await lookup.look(here.origin.url("/a.wav")) == 100
        assert await lookup.look("ss-noservice") is None
        with pytest.raises(ClipNotFound):
            await lookup.look("gone")
        with pytest.raises(ClipFailed, match="not found"):
            await lookup.look(here.origin.url("/nothing.wav"))
        here.own.refuse = AsteriskUnavailable("away")
        with pytest.raises(AsteriskUnavailable):
            await lookup.look("ss-noservice")


async def test_given_what_is_fetched_ahead_then_it_is_there_when_it_is_played(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        libraries = [here.library()]
        lookup = Lookup(here.shelf, here.pipeline, lambda: libraries)
        a = here.origin.url("/a.wav")
        lookup.fetch_ahead([a, a, "offer", here.origin.url("/nothing.wav")])
        await here.library().prepare(a)
        await here.library().prepare(a)
        assert [request.target for request in here.origin.seen].count("/a.wav") == 1


# ---- signed addresses ----------------------------------------------------------------------------

DIGEST = "0123456789abcdef" * 4


def test_given_an_address_then_it_is_good_for_that_clip_and_for_a_while() -> None:
    now = 1_700_000_000.0
    urls = ClipUrls(b"k" * 32, clock=lambda: now)
    path = urls.path("cache", DIGEST)
    assert path == urls.path("cache", DIGEST)
    _, _, folder, ticket, file = path.split("/")
    assert (folder, file) == ("cache", f"{DIGEST}.sln")
    assert urls.is_good("cache", DIGEST, ticket)
    assert not urls.is_good("sounds", DIGEST, ticket)
    assert not urls.is_good("cache", DIGEST[::-1], ticket)
    assert not ClipUrls(b"x" * 32, clock=lambda: now).is_good("cache", DIGEST, ticket)
    later, _, signature = ticket.partition("-")
    assert not urls.is_good("cache", DIGEST, f"{int(later) + GOOD_FOR}-{signature}")
    now += GOOD_FOR
    assert urls.is_good("cache", DIGEST, ticket)
    now += GOOD_FOR + 1
    assert not urls.is_good("cache", DIGEST, ticket)


@pytest.mark.parametrize("ticket", ["", "-", "1700000000", "x-y", "9" * 13 + "-a", "1-\udc80"])
def test_given_what_is_no_ticket_then_it_is_refused(ticket: str) -> None:
    assert not ClipUrls(b"k" * 32).is_good("cache", DIGEST, ticket)


def test_given_a_key_then_it_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "media" / "urls.key"
    key = kept_key(file)
    assert kept_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"short")
    assert len(kept_key(file)) == 32


@pytest.mark.parametrize("folder", ["", "a b", "a;b", "../x", "a/../b", "a$b", "x" * 201])
def test_given_a_folder_that_asterisk_cannot_be_told_then_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="cannot be told"):
        ByFolder(folder)
