"""Media before it is played: fetched ahead, or only looked at."""

import asyncio
from typing import Any

from aiohttp import web

from callcue.core.errors import ClipFailed
from callcue.core.ports import MediaLookup

from .body import json_object
from .entrance import Visit
from .models import SOUND, MediaBody, NoQuery


class MediaApi:
    """Looks at media for those who will play it."""

    def __init__(self, lookup: MediaLookup) -> None:
        self._lookup = lookup

    async def prefetch(self, _: Visit, request: web.Request) -> web.Response:
        """POST /workspaces/{w}/media/prefetch: 202, and it is fetched."""
        media = await self._media(request)
        self._lookup.fetch_ahead(media)
        return web.json_response({"accepted": len(media)}, status=202)

    async def check(self, _: Visit, request: web.Request) -> web.Response:
        """POST /workspaces/{w}/media/check: what would become of each item."""
        media = await self._media(request)
        looked = {name: asyncio.ensure_future(self._look(name)) for name in dict.fromkeys(media)}
        try:
            found = {name: await looking for name, looking in looked.items()}
        finally:
            for looking in looked.values():
                looking.cancel()
        return web.json_response({"results": [found[name] for name in media]})

    async def _media(self, request: web.Request) -> list[str]:
        NoQuery.of_request(request)
        body = MediaBody.of(await json_object(request))
        return [media.removeprefix(SOUND) for media in body.media]

    async def _look(self, media: str) -> dict[str, Any]:
        try:
            length, why = await self._lookup.look(media), None
        except ClipFailed as error:
            length, why = None, error.why
        return {"playable": why is None, "lengthMilliseconds": length, "why": why}
