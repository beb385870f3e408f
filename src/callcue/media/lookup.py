"""What would become of media, before anybody is to hear it."""

import asyncio
from collections.abc import Callable, Sequence

from callcue.core.errors import AsteriskUnavailable, ClipFailed, TooManyCommands
from callcue.core.ports import MediaLibrary
from callcue.core.types import Milliseconds

from .failures import MediaFailed
from .names import is_url
from .pipeline import Pipeline
from .shelf import Shelf

MOST_AHEAD = 1000
"""URLs that are fetched ahead at once."""


class Lookup:
    """Implements `callcue.core.ports.MediaLookup`."""

    def __init__(
        self, shelf: Shelf, pipeline: Pipeline, libraries: Callable[[], Sequence[MediaLibrary]]
    ) -> None:
        """*libraries*: of each Asterisk there is now."""
        self._shelf = shelf
        self._pipeline = pipeline
        self._libraries = libraries
        self._ahead: set[asyncio.Task[None]] = set()

    async def look(self, media: str) -> Milliseconds | None:
        """See `MediaLookup.look`."""
        if is_url(media):
            try:
                return (await self._pipeline.clip(media)).length
            except MediaFailed as failed:
                raise ClipFailed(0, media, failed.in_words()) from None
        sound = self._shelf.get(media)
        if sound is not None:
            return sound.clip.length
        await self._ask_every_asterisk(media)
        return None

    def fetch_ahead(self, media: Sequence[str]) -> None:
        """See `MediaLookup.fetch_ahead`. A name need not be fetched."""
        urls = [url for url in dict.fromkeys(media) if is_url(url)]
        if len(self._ahead) + len(urls) > MOST_AHEAD:
            raise TooManyCommands(f"{len(self._ahead)} URLs are being fetched")
        for url in urls:
            task = asyncio.create_task(self._fetch(url))
            self._ahead.add(task)
            task.add_done_callback(self._ahead.discard)

    async def _fetch(self, url: str) -> None:
        try:
            await self._pipeline.clip(url)
        except MediaFailed:
            return  # who plays it is told

    async def _ask_every_asterisk(self, media: str) -> None:
        """Those that are there must all have it."""
        away: AsteriskUnavailable | None = None
        asked = 0
        for library in self._libraries():
            try:
                await library.check([media])
                asked += 1
            except AsteriskUnavailable as error:
                away = error
        if away is not None and not asked:
            raise away
