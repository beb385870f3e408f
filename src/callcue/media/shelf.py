"""The audio store: an operator's own clips under names of their own, in a folder.

A name is a small file (`NAME.json`) that says which clip it means; the clips lie beside them, each
named by the checksum of its sound. So a name changes its clip in one instant, whoever changes it:
the service, or `callcue sound` beside it. The clip it had before stays for as long as anybody may
hear it.
"""

import json
import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from callcue.core.types import Milliseconds

from .clips import BYTES_PER_SECOND, Clip, Part, disk_failed, is_digest, write_all
from .failures import MediaFailed, Reason
from .names import is_sound_name

NAMELESS_SECONDS = 3600.0
"""How long a clip stays that no name means any more: whoever has just been told of it finds it."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A clip of the audio store, by the name it has now."""

    name: str
    clip: Clip
    bytes: int
    added: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class ShelfLimits:
    """How much there may be."""

    names: int = 10_000
    bytes: int = 4 * 1024**3
    """Of all files of sound: also of clips that no name means any more, and that are being made."""


class Shelf:
    """The folder. Several processes may use it at once; all but `seal` of a part is quick."""

    def __init__(
        self,
        folder: Path,
        limits: ShelfLimits | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self._limits = limits or ShelfLimits()
        self._clock = clock
        self._known: dict[str, tuple[tuple[int, int], Sound]] = {}

    def part(self) -> Part:
        """A new file for a sound to be written to. Raises as `Part.below` does."""
        return Part.below(self.folder)

    def check_room(self, name: str) -> None:
        """Raise `MediaFailed`, `DISK_FULL`, if there is none for *name*. Reads the whole folder."""
        names, size = 0, 0
        with suppress(OSError):
            for entry in os.scandir(self.folder):
                names += entry.name.endswith(".json") and entry.name != f"{name}.json"
                with suppress(OSError):
                    size += entry.stat().st_size
        if names >= self._limits.names:
            raise MediaFailed(Reason.DISK_FULL, f"{names} clips are in the audio store already")
        if size > self._limits.bytes:
            raise MediaFailed(Reason.DISK_FULL, f"the audio store has {size} bytes already")

    def put(self, name: str, part: Part, digest: str, peak: float) -> Sound:
        """From now on *name* means the sealed *part*.

        Raises `MediaFailed`: `DISK_FULL`; the name means what it meant. `ValueError`: no name.
        """
        _check(name)
        before = self.get(name)
        path = self.folder / f"{digest}.sln"
        said = {"digest": digest, "peak": peak, "added": self._clock()}
        try:
            part.path.rename(path)  # if it is there already it is the same
            with Part(self.folder) as entry:
                write_all(entry.file, json.dumps(said).encode())
                os.fsync(entry.file.fileno())
                entry.path.rename(self._entry(name))
        except OSError as error:
            raise disk_failed(error) from error
        self._leave(before)
        sound = self.get(name)
        assert sound is not None
        return sound

    def get(self, name: str) -> Sound | None:
        """What that name means now."""
        if not is_sound_name(name):
            return None
        entry = self._entry(name)
        try:
            status = entry.stat()
            version = (status.st_mtime_ns, status.st_ino)
            known = self._known.get(name)
            if known is None or known[0] != version:
                known = self._known[name] = (version, self._read(name, entry))
            return known[1]
        except (OSError, ValueError, KeyError, TypeError):
            self._known.pop(name, None)
            return None

    def clip(self, digest: str) -> Clip | None:
        """The clip of that checksum, whether a name means it or not."""
        path = self.folder / f"{digest}.sln"
        try:
            size = path.stat().st_size if is_digest(digest) else 0
        except OSError:
            return None
        return Clip(digest, path, _length(size), 0.0) if size else None

    def all(self) -> list[Sound]:
        """Every sound, by name."""
        try:
            names = sorted(entry.stem for entry in self.folder.glob("*.json"))
        except OSError:
            return []
        return [sound for name in names if (sound := self.get(name)) is not None]

    def remove(self, name: str) -> bool:
        """The name means nothing any more; whether it did. Raises `OSError`."""
        before = self.get(name)
        if before is None:
            return False
        self._entry(name).unlink(missing_ok=True)
        self._leave(before)
        return True

    def sweep(self, held: Collection[str]) -> None:
        """Remove clips that no name means for a while, but for the digests that are *held*."""
        oldest = self._clock() - NAMELESS_SECONDS
        meant = {sound.clip.digest for sound in self.all()}
        with suppress(OSError):
            for path in [*self.folder.glob("*.sln"), *self.folder.glob("*.part")]:
                with suppress(OSError):
                    if path.stem in meant or path.stem in held or path.stat().st_mtime > oldest:
                        continue
                    path.unlink(missing_ok=True)

    def _read(self, name: str, entry: Path) -> Sound:
        said = json.loads(entry.read_text(encoding="utf-8"))
        path = self.folder / f"{said['digest']}.sln"
        size = path.stat().st_size
        clip = Clip(str(said["digest"]), path, _length(size), float(said["peak"]))
        return Sound(name, clip, size, float(said["added"]))

    def _entry(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _leave(self, before: Sound | None) -> None:
        """From now on its time runs, whenever it was made."""
        if before is not None:
            with suppress(OSError):
                os.utime(before.clip.path, (self._clock(), self._clock()))


def _length(size: int) -> Milliseconds:
    return Milliseconds(size * 1000 // BYTES_PER_SECOND)


def _check(name: str) -> None:
    if not is_sound_name(name):
        raise ValueError("a name is 1 to 80 of A-Z a-z 0-9 _ -")
