"""The audio store: names, the clips they mean, and what becomes of those nobody means any more."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.audio import encoded, heard, pitch, tone, wav

from callcue.core.errors import AudioStoreFull, ClipFailed
from callcue.media.audio_store import ShelvedSounds
from callcue.media.decoder import Decoder
from callcue.media.shelf import NAMELESS_SECONDS, Shelf

LARGEST = 1_000_000


class Store:
    """An audio store with a clock."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_700_000_000.0
        self.shelf = Shelf(folder / "sounds", clock=lambda: self.now)
        self.sounds = ShelvedSounds(self.shelf, Decoder(), LARGEST)

    async def add(self, name: str, body: bytes) -> None:
        await self.sounds.add(name, _pieces(body))

    def files(self) -> set[str]:
        return {path.name for path in self.shelf.folder.glob("*")}


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Empty; its folder is not there yet."""
    return Store(tmp_path)


async def test_given_a_file_when_added_then_its_clip_is_there_with_what_is_known_of_it(
    store: Store,
) -> None:
    await store.add("offer", encoded(tone(1.0, 44100, 2, 440.0, at=0.5), "mp3", "libmp3lame"))
    sound = store.sounds.sound("offer")
    assert sound is not None
    assert abs(sound.length - 1000) <= 50
    assert sound.peak == pytest.approx(0.5, abs=0.05)
    assert sound.added == store.now
    found = store.shelf.get("offer")
    assert found is not None
    raw = found.clip.path.read_bytes()
    assert (len(raw), found.clip.path.stem) == (sound.bytes, sound.digest)
    assert pitch(heard(raw)) == pytest.approx(440, abs=2)
    assert store.sounds.sounds() == [sound]


async def test_given_the_same_name_when_added_again_then_it_means_the_new_and_the_old_stays_a_while(
    store: Store,
) -> None:
    await store.add("offer", wav(tone(0.2, hertz=440.0)))
    old = store.sounds.sound("offer")
    assert old is not None
    store.now += 10 * NAMELESS_SECONDS
    await store.add("offer", wav(tone(0.2, hertz=880.0)))
    new = store.sounds.sound("offer")
    assert new is not None
    assert new.digest != old.digest
    store.shelf.sweep(())
    assert f"{old.digest}.sln" in store.files()
    store.now += NAMELESS_SECONDS + 1
    store.shelf.sweep({old.digest})
    assert f"{old.digest}.sln" in store.files()
    store.shelf.sweep(())
    assert store.files() == {"offer.json", f"{new.digest}.sln"}


async def test_given_two_names_for_one_sound_when_one_is_removed_then_the_other_has_it(
    store: Store,
) -> None:
    body = wav(tone(0.2))
    await store.add("a", body)
    await store.add("b", body)
    assert await store.sounds.remove("a")
    assert not await store.sounds.remove("a")
    store.now += 2 * NAMELESS_SECONDS
    store.shelf.sweep(())
    assert [sound.name for sound in store.sounds.sounds()] == ["b"]
    assert store.sounds.sound("a") is None


async def test_given_another_process_that_changes_a_name_then_it_is_seen_at_once(
    store: Store, tmp_path: Path
) -> None:
    beside = Store(tmp_path)
    assert store.sounds.sound("offer") is None
    await beside.add("offer", wav(tone(0.2, hertz=440.0)))
    first = store.sounds.sound("offer")
    await beside.add("offer", wav(tone(0.2, hertz=880.0)))
    second = store.sounds.sound("offer")
    assert first is not None
    assert second is not None
    assert first.digest != second.digest
    await beside.sounds.remove("offer")
    assert store.sounds.sound("offer") is None


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"<!doctype html>", "not audio"), (b"", "not audio"), (b"\0" * (LARGEST + 1), "too large")],
)
async def test_given_no_sound_or_too_much_then_refused_and_the_name_means_what_it_meant(
    store: Store, body: bytes, why: str
) -> None:
    await store.add("offer", wav(tone(0.2)))
    before, files = store.sounds.sound("offer"), store.files()
    with pytest.raises(ClipFailed) as refused:
        await store.add("offer", body)
    assert refused.value.why.startswith(why)
    assert (store.sounds.sound("offer"), store.files()) == (before, files)


async def test_given_a_full_disk_then_it_says_so_and_nothing_half_is_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.add("offer", wav(tone(0.2, hertz=440.0)))
    before, files = store.sounds.sound("offer"), store.files()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AudioStoreFull):
        await store.add("offer", wav(tone(0.2, hertz=880.0)))
    assert (store.sounds.sound("offer"), store.files()) == (before, files)


async def test_given_who_gives_up_in_the_middle_then_nothing_is_left(store: Store) -> None:
    never = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"RIFF"
        await never.wait()

    adding = asyncio.create_task(store.sounds.add("offer", slow()))
    while not store.shelf.folder.exists() or len(store.files()) < 2:
        await asyncio.sleep(0.001)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    assert store.files() == set()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"digest": "../../etc/passwd"}', '{"digest": 5}']
)
def test_given_a_broken_entry_then_there_is_no_such_sound(store: Store, text: str) -> None:
    store.shelf.folder.mkdir()
    (store.shelf.folder / "offer.json").write_text(text)
    assert store.sounds.sound("offer") is None
    assert store.sounds.sounds() == []
    store.shelf.sweep(())


@pytest.mark.parametrize("name", ["", "../offer", "a/b", "a.b", "x" * 81, "ä"])
async def test_given_what_is_no_name_then_no_file_is_looked_at(store: Store, name: str) -> None:
    assert store.sounds.sound(name) is None
    assert not await store.sounds.remove(name)
    with pytest.raises(ValueError, match="A-Z"):
        await store.add(name, wav(tone(0.1)))
