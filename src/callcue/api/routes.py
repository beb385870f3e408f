"""Every route there is, and the right it needs. There is no way in but by this table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from .answers_log import AnswersLog
from .bird.entrance import Entrance
from .bird.handlers import BirdApi, VisitHandler
from .bird.media import MediaApi
from .bird.sounds import SoundsApi
from .clips import ClipFiles
from .health import Health
from .openapi import operations
from .openapi.operation import Operation
from .openapi.served import Description
from .rights import Right
from .vicidial.elsewhere import OtherPaths
from .vicidial.handler import ApiPhp
from .vicidial.non_agent import NonAgentApi

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CALLS = "/workspaces/{workspaceId}/channels/{channelId}/calls"
CALL = CALLS + "/{callId}"
PLAYBACK = CALL + "/playback"

GET, POST, PUT = hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_PUT
DELETE = hdrs.METH_DELETE


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table."""

    method: str
    path: str
    right: Right
    handler: Handler
    operation: Operation | None = None
    """What it is to clients of the JSON API; None where it is not of that."""


def health_routes(health: Health) -> list[Route]:
    """For everybody."""
    return [
        Route(GET, "/health/live", Right.OPEN, health.live, operations.LIVE),
        Route(GET, "/health/ready", Right.OPEN, health.ready, operations.READY),
    ]


def description_routes(description: Description) -> list[Route]:
    """For everybody too: it says nothing of what is played here."""
    return [
        Route(GET, "/openapi.json", Right.OPEN, description.document, operations.DOCUMENT),
        Route(GET, "/docs", Right.OPEN, description.page, operations.PAGE),
    ]


def clip_routes(clips: ClipFiles) -> list[Route]:
    """For an Asterisk that shares no folder with us."""
    return [Route(GET, "/clips/{folder}/{ticket}/{file}", Right.SIGNED, clips.handle)]


def vicidial_routes(api: ApiPhp) -> list[Route]:
    """Below any prefix and with any tail, by any method: the dialect asks who it is itself."""
    path = "/{prefix:(?:.*/)?}agc/api.php{tail:(?:/.*)?}"
    return [Route(hdrs.METH_ANY, path, Right.API_USER, api.handle)]


def non_agent_routes(api: NonAgentApi) -> list[Route]:
    """As `vicidial_routes`, for VICIdial's other API."""
    path = "/{prefix:(?:.*/)?}vicidial/non_agent_api.php{tail:(?:/.*)?}"
    return [Route(hdrs.METH_ANY, path, Right.API_USER, api.handle)]


def operator_routes(log: AnswersLog) -> list[Route]:
    """For who runs callcue: an access key of any workspace, with the scope `operator`."""
    return [Route(GET, "/vicidial/log", Right.OPERATOR, log.handle, operations.LOG)]


def upstream_routes(pages: OtherPaths) -> list[Route]:
    """The other pages of VICIdial; to be added last, so that ours go before them.

    aiohttp asks routes with a fixed beginning first, whatever their order; so this one has none.
    """
    path = "/{page:(?:agc|vicidial)/.*}"
    return [Route(hdrs.METH_ANY, path, Right.UPSTREAM, pages.handle)]


def bird_routes(api: BirdApi, entrance: Entrance) -> list[Route]:
    """Each lets in by its right before anything else is looked at."""

    def route(
        method: str, path: str, right: Right, handler: VisitHandler, operation: Operation
    ) -> Route:
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(entrance.admit(request, right), request)

        return Route(method, path, right, guarded, operation)

    read, write = Right.CALLS_READ, Right.PLAYBACK_WRITE
    playback_by_id = "/workspaces/{workspaceId}/playbacks/{playbackId}"
    return [  # aiohttp tries them in this order: what is in a hurry comes first
        route(POST, PLAYBACK, write, api.play, operations.PLAY),
        route(DELETE, PLAYBACK, write, api.stop, operations.DELETE),
        route(POST, PLAYBACK + "/stop", write, api.stop, operations.STOP),
        route(POST, PLAYBACK + "/pause", write, api.pause, operations.PAUSE),
        route(POST, PLAYBACK + "/resume", write, api.resume, operations.RESUME),
        route(POST, PLAYBACK + "/restart", write, api.restart, operations.RESTART),
        route(POST, PLAYBACK + "/seek", write, api.seek, operations.SEEK),
        route(POST, PLAYBACK + "/volume", write, api.volume, operations.VOLUME),
        route(GET, PLAYBACK, read, api.show, operations.SHOW),
        route(GET, CALLS, read, api.list_calls, operations.LIST_CALLS),
        route(GET, CALL, read, api.show_call, operations.SHOW_CALL),
        route(GET, playback_by_id, read, api.show_playback, operations.SHOW_PLAYBACK),
    ]


def media_routes(api: MediaApi, entrance: Entrance) -> list[Route]:
    """Media before it is played."""

    def route(path: str, handler: VisitHandler, operation: Operation) -> Route:
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(entrance.admit(request, Right.MEDIA_WRITE), request)

        return Route(POST, path, Right.MEDIA_WRITE, guarded, operation)

    media = "/workspaces/{workspaceId}/media"
    return [
        route(media + "/prefetch", api.prefetch, operations.PREFETCH),
        route(media + "/check", api.check, operations.CHECK),
    ]


def sound_routes(api: SoundsApi) -> list[Route]:
    """The audio store; of no workspace."""
    sounds, sound = "/sounds", "/sounds/{name}"
    return [
        Route(GET, sounds, Right.CALLS_READ, api.list_sounds, operations.LIST_SOUNDS),
        Route(GET, sound, Right.CALLS_READ, api.show_sound, operations.SHOW_SOUND),
        Route(PUT, sound, Right.MEDIA_WRITE, api.put_sound, operations.PUT_SOUND),
        Route(DELETE, sound, Right.MEDIA_WRITE, api.delete_sound, operations.DELETE_SOUND),
    ]


def add(app: web.Application, routes: list[Route]) -> None:
    """Put the table into the app."""
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
