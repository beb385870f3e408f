"""A folder of clips as Asterisk plays them, each named by the checksum of its sound.

A clip is raw signed linear, 8 kHz, mono, 16 bit little endian (`.sln`): Asterisk's own format, with
no header, since of a WAV it leaves out the last 44 bytes. Beside each lies what cannot be seen from
its size (`.json`). A file is complete once it has its name; what has none is a leftover.
"""

import hashlib
import json
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from callcue.core.types import Milliseconds

from .failures import MediaFailed, Reason

BYTES_PER_SECOND = 16_000

_DIGEST = re.compile(r"[0-9a-f]{64}")
_OURS = re.compile(r"[0-9a-f]{64}\.(?:sln|json)|[0-9a-f]{32}\.part")
"""Nothing else in the folder is ever touched: it may be the wrong one."""


def is_digest(text: str) -> bool:
    """Whether it could be the checksum of a clip."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Clip:
    """One playable sound."""

    digest: str
    """SHA-256 of its samples, in hexadecimal."""
    path: Path
    length: Milliseconds
    peak: float
    """The loudest sample: 0 is silence, 1 is full scale."""


@dataclass(frozen=True, slots=True)
class FolderLimits:
    """How much is kept, and for how long nobody has to ask for it."""

    bytes: int = 2 * 1024**3
    seconds: float = 30 * 86_400.0
    """Since the clip was last used."""


class Part:
    """A sound on its way into the folder: a context manager. Unless admitted it is removed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{secrets.token_hex(16)}.part"

    @classmethod
    def below(cls, folder: Path) -> "Part":
        """In that folder, which is made if there is none. Raises `MediaFailed`: `DISK_FULL`."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_failed(error) from error
        return cls(folder)

    def __enter__(self) -> "Part":
        try:
            self.file: FileIO = self.path.open("x+b", buffering=0)
        except OSError as error:
            raise disk_failed(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.path.unlink(missing_ok=True)

    def seal(self) -> str:
        """Bring the finished sound to the disk for good; returns its checksum. Blocks for long.

        The checksum is taken here, and not believed to whoever wrote it. Raises `MediaFailed`:
        `NOT_AUDIO`, there is no sample in it; `DISK_FULL`.
        """
        try:
            size = os.fstat(self.file.fileno()).st_size
            if not size or size % 2:
                raise MediaFailed(Reason.NOT_AUDIO, "there is no sound in it")
            self.file.seek(0)
            digest = hashlib.file_digest(self.file, "sha256").hexdigest()
            os.fsync(self.file.fileno())
        except OSError as error:
            raise disk_failed(error) from error
        return digest


class Clips:
    """The folder and its index. Not for several processes at once.

    `open` is for a thread; the others take no longer than a name in a folder does.
    """

    def __init__(
        self,
        folder: Path,
        limits: FolderLimits | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self._limits = limits or FolderLimits()
        self._clock = clock
        self._clips: OrderedDict[str, tuple[Clip, int, float]] = OrderedDict()
        """Digest to clip, bytes, and when it was last used; the longest unused first."""
        self._held: dict[str, int] = {}
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """What all clips take together."""
        return self._bytes

    @property
    def limit(self) -> int:
        """Bytes that they may take together."""
        return self._limits.bytes

    def __len__(self) -> int:
        return len(self._clips)

    def open(self) -> None:
        """Read the folder, if it is there yet; clear away what a crash has left."""
        self._clips.clear()
        self._bytes = 0
        if not self.folder.exists():
            return
        found: list[tuple[float, Clip, int]] = []
        for path in self.folder.iterdir():
            if _OURS.fullmatch(path.name) and path.suffix == ".sln":
                with suppress(OSError, ValueError, KeyError, TypeError):
                    status = path.stat()
                    if status.st_size and status.st_size % 2 == 0:
                        peak = float(json.loads(path.with_suffix(".json").read_text())["peak"])
                        found.append(
                            (status.st_mtime, _clip(path, status.st_size, peak), status.st_size)
                        )
        for used, clip, size in sorted(found, key=lambda item: item[0]):
            self._clips[clip.digest] = clip, size, used
            self._bytes += size
        for path in list(self.folder.iterdir()):
            if _OURS.fullmatch(path.name) and path.stem not in self._clips:
                path.unlink(missing_ok=True)
        self.evict()

    def part(self) -> Part:
        """A new file for a sound to be written to. Raises as `Part.below` does."""
        return Part.below(self.folder)

    def body(self) -> FileIO:
        """A file without a name, for what was fetched: gone when closed, also by a crash.

        Raises `MediaFailed`: `DISK_FULL`.
        """
        part = self.part()
        part.__enter__()
        try:
            part.path.unlink()
        except OSError as error:
            raise disk_failed(error) from error
        return part.file

    def admit(self, part: Part, digest: str, peak: float) -> Clip:
        """Give a sealed part its name; others leave for it.

        Raises `MediaFailed`: `DISK_FULL`, also when those that are held leave no room.
        """
        known = self.get(digest)
        if known is not None:
            return known
        path = self.folder / f"{digest}.sln"
        try:
            size = part.path.stat().st_size
            # Without the one beside it a sound is cleared away, so that one is there first.
            with self.part() as beside:
                write_all(beside.file, json.dumps({"peak": peak}).encode())
                beside.path.rename(path.with_suffix(".json"))
            part.path.rename(path)
        except OSError as error:
            raise disk_failed(error) from error
        clip = _clip(path, size, peak)
        self._clips[digest] = clip, size, self._clock()
        self._bytes += size
        self.hold(digest)
        self.evict()
        self.release(digest)
        if self._bytes > self._limits.bytes:
            self._remove(digest)
            raise MediaFailed(Reason.DISK_FULL, "the cache is full of clips in use")
        return clip

    def get(self, digest: str) -> Clip | None:
        """The clip, which counts as used now."""
        if digest not in self._clips:
            return None
        clip, size, _ = self._clips[digest]
        now = self._clock()
        try:
            os.utime(clip.path, (now, now))  # the next start goes by it
        except OSError:
            self._remove(digest)  # somebody took it
            return None
        self._clips[digest] = clip, size, now
        self._clips.move_to_end(digest)
        return clip

    def hold(self, digest: str) -> None:
        """Keep it until released as often as held. Raises `KeyError`: there is none."""
        if digest not in self._clips:
            raise KeyError(digest)
        self._held[digest] = self._held.get(digest, 0) + 1

    def release(self, digest: str) -> None:
        """Let go of it once. Raises `KeyError`: nobody holds it."""
        self._held[digest] -= 1
        if not self._held[digest]:
            del self._held[digest]

    def evict(self) -> None:
        """Remove what is too old, and the longest unused while there is too much; none held."""
        oldest = self._clock() - self._limits.seconds
        leave: list[str] = []
        left = self._bytes
        for digest, (_, size, used) in self._clips.items():
            if used >= oldest and left <= self._limits.bytes:
                break
            if digest not in self._held:
                leave.append(digest)
                left -= size
        for digest in leave:
            self._remove(digest)

    def _remove(self, digest: str) -> None:
        clip, size, _ = self._clips.pop(digest)
        self._bytes -= size
        for path in (clip.path, clip.path.with_suffix(".json")):
            with suppress(OSError):  # gone already, or the next start finds it
                path.unlink()


def write_all(file: FileIO, data: bytes) -> None:
    """Write all of it: a disk with little room takes a part first, and says nothing.

    Raises `MediaFailed`: `DISK_FULL`.
    """
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise disk_failed(error) from error


def disk_failed(error: OSError) -> MediaFailed:
    """What to say of a file that cannot be written; a full disk is by far the usual cause."""
    return MediaFailed(Reason.DISK_FULL, os.strerror(error.errno) if error.errno else "")


def _clip(path: Path, size: int, peak: float) -> Clip:
    return Clip(path.stem, path, Milliseconds(size * 1000 // BYTES_PER_SECOND), peak)
