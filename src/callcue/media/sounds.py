"""The sounds that Asterisk carries itself, by their names, remembered for a while."""

import time
from collections.abc import Awaitable, Callable, Collection, Sequence

from callcue.core.errors import ClipNotFound
from callcue.core.types import Milliseconds, SoundName

REMEMBER_FOUND = 600.0
"""Seconds a sound is taken to be there still. When it turns out not to be, it is forgotten."""

REMEMBER_MISSING = 1.0
"""Seconds a missing sound is not asked for again: long enough for a burst, short for a person."""

REMEMBERED = 10_000

Missing = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Which of these sounds Asterisk cannot play."""


class AsteriskSounds:
    """Implements `callcue.core.ports.MediaLibrary` for names of sounds."""

    def __init__(self, missing: Missing, *, clock: Callable[[], float] = time.monotonic) -> None:
        """*missing* asks Asterisk."""
        self._missing = missing
        self._clock = clock
        self._known: dict[str, tuple[bool, float]] = {}
        """Name to: whether it is there, and until when that is believed."""

    async def check(self, media: Sequence[str]) -> None:
        """Raise for the first name that Asterisk has no sound of; see `MediaLibrary.check`."""
        now = self._clock()
        unsure = [name for name in dict.fromkeys(media) if self._until(name) <= now]
        missing = await self._missing(unsure) if unsure else set()
        for name in unsure:
            self._remember(name, name not in missing)
        for index, name in enumerate(media):
            if name in missing or not self._known.get(name, (True, 0.0))[0]:
                raise ClipNotFound(index, name)

    async def prepare(self, media: str) -> SoundName:
        """The same name: Asterisk has it already."""
        await self.check([media])
        return SoundName(media)

    def forget(self, media: Sequence[str]) -> None:
        """Ask anew next time."""
        for name in media:
            self._known.pop(name, None)

    def length(self, clip: SoundName) -> Milliseconds | None:  # noqa: ARG002
        """Asterisk does not say."""
        return None

    def retain(self, clips: Collection[SoundName]) -> None:
        """Asterisk keeps its own sounds anyway."""

    def release(self, clips: Collection[SoundName]) -> None:
        """Asterisk keeps its own sounds anyway."""

    def _until(self, name: str) -> float:
        return self._known[name][1] if name in self._known else 0.0

    def _remember(self, name: str, found: bool) -> None:
        while len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        span = REMEMBER_FOUND if found else REMEMBER_MISSING
        self._known[name] = (found, self._clock() + span)
