"""The folder of clips: nothing half-written, nothing held that goes, nothing of others touched."""

import hashlib
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from callcue.media.clips import Clip, Clips, FolderLimits, write_all
from callcue.media.failures import MediaFailed, Reason

SECOND = 16_000


class Clock:
    def __init__(self) -> None:
        self.now = time.time()  # as new files have it from the kernel

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clips(tmp_path: Path, clock: Clock) -> Clips:
    return opened(tmp_path, clock)


def opened(folder: Path, clock: Clock, seconds: float = 100.0) -> Clips:
    """Room for three clips of a second."""
    clips = Clips(folder / "clips", FolderLimits(3 * SECOND, seconds), clock=clock)
    clips.open()
    return clips


def sound(fill: int, seconds: float = 1.0) -> bytes:
    return bytes([fill]) * round(seconds * SECOND)


def add(clips: Clips, content: bytes, peak: float = 0.5) -> Clip:
    with clips.part() as part:
        part.file.write(content)
        return clips.admit(part, part.seal(), peak)


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "clips").iterdir()}


def test_given_a_sound_then_it_is_a_clip_by_its_checksum(clips: Clips, tmp_path: Path) -> None:
    clip = add(clips, sound(1, 1.5), 0.25)
    digest = hashlib.sha256(sound(1, 1.5)).hexdigest()
    assert clip == Clip(digest, tmp_path / "clips" / f"{digest}.sln", clip.length, 0.25)
    assert clip.length == 1500
    assert clip.path.read_bytes() == sound(1, 1.5)
    assert clips.get(digest) == clip
    assert files(tmp_path) == {f"{digest}.sln", f"{digest}.json"}


def test_given_the_same_sound_twice_then_there_is_one(clips: Clips, tmp_path: Path) -> None:
    assert add(clips, sound(1)) == add(clips, sound(1))
    assert (len(clips), clips.bytes, len(files(tmp_path))) == (1, SECOND, 2)


def test_given_a_restart_then_the_clips_are_still_there(
    clips: Clips, tmp_path: Path, clock: Clock
) -> None:
    added = [add(clips, sound(fill), fill / 10) for fill in (1, 2)]
    again = opened(tmp_path, clock)
    assert [again.get(clip.digest) for clip in added] == added
    assert again.bytes == 2 * SECOND


def test_given_what_a_crash_left_then_it_is_cleared_and_others_files_stay(
    clips: Clips, tmp_path: Path, clock: Clock
) -> None:
    kept = add(clips, sound(1))
    folder = tmp_path / "clips"
    leftovers = [
        "a" * 32 + ".part",
        "b" * 64 + ".sln",  # without what lies beside it
        "c" * 64 + ".json",
    ]
    for name in leftovers:
        (folder / name).write_bytes(b"xx")
    for name, content in (("d", b"{"), ("e", b"[]"), ("f", b'{"peak": "loud"}')):
        (folder / f"{name * 64}.sln").write_bytes(b"xx")
        (folder / f"{name * 64}.json").write_bytes(content)
    (folder / ("0" * 64 + ".sln")).write_bytes(b"odd")
    (folder / ("0" * 64 + ".json")).write_bytes(b'{"peak": 1}')
    theirs = {"welcome.wav", "notes.json", "x.part", "B" * 64 + ".sln"}
    for name in theirs:
        (folder / name).touch()
    again = opened(tmp_path, clock)
    assert files(tmp_path) == {*theirs, f"{kept.digest}.sln", f"{kept.digest}.json"}
    assert len(again) == 1


def test_given_a_process_that_is_killed_while_it_writes_then_nothing_half_is_seen(
    tmp_path: Path, clock: Clock
) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from callcue.media.clips import Clips\n"
        "clips = Clips(Path(sys.argv[1]))\n"
        "clips.open()\n"
        "body = clips.body(); body.write(b'xx')\n"
        "with clips.part() as part:\n"
        "    part.file.write(b'xx')\n"
        "    part.seal()\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "clips"], check=False)
    (left,) = files(tmp_path)
    assert left.endswith(".part")
    assert len(opened(tmp_path, clock)) == 0
    assert files(tmp_path) == set()


def test_given_too_much_then_the_longest_unused_goes(clips: Clips, clock: Clock) -> None:
    first, second, third = (add(clips, sound(fill)) for fill in (1, 2, 3))
    clock.now += 1
    clips.get(first.digest)
    fourth = add(clips, sound(4))
    assert clips.get(second.digest) is None
    assert not second.path.exists()
    assert all(clips.get(clip.digest) for clip in (first, third, fourth))
    assert clips.bytes == 3 * SECOND


def test_given_use_before_a_restart_then_it_counts_after_it(
    clips: Clips, tmp_path: Path, clock: Clock
) -> None:
    first, second = add(clips, sound(1)), add(clips, sound(2))
    clock.now += 90
    clips.get(first.digest)
    clock.now += 20
    again = opened(tmp_path, clock)
    assert again.get(first.digest) == first
    assert again.get(second.digest) is None


def test_given_clips_that_are_held_then_they_stay_until_released_as_often(
    clips: Clips, clock: Clock
) -> None:
    first, second = add(clips, sound(1)), add(clips, sound(2))
    clips.hold(first.digest)
    clips.hold(first.digest)
    clock.now += 1000
    clips.evict()
    assert not second.path.exists()
    clips.release(first.digest)
    clips.evict()
    assert first.path.exists()
    clips.release(first.digest)
    clips.evict()
    assert not first.path.exists()
    assert clips.bytes == 0


def test_given_all_room_is_held_then_a_new_clip_is_refused_and_leaves_nothing(
    clips: Clips, tmp_path: Path
) -> None:
    held = [add(clips, sound(fill)) for fill in (1, 2, 3)]
    for clip in held:
        clips.hold(clip.digest)
    before = files(tmp_path)
    with pytest.raises(MediaFailed) as caught:
        add(clips, sound(4))
    assert caught.value.reason is Reason.DISK_FULL
    assert files(tmp_path) == before
    assert all(clips.get(clip.digest) for clip in held)


def test_given_what_is_not_there_then_it_cannot_be_held_or_released(clips: Clips) -> None:
    for act in (clips.hold, clips.release):
        with pytest.raises(KeyError):
            act("a" * 64)
    assert clips.get("a" * 64) is None


def test_given_a_clip_that_somebody_removed_then_it_is_forgotten(clips: Clips) -> None:
    clip = add(clips, sound(1))
    clip.path.unlink()
    assert clips.get(clip.digest) is None
    assert clips.bytes == 0
    assert add(clips, sound(1)).path.exists()


@pytest.mark.parametrize("content", [b"", b"odd"])
def test_given_no_whole_sample_then_it_is_no_clip(
    clips: Clips, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(MediaFailed) as caught:
        add(clips, content)
    assert caught.value.reason is Reason.NOT_AUDIO
    assert files(tmp_path) == set()


def test_given_a_body_then_no_name_leads_to_it(clips: Clips, tmp_path: Path) -> None:
    with clips.body() as body:
        body.write(b"secret")
        assert files(tmp_path) == set()


def test_given_no_folder_to_write_to_then_it_is_a_failure(clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "clips").write_text("a file, where the folder is to be")
    with pytest.raises(MediaFailed) as caught, clips.part():
        pass
    assert caught.value.reason is Reason.DISK_FULL
    with pytest.raises(MediaFailed):
        clips.body()


class Miserly(FileIO):
    """Takes three bytes at most, as a disk does that is nearly full."""

    def write(self, data: Any, /) -> int:
        return super().write(bytes(data[:3]))


def test_given_a_disk_that_takes_a_part_then_all_is_written_or_it_says_so(tmp_path: Path) -> None:
    with Miserly(tmp_path / "file", "xb") as file:
        write_all(file, b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"
    with FileIO("/dev/full", "w") as full, pytest.raises(MediaFailed) as failed:
        write_all(full, b"0123456789")
    assert failed.value.reason is Reason.DISK_FULL
