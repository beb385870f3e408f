"""Every route there is, and the right it needs. There is no way in but by this table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import hdrs, web

from .answers_log import AnswersLog
from .bird.entrance import Entrance
from .bird.handlers import BirdApi, VisitHandler
from .bird.idempotency import Idempotency
from .bird.media import MediaApi
from .bird.sounds import SoundsApi
from .bird.streams import EventStreams, StreamHandler
from .bird.webhooks import WebhooksApi
from .clips import ClipFiles
from .health import Health
from .metrics import MetricsPage
from .openapi import operations
from .openapi.operation import Operation
from .openapi.served import Description
from .rights import Right
from .vicidial.elsewhere import OtherPaths
from .vicidial.handler import ApiPhp
from .vicidial.non_agent import NonAgentApi

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORKSPACE = "/workspaces/{workspaceId}"
CALLS = WORKSPACE + "/channels/{channelId}/calls"
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
    takes_key: bool = False
    """With an `Idempotency-Key` it is done once, however often it is asked."""


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


def metrics_routes(page: MetricsPage) -> list[Route]:
    """For Prometheus; no part of the JSON API."""
    return [Route(GET, "/metrics", Right.HERE_OR_OPERATOR, page.handle)]


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


def _visited(
    entrance: Entrance,
    idempotency: Idempotency,
    method: str,
    path: str,
    right: Right,
    handler: VisitHandler,
    operation: Operation,
    *,
    stops: bool = False,
) -> Route:
    """One below a workspace: it lets in by its right before anything else is looked at.

    *stops*: it ends what plays, and is refused last when its key asks too often.
    """
    if method == GET:

        async def looks(request: web.Request) -> web.StreamResponse:
            return await handler(entrance.admit(request, right), request)

        return Route(method, path, right, looks, operation)

    async def changes(request: web.Request) -> web.StreamResponse:
        visit = entrance.admit(request, right, stops=stops)
        return await idempotency.answer(visit, request, handler)

    return Route(method, path, right, changes, operation, takes_key=True)


def bird_routes(
    api: BirdApi, streams: EventStreams, entrance: Entrance, idempotency: Idempotency
) -> list[Route]:
    """Calls and their playbacks."""
    route = partial(_visited, entrance, idempotency)
    read, write = Right.CALLS_READ, Right.PLAYBACK_WRITE
    playback_by_id = WORKSPACE + "/playbacks/{playbackId}"
    return [  # aiohttp tries them in this order: what is in a hurry comes first
        route(POST, PLAYBACK, write, api.play, operations.PLAY),
        route(DELETE, PLAYBACK, write, api.stop, operations.DELETE, stops=True),
        route(POST, PLAYBACK + "/stop", write, api.stop, operations.STOP, stops=True),
        route(POST, PLAYBACK + "/pause", write, api.pause, operations.PAUSE),
        route(POST, PLAYBACK + "/resume", write, api.resume, operations.RESUME),
        route(POST, PLAYBACK + "/restart", write, api.restart, operations.RESTART),
        route(POST, PLAYBACK + "/seek", write, api.seek, operations.SEEK),
        route(POST, PLAYBACK + "/volume", write, api.volume, operations.VOLUME),
        route(GET, PLAYBACK, read, api.show, operations.SHOW),
        route(POST, WORKSPACE + "/playbacks", write, api.play_many, operations.PLAY_MANY),
        route(
            POST, WORKSPACE + "/playback/stop", write, api.stop_all, operations.STOP_ALL, stops=True
        ),
        route(GET, CALLS, read, api.list_calls, operations.LIST_CALLS),
        route(GET, CALL, read, api.show_call, operations.SHOW_CALL),
        route(GET, playback_by_id, read, api.show_playback, operations.SHOW_PLAYBACK),
        _stream(entrance, CALL + "/events", streams.of_call, operations.CALL_EVENTS),
        _stream(entrance, WORKSPACE + "/events", streams.of_workspace, operations.EVENTS),
    ]


def _stream(entrance: Entrance, path: str, handler: StreamHandler, operation: Operation) -> Route:
    """One that answers for as long as somebody listens."""
    right = Right.CALLS_READ

    async def listens(request: web.Request) -> web.StreamResponse:
        return await handler(entrance.admit(request, right), request)

    return Route(GET, path, right, listens, operation)


def media_routes(api: MediaApi, entrance: Entrance, idempotency: Idempotency) -> list[Route]:
    """Media before it is played."""
    route, right = partial(_visited, entrance, idempotency, POST), Right.MEDIA_WRITE
    media = WORKSPACE + "/media"
    return [
        route(media + "/prefetch", right, api.prefetch, operations.PREFETCH),
        route(media + "/check", right, api.check, operations.CHECK),
    ]


def webhook_routes(api: WebhooksApi, entrance: Entrance, idempotency: Idempotency) -> list[Route]:
    """Where events are sent."""
    visited, right = partial(_visited, entrance, idempotency), Right.WEBHOOKS_WRITE
    webhooks = WORKSPACE + "/webhooks"
    webhook = webhooks + "/{webhookId}"
    dead, again = webhook + "/dead-letters", webhook + "/dead-letters/replay"
    return [
        visited(POST, webhooks, right, api.make, operations.MAKE_WEBHOOK),
        visited(GET, webhooks, right, api.list_webhooks, operations.LIST_WEBHOOKS),
        visited(GET, webhook, right, api.show, operations.SHOW_WEBHOOK),
        visited(DELETE, webhook, right, api.remove, operations.REMOVE_WEBHOOK),
        visited(POST, webhook + "/secret", right, api.rotate, operations.ROTATE_SECRET),
        visited(GET, dead, right, api.list_dead, operations.LIST_DEAD_LETTERS),
        visited(POST, again, right, api.replay, operations.REPLAY_DEAD_LETTERS),
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
