"""Wires everything together. It and the other `app_` modules alone know all the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from aiohttp import web

from callcue import __version__
from callcue.api import routes
from callcue.api.address import ClientAddress
from callcue.api.answers_log import AnswersLog
from callcue.api.bird.calls import LiveCalls
from callcue.api.bird.entrance import Entrance
from callcue.api.bird.envelope import envelope
from callcue.api.bird.handlers import BirdApi
from callcue.api.bird.idempotency import Idempotency
from callcue.api.bird.journal import Journal
from callcue.api.bird.many import ManyCalls
from callcue.api.bird.media import MediaApi
from callcue.api.bird.playbacks import Playbacks
from callcue.api.bird.sounds import SoundsApi
from callcue.api.bird.streams import EventStreams
from callcue.api.bird.webhooks import WebhooksApi
from callcue.api.bird.workspaces import Channel, Workspace, Workspaces
from callcue.api.clips import ClipFiles
from callcue.api.counts import CommandCount
from callcue.api.doorman import DoorLimits, Doorman
from callcue.api.health import Health, Readiness
from callcue.api.keys import AccessKey, AccessKeys, FixedKeys
from callcue.api.lockout import Lockout
from callcue.api.metrics import MetricsPage
from callcue.api.openapi.document import document
from callcue.api.openapi.served import Description
from callcue.api.rates import Paces, Rate, Rates
from callcue.api.requests import request_log
from callcue.api.rights import Right
from callcue.app_deliveries import allowed_receivers, delivering, delivery_limits
from callcue.app_media import delivery_to, media_parts, running
from callcue.app_receivers import receiver_check
from callcue.app_vicidial import add_vicidial, room_context, vicidial_database
from callcue.asterisk.server import AsteriskAddress, AsteriskServer
from callcue.asterisk.server import Readiness as ServerReadiness
from callcue.core.controller import Controller
from callcue.core.limits import Limits
from callcue.core.ports import Ledger
from callcue.core.refusals import Refusals
from callcue.core.types import Missing as MissingItem
from callcue.events.event import EventsOutOfReach
from callcue.events.streams import Streams
from callcue.fleet import Fleet
from callcue.metrics.metrics import Metrics
from callcue.outward.addresses import Resolve
from callcue.reloading import Heed, Reloader
from callcue.settings import Settings
from callcue.settings.tables import Asterisk
from callcue.settings.tls import tls_context
from callcue.steps import LoggedSteps
from callcue.store.answers import Retention
from callcue.store.store import Store
from callcue.telephony import Telephony

LARGEST_BODY = 1024 * 1024


_MISSING = {"end": MissingItem.ENDS, "skip": MissingItem.SKIPPED}

CONTROLLER: web.AppKey[Controller] = web.AppKey("controller", Controller)
"""The one door to the sessions."""
DOORMAN: web.AppKey[Doorman] = web.AppKey("doorman", Doorman)
"""Who lets connections in."""
REFUSALS: web.AppKey[Refusals] = web.AppKey("refusals", Refusals)
"""How often which bound was reached."""
STREAMS: web.AppKey[Streams] = web.AppKey("streams", Streams)
"""Who listens to events now."""

RELOADER: web.AppKey[Reloader] = web.AppKey("reloader", Reloader)
"""Who takes other settings over while it runs."""


def asterisk_addresses(settings: Settings) -> list[AsteriskAddress]:
    """What the Asterisk side needs to know of the settings, for each that they name.

    Raises:
        SettingsError: the CA file is of no use.

    """
    return [asterisk_address(settings, asterisk) for asterisk in settings.asterisk]


def asterisk_address(settings: Settings, asterisk: Asterisk) -> AsteriskAddress:
    """The same for one of them.

    Raises:
        SettingsError: the CA file is of no use.

    """
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
        tags=settings.calls.tags,
        resumable=settings.calls.resumable_applications,
        bound_seconds=settings.playback.bound_seconds,
        hold_seconds=settings.playback.hold_seconds,
    )


def make_store(settings: Settings) -> Store:
    """The store of the settings. Nothing is opened yet."""
    kept = settings.store
    return Store(
        settings.store_url,
        Retention(days=kept.record_days, rows=kept.record_rows),
        history_seconds=kept.history_hours * 3600,
        deliveries=delivery_limits(settings.webhooks),
    )


def make_app(
    settings: Settings,
    servers: Sequence[Telephony],
    ledger: Ledger,
    limits: Limits | None = None,
    store: Store | None = None,
    refusals: Refusals | None = None,
    connect: Callable[[AsteriskAddress], Telephony] = AsteriskServer,
    resolve: Resolve | None = None,
) -> web.Application:
    """The service, ready to be served. It runs *servers* for as long as it is up itself.

    Without a *store* one in memory. *connect* makes the servers that a reload adds. *resolve* finds
    the addresses of webhooks, instead of the machine's own way.
    """
    store, metrics, refusals = store or Store(), Metrics(), refusals or Refusals()
    media = media_parts(settings, metrics.media, refusals)
    heeds: list[Heed] = []
    fleet = Fleet(servers)
    workspaces = Workspaces(_workspaces(settings))
    journal = Journal(LoggedSteps(metrics.times), store.events, workspaces)
    limits = replace(limits or Limits(), missing=_MISSING[settings.media.missing])
    controller = Controller(
        servers=servers,
        ledger=metrics.counted(ledger),
        limits=limits,
        witness=journal,
        refusals=refusals,
    )
    journal.look_into(controller.directory)
    streams = Streams(settings.events.streams)
    store.events.tell(streams.publish)
    metrics.show(controller, fleet.servers, media.cache, store, refusals, streams)
    lockout = Lockout(keeper=store.logins)
    address = ClientAddress(settings.http.trusted_proxies)
    door_limits = DoorLimits(settings.http.connections, settings.http.connections_per_address)
    doorman = Doorman(door_limits, address, refusals)
    app = web.Application(
        middlewares=[doorman.watch, request_log(metrics.requests), envelope],
        client_max_size=LARGEST_BODY,
        # What is passed on must stay as it came; and no small body becomes a large one in here.
        handler_args={"auto_decompress": False},
    )
    if media.urls is not None:
        routes.add(app, routes.clip_routes(ClipFiles(media.urls, media.folders)))
    fixed = FixedKeys(_keys(settings))
    heeds.append(lambda new: workspaces.replace(_workspaces(new)))
    heeds.append(lambda new: fixed.replace(_keys(new)))
    paces = Paces(_key_rates(settings), metrics.refusals)
    heeds.append(lambda new: paces.replace(_key_rates(new)))
    keys = AccessKeys([fixed, store.keys], lockout)
    entrance = Entrance(keys, workspaces, address, paces, metrics.refusals)
    idempotency = Idempotency(store.promises, refusals)
    database = vicidial_database(app, settings, heeds)

    def ready(server: Telephony, asterisk: Asterisk, all_of_it: Settings) -> Telephony:
        server.stock(media.stock(delivery_to(asterisk, all_of_it, media)))
        server.report_to(controller)
        server.known_as(store.identity)
        if settings.vicidial.join == "dialplan":
            server.join_rooms_by(room_context(settings, database))
        return server

    for server, asterisk in zip(servers, settings.asterisk, strict=True):
        ready(server, asterisk, settings)
    description = Description()
    json_api = [
        *_bird_routes(
            settings,
            controller,
            entrance,
            idempotency,
            LiveCalls(controller, workspaces, lambda: [server.name for server in fleet.servers]),
            store,
            streams,
            refusals,
            metrics.commands("bird"),
        ),
        *routes.media_routes(MediaApi(media.lookup(fleet.servers)), entrance, idempotency),
        *routes.webhook_routes(
            WebhooksApi(
                store.webhook_book,
                receiver_check(resolve or media.resolver, allowed_receivers(settings.webhooks)),
            ),
            entrance,
            idempotency,
        ),
        *routes.sound_routes(SoundsApi(media.store, entrance)),
        *routes.health_routes(Health(_readiness_of(fleet, controller), __version__)),
        *routes.description_routes(description),
    ]
    if settings.vicidial.enabled:
        json_api += routes.operator_routes(AnswersLog(store.answers, entrance))
    routes.add(app, json_api)
    routes.add(app, routes.metrics_routes(MetricsPage(metrics.text, entrance)))
    description.publish(document(json_api, __version__))
    if settings.vicidial.enabled:
        add_vicidial(app, settings, controller, store, lockout, address, database, metrics, heeds)
    app[CONTROLLER], app[DOORMAN], app[REFUSALS] = controller, doorman, refusals
    app[STREAMS] = streams
    app[RELOADER] = Reloader(
        settings,
        fleet,
        controller,
        enlist=lambda one, new: ready(connect(asterisk_address(new, one)), one, new),
        address=asterisk_address,
        heeds=heeds,
    )
    app.on_shutdown.append(_let_go(streams, store))
    app.cleanup_ctx.append(running(media))
    app.cleanup_ctx.append(_kept(store, lockout))
    if settings.webhooks.enabled:
        app.cleanup_ctx.append(delivering(settings, store, resolve))
    if ledger is store.playbacks:
        app.cleanup_ctx.append(_resumed(store, controller, servers, journal))
    app.cleanup_ctx.append(_running(fleet))
    return app


def _bird_routes(
    settings: Settings,
    controller: Controller,
    entrance: Entrance,
    idempotency: Idempotency,
    calls: LiveCalls,
    store: Store,
    streams: Streams,
    refusals: Refusals,
    count: CommandCount,
) -> list[routes.Route]:
    endless = settings.playback.loop_zero == "until_stopped"
    playbacks = Playbacks(
        controller,
        calls,
        history=store.events,
        zero_rounds=None if endless else 1,
        count=count,
    )
    many = ManyCalls(controller, calls, playbacks, settings.calls.tags)
    listening = EventStreams(streams, store.events, calls, refusals)
    return routes.bird_routes(BirdApi(calls, playbacks, many), listening, entrance, idempotency)


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


def _key_rates(settings: Settings) -> Rates:
    """How often each access key may ask."""
    limits = settings.limits
    own = {name: Rate(rate.per_second, rate.burst) for name, rate in limits.keys.items()}
    return Rates(Rate(limits.key_per_second, limits.key_burst), own)


_ENDING = ServerReadiness(ready=False, phase="ending", reason="callcue is about to end")


def _readiness_of(
    fleet: Fleet[Telephony], controller: Controller
) -> Callable[[], dict[str, Readiness]]:
    return lambda: {
        server.name: _ENDING if controller.closed else server.readiness()
        for server in fleet.servers
    }


TELEPHONY: web.AppKey[asyncio.Future[None]] = web.AppKey("asterisk side", asyncio.Future)
"""What runs the Asterisk side. It never ends by itself but by a fault of ours."""


def _let_go(streams: Streams, store: Store) -> Callable[[web.Application], Awaitable[None]]:
    async def ends(_: web.Application) -> None:
        await store.all_told()  # what has ended just now is told before who listens is let go
        streams.close()

    return ends


def _kept(store: Store, lockout: Lockout) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(_: web.Application) -> AsyncIterator[None]:
        await store.start(lockout)
        yield
        await store.stop()

    return context


def _resumed(
    store: Store, controller: Controller, servers: Sequence[Telephony], journal: Journal
) -> Callable[[web.Application], AsyncIterator[None]]:
    """Go on where a service before this one was, if it has left a record that can be read."""

    async def context(_: web.Application) -> AsyncIterator[None]:
        if store.identity:
            for server in servers:
                server.known_as(store.identity)
            with suppress(EventsOutOfReach):
                left = [playback.id for playback in store.playbacks.unended()]
                journal.know(await store.events.latest(left))
            controller.resume()
        yield

    return context


def _running(fleet: Fleet[Telephony]) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(app: web.Application) -> AsyncIterator[None]:
        app[TELEPHONY] = fleet.start()
        yield
        await fleet.close()

    return context
