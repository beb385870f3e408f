"""Our own clips, for an Asterisk that shares no folder with us: `GET /clips/FOLDER/TICKET/FILE`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from aiohttp import hdrs, web

EXTENSION = ".sln"

_HEADERS = {
    # What a digest names never changes: Asterisk need not ask again while its address is good.
    hdrs.CACHE_CONTROL: "private, max-age=86400, immutable",
    hdrs.CONTENT_TYPE: "application/octet-stream",
    hdrs.X_CONTENT_TYPE_OPTIONS: "nosniff",
}


class Tickets(Protocol):
    """Who knows which addresses are ours."""

    def is_good(self, folder: str, digest: str, ticket: str) -> bool:
        """Whether *ticket* is one for that clip, and still is."""


class ClipFiles:
    """Hands out what a signed address names, and nothing else."""

    def __init__(self, tickets: Tickets, folders: Mapping[str, Path]) -> None:
        """*folders* by the name that they have in an address."""
        self._tickets = tickets
        self._folders = folders

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The clip; 404 for all that is not signed by us, or not any more."""
        folder, ticket, file = (request.match_info[part] for part in ("folder", "ticket", "file"))
        digest = file.removesuffix(EXTENSION)
        if folder not in self._folders or not self._tickets.is_good(folder, digest, ticket):
            raise web.HTTPNotFound
        return web.FileResponse(self._folders[folder] / f"{digest}{EXTENSION}", headers=_HEADERS)
