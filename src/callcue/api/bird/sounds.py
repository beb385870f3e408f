"""The audio store over HTTP: an operator's own clips, by their names."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from callcue.api.rights import Right
from callcue.core.errors import ClipFailed
from callcue.core.ports import AudioStore, StoredSound
from callcue.media.names import LONGEST_NAME, is_sound_name

from . import refusals
from .entrance import Entrance
from .models import NoQuery, SoundPageQuery


class SoundsApi:
    """Lists, shows, takes and removes clips. They belong to no workspace."""

    def __init__(self, store: AudioStore, entrance: Entrance) -> None:
        self._store = store
        self._entrance = entrance

    async def list_sounds(self, request: web.Request) -> web.Response:
        """GET /sounds"""
        self._entrance.scope(request, Right.CALLS_READ)
        query = SoundPageQuery.of_request(request)
        found = [sound for sound in self._store.sounds() if sound.name > query.pageToken]
        page = found[: query.limit]
        token = page[-1].name if len(found) > len(page) else None
        return web.json_response({"results": [view(one) for one in page], "nextPageToken": token})

    async def show_sound(self, request: web.Request) -> web.Response:
        """GET /sounds/{name}"""
        self._entrance.scope(request, Right.CALLS_READ)
        NoQuery.of_request(request)
        sound = self._store.sound(request.match_info["name"])
        if sound is None:
            raise refusals.not_found("sound")
        return web.json_response(view(sound))

    async def put_sound(self, request: web.Request) -> web.Response:
        """PUT /sounds/{name}: the body is the file itself."""
        self._entrance.scope(request, Right.MEDIA_WRITE)
        NoQuery.of_request(request)
        name = request.match_info["name"]
        if not is_sound_name(name):
            why = f"must be 1 to {LONGEST_NAME} of A-Z a-z 0-9 _ -"
            raise refusals.invalid({"$path.name": [why]})
        known = self._store.sound(name) is not None
        try:
            # However large: the store says where it ends, and nothing of it is kept in memory.
            sound = await self._store.add(name, request.content.iter_chunked(64 * 1024))
        except ClipFailed as error:
            raise refusals.invalid({"$body": [error.why]}) from None
        except (web.RequestPayloadError, ConnectionError):  # the second: the client has gone
            raise refusals.invalid({"$body": ["it did not arrive whole"]}) from None
        return web.json_response(view(sound), status=200 if known else 201)

    async def delete_sound(self, request: web.Request) -> web.Response:
        """DELETE /sounds/{name}"""
        self._entrance.scope(request, Right.MEDIA_WRITE)
        NoQuery.of_request(request)
        if not await self._store.remove(request.match_info["name"]):
            raise refusals.not_found("sound")
        return web.Response(status=204)


def view(sound: StoredSound) -> dict[str, Any]:
    """A clip of the audio store, as JSON has it."""
    return {
        "name": sound.name,
        "lengthMilliseconds": sound.length,
        "peak": round(sound.peak, 4),
        "checksum": f"sha256:{sound.digest}",
        "bytes": sound.bytes,
        "addedAt": datetime.fromtimestamp(sound.added, UTC).isoformat(timespec="seconds"),
    }
