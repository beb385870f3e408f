"""The sounds there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from callcue.core.errors import CallcueError, ClipFailed, ClipNotFound
from callcue.core.types import Milliseconds, SoundName


@dataclass
class FakeMedia:
    """Implements `callcue.core.ports.MediaLibrary`; *refuse* raises from every question."""

    sounds: set[str] = field(default_factory=lambda: {"ss-noservice", "vm-goodbye", "hello_1"})
    refuse: CallcueError | None = None
    asked: list[str] = field(default_factory=list)
    """Every name it was ever asked for."""
    forgotten: list[str] = field(default_factory=list)
    unfetchable: set[str] = field(default_factory=set)
    """Those that nobody can refuse beforehand, and that cannot be had all the same."""
    released: list[str] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    lengths: dict[str, Milliseconds] = field(default_factory=dict)

    async def check(self, media: Sequence[str]) -> None:
        self.asked.extend(media)
        if self.refuse is not None:
            raise self.refuse
        for index, name in enumerate(media):
            if name not in self.sounds:
                raise ClipNotFound(index, name)

    async def prepare(self, media: str) -> SoundName:
        await self.check([media])
        if media in self.unfetchable:
            raise ClipFailed(0, media, "too large")
        return SoundName(media)

    def length(self, clip: SoundName) -> Milliseconds | None:
        return self.lengths.get(clip)

    def retain(self, clips: Collection[SoundName]) -> None:
        self.retained.extend(sorted(clips))

    def release(self, clips: Collection[SoundName]) -> None:
        self.released.extend(sorted(clips))

    def forget(self, media: Sequence[str]) -> None:
        self.forgotten.extend(media)
