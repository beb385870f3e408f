"""What clients name, as one Asterisk plays it: the audio store, Asterisk's own sounds, URLs."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from callcue.core.errors import ClipFailed, ClipNotFound
from callcue.core.ports import MediaLibrary
from callcue.core.types import Milliseconds, SoundName
from callcue.outward.failures import NotReached
from callcue.outward.urls import read_url

from .clips import Clip
from .delivery import Delivery
from .failures import MediaFailed
from .holding import Held
from .names import is_url
from .pipeline import Pipeline
from .shelf import Shelf

Fetched = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Which of these clips that Asterisk could not fetch from us."""


class Library:
    """Implements `callcue.core.ports.MediaLibrary` for one Asterisk.

    A name is one of the audio store, else one of Asterisk's own. What is handed out is held, and
    stays until it is released.
    """

    def __init__(
        self,
        own: MediaLibrary,
        shelf: Shelf,
        pipeline: Pipeline,
        delivery: Delivery,
        held: Held,
        missing: Fetched,
    ) -> None:
        """*own*: Asterisk's own sounds; *missing*: asks that Asterisk."""
        self._own = own
        self._shelf = shelf
        self._pipeline = pipeline
        self._delivery = delivery
        self._held = held
        self._missing = missing

    async def check(self, media: Sequence[str]) -> None:
        """See `MediaLibrary.check`. What a URL leads to is only known when it is fetched."""
        for index, name in enumerate(media):
            if is_url(name):
                try:
                    read_url(name)
                except NotReached as failed:
                    raise _as_clip_failed(index, name, failed) from None
        others = {n: i for i, n in reversed([*enumerate(media)]) if not self._is_ours(n)}
        if others:
            try:
                await self._own.check(list(others))
            except ClipNotFound as error:
                raise ClipNotFound(others[error.media], error.media) from None

    async def prepare(self, media: str) -> SoundName:
        """See `MediaLibrary.prepare`."""
        if is_url(media):
            try:
                clip = await self._pipeline.clip(media)
            except MediaFailed as failed:
                raise _as_clip_failed(0, media, failed) from None
        else:
            sound = self._shelf.get(media)
            if sound is None:
                return await self._own.prepare(media)
            clip = sound.clip
        name = self._delivery.name(clip)
        self._held.hold(name, clip)
        if self._delivery.needs_fetching:
            await self._fetched(media, name)
        return name

    async def _fetched(self, media: str, name: SoundName) -> None:
        try:
            if await self._missing([name]):
                raise ClipFailed(0, media, "Asterisk could not fetch it from this service")
        except BaseException:
            self._held.release(name)
            raise

    def forget(self, media: Sequence[str]) -> None:
        """See `MediaLibrary.forget`."""
        self._own.forget([name for name in media if not self._is_ours(name)])

    def release(self, clips: Collection[SoundName]) -> None:
        """See `MediaLibrary.release`."""
        for name in clips:
            self._held.release(name)

    def length(self, clip: SoundName) -> Milliseconds | None:
        """See `MediaLibrary.length`. None also of one that is kept no more."""
        found = self._clip_of(clip)
        return None if found is None else found.length

    def retain(self, clips: Collection[SoundName]) -> None:
        """See `MediaLibrary.retain`."""
        for name in clips:
            clip = self._clip_of(name)
            if clip is not None:
                self._held.hold(name, clip)

    def _clip_of(self, name: SoundName) -> Clip | None:
        digest = name.rpartition("/")[2].removesuffix(".sln")
        return self._held.cached(digest) or self._shelf.clip(digest)

    def _is_ours(self, media: str) -> bool:
        return is_url(media) or self._shelf.get(media) is not None


def _as_clip_failed(index: int, media: str, failed: MediaFailed | NotReached) -> ClipFailed:
    return ClipFailed(index, media, failed.in_words())
