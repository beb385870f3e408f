"""Every route there is, and the right it needs. There is no way in but by this table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from .answers_log import AnswersLog
from .bird.entrance import Entrance
from .bird.handlers import BirdApi, VisitHandler
from .health import Health
from .rights import Right
from .vicidial.elsewhere import OtherPaths
from .vicidial.handler import ApiPhp
from .vicidial.non_agent import NonAgentApi

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CALLS = "/workspaces/{workspaceId}/channels/{channelId}/calls"
CALL = CALLS + "/{callId}"
PLAYBACK = CALL + "/playback"

GET, POST, DELETE = hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_DELETE


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table."""

    method: str
    path: str
    right: Right
    handler: Handler


def health_routes(health: Health) -> list[Route]:
    """For everybody."""
    return [
        Route(GET, "/health/live", Right.OPEN, health.live),
        Route(GET, "/health/ready", Right.OPEN, health.ready),
    ]


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
    return [Route(GET, "/vicidial/log", Right.OPERATOR, log.handle)]


def upstream_routes(pages: OtherPaths) -> list[Route]:
    """The other pages of VICIdial; to be added last, so that ours go before them.

    aiohttp asks routes with a fixed beginning first, whatever their order; so this one has none.
    """
    path = "/{page:(?:agc|vicidial)/.*}"
    return [Route(hdrs.METH_ANY, path, Right.UPSTREAM, pages.handle)]


def bird_routes(api: BirdApi, entrance: Entrance) -> list[Route]:
    """Each lets in by its right before anything else is looked at."""

    def route(method: str, path: str, right: Right, handler: VisitHandler) -> Route:
        async def guarded(request: web.Request) -> web.StreamResponse:
            return await handler(entrance.admit(request, right), request)

        return Route(method, path, right, guarded)

    read, write = Right.CALLS_READ, Right.PLAYBACK_WRITE
    return [  # aiohttp tries them in this order: what is in a hurry comes first
        route(POST, PLAYBACK, write, api.play),
        route(DELETE, PLAYBACK, write, api.stop),
        route(POST, PLAYBACK + "/stop", write, api.stop),
        route(POST, PLAYBACK + "/pause", write, api.pause),
        route(POST, PLAYBACK + "/resume", write, api.resume),
        route(POST, PLAYBACK + "/restart", write, api.restart),
        route(POST, PLAYBACK + "/seek", write, api.seek),
        route(POST, PLAYBACK + "/volume", write, api.volume),
        route(GET, PLAYBACK, read, api.show),
        route(GET, CALLS, read, api.list_calls),
        route(GET, CALL, read, api.show_call),
        route(GET, "/workspaces/{workspaceId}/playbacks/{playbackId}", read, api.show_playback),
    ]


def add(app: web.Application, routes: list[Route]) -> None:
    """Put the table into the app."""
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
