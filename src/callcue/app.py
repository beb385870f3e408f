"""Wires everything together. It, `app_vicidial` and `app_media` alone know all the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from aiohttp import web

from callcue import __version__
from callcue.api import routes
from callcue.api.address import ClientAddress
from callcue.api.answers_log import AnswersLog
from callcue.api.bird.calls import LiveCalls
from callcue.api.bird.entrance import Entrance
from callcue.api.bird.envelope import envelope
from callcue.api.bird.handlers import BirdApi
from callcue.api.bird.media import MediaApi
from callcue.api.bird.playbacks import Playbacks
from callcue.api.bird.sounds import SoundsApi
from callcue.api.bird.workspaces import Channel, Workspace, Workspaces
from callcue.api.clips import ClipFiles
from callcue.api.health import Health, Readiness
from callcue.api.keys import AccessKey, AccessKeys
from callcue.api.lockout import Lockout
from callcue.api.openapi.document import document
from callcue.api.openapi.served import Description
from callcue.api.requests import request_log
from callcue.api.rights import Right
from callcue.app_media import delivery_to, media_parts, running
from callcue.app_vicidial import add_vicidial, room_context, vicidial_database
from callcue.asterisk.server import AsteriskAddress
from callcue.core.controller import Controller
from callcue.core.ports import Ledger, MediaLibrary, Server
from callcue.core.session import Limits
from callcue.core.types import Missing as MissingItem
from callcue.media.sounds import Missing
from callcue.settings import Settings
from callcue.settings.tables import Asterisk
from callcue.settings.tls import tls_context
from callcue.store.answers import Retention
from callcue.store.store import Store

LARGEST_BODY = 1024 * 1024


class Telephony(Server, Protocol):
    """One Asterisk, as `callcue.asterisk.server` has it; tests have their own."""

    def report_to(self, controller: Controller) -> None:
        """Name the one who is told what happens."""

    def stock(self, wrapped: Callable[[MediaLibrary, Missing], MediaLibrary]) -> None:
        """Play more than its own sounds: *wrapped* makes of these what there is instead."""

    def join_rooms_by(self, context: Callable[[str], Awaitable[str]]) -> None:
        """Get into rooms by VICIdial's own dialplan, in the context that this says."""

    async def run(self) -> None:
        """Keep the link up until cancelled."""

    def readiness(self) -> Readiness:
        """Whether it is."""


_MISSING = {"end": MissingItem.ENDS, "skip": MissingItem.SKIPPED}

CONTROLLER: web.AppKey[Controller] = web.AppKey("controller", Controller)
"""The one door to the sessions."""


def asterisk_addresses(settings: Settings) -> list[AsteriskAddress]:
    """What the Asterisk side needs to know of the settings, for each that they name.

    Raises:
        SettingsError: the CA file is of no use.

    """
    return [_asterisk_address(settings, asterisk) for asterisk in settings.asterisk]


def _asterisk_address(settings: Settings, asterisk: Asterisk) -> AsteriskAddress:
    return AsteriskAddress(
        name=asterisk.name,
        host=asterisk.host,
        port=asterisk.port,
        username=asterisk.username,
        secret=asterisk.secret.get_secret_value(),
        tls=tls_context(asterisk.tls_ca, "asterisk.tls_ca") if asterisk.tls else None,
        ignore=settings.calls.ignore_channels,
        agents=settings.agents_of(asterisk.name),
        agent_channels=settings.calls.agent_channels,
        resumable=settings.calls.resumable_applications,
        bound_seconds=settings.playback.bound_seconds,
        hold_seconds=settings.playback.hold_seconds,
    )


def make_store(settings: Settings) -> Store:
    """The store of the settings. Nothing is opened yet."""
    kept = settings.store
    return Store(settings.store_url, Retention(days=kept.record_days, rows=kept.record_rows))


def make_app(
    settings: Settings,
    servers: Sequence[Telephony],
    ledger: Ledger,
    limits: Limits | None = None,
    store: Store | None = None,
) -> web.Application:
    """The service, ready to be served. It runs *servers* for as long as it is up itself.

    Without a *store* one in memory.
    """
    store = store or Store()
    media = media_parts(settings)
    for server, asterisk in zip(servers, settings.asterisk, strict=True):
        server.stock(media.stock(delivery_to(asterisk, settings, media)))
    limits = replace(limits or Limits(), missing=_MISSING[settings.media.missing])
    controller = Controller(servers=servers, ledger=ledger, limits=limits)
    for server in servers:
        server.report_to(controller)
    lockout = Lockout(keeper=store.logins)
    address = ClientAddress(settings.http.trusted_proxies)
    app = web.Application(
        middlewares=[request_log, envelope],
        client_max_size=LARGEST_BODY,
        # What is passed on must stay as it came; and no small body becomes a large one in here.
        handler_args={"auto_decompress": False},
    )
    if media.urls is not None:
        routes.add(app, routes.clip_routes(ClipFiles(media.urls, media.folders)))
    workspaces = Workspaces(_workspaces(settings))
    entrance = Entrance(AccessKeys(_keys(settings), lockout), workspaces, address)
    database = vicidial_database(app, settings)
    if settings.vicidial.join == "dialplan":
        for server in servers:
            server.join_rooms_by(room_context(settings, database))
    description = Description()
    json_api = [
        *_bird_routes(settings, controller, entrance, workspaces),
        *routes.media_routes(MediaApi(media.lookup(servers)), entrance),
        *routes.sound_routes(SoundsApi(media.store, entrance)),
        *routes.health_routes(Health(_readiness_of(servers), __version__)),
        *routes.description_routes(description),
    ]
    if settings.vicidial.enabled:
        json_api += routes.operator_routes(AnswersLog(store.answers, entrance))
    routes.add(app, json_api)
    description.publish(document(json_api, __version__))
    if settings.vicidial.enabled:
        add_vicidial(app, settings, controller, store, lockout, address, database)
    app[CONTROLLER] = controller
    app.cleanup_ctx.append(running(media))
    app.cleanup_ctx.append(_kept(store, lockout))
    app.cleanup_ctx.append(_running(servers))
    return app


def _bird_routes(
    settings: Settings,
    controller: Controller,
    entrance: Entrance,
    workspaces: Workspaces,
) -> list[routes.Route]:
    calls = LiveCalls(controller, workspaces, servers=settings.servers)
    endless = settings.playback.loop_zero == "until_stopped"
    playbacks = Playbacks(controller, calls, zero_rounds=None if endless else 1)
    return routes.bird_routes(BirdApi(calls, playbacks), entrance)


def _workspaces(settings: Settings) -> list[Workspace]:
    return [
        Workspace(
            workspace.id,
            {
                channel.id: Channel(
                    channel.id,
                    channel.server,
                    channel.contexts,
                    channel.endpoints,
                    channel.numbers,
                )
                for channel in workspace.channels
            },
        )
        for workspace in settings.workspaces
    ]


def _keys(settings: Settings) -> list[AccessKey]:
    return [
        AccessKey(
            name=key.name,
            workspace=workspace.id,
            digest=key.sha256.get_secret_value(),
            scopes=frozenset(Right(scope) for scope in key.scopes),
        )
        for workspace in settings.workspaces
        for key in workspace.keys
    ]


def _readiness_of(servers: Sequence[Telephony]) -> Callable[[], dict[str, Readiness]]:
    return lambda: {server.name: server.readiness() for server in servers}


TELEPHONY: web.AppKey[asyncio.Future[list[None]]] = web.AppKey("asterisk side", asyncio.Future)
"""What runs the Asterisk side. It never ends by itself but by a fault of ours."""


def _kept(store: Store, lockout: Lockout) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(_: web.Application) -> AsyncIterator[None]:
        await store.start(lockout)
        yield
        await store.stop()

    return context


def _running(servers: Sequence[Telephony]) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(app: web.Application) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(server.run(), name=f"asterisk {server.name}") for server in servers
        ]
        app[TELEPHONY] = asyncio.gather(*tasks)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, app[TELEPHONY], return_exceptions=True)

    return context
