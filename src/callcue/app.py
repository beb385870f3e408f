"""Wires everything together: the only module that knows all the others."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web

from callcue import __version__
from callcue.api import routes
from callcue.api.address import ClientAddress
from callcue.api.agents import AgentRooms, RoomsInOrder, RoomsOfDirectory
from callcue.api.answers_log import AnswersLog
from callcue.api.bird.calls import LiveCalls
from callcue.api.bird.entrance import Entrance
from callcue.api.bird.envelope import envelope
from callcue.api.bird.handlers import BirdApi
from callcue.api.bird.playbacks import Playbacks
from callcue.api.bird.workspaces import Channel, Workspace, Workspaces
from callcue.api.health import Health, Readiness
from callcue.api.keys import AccessKey, AccessKeys
from callcue.api.lockout import Lockout
from callcue.api.passwords import Passwords
from callcue.api.requests import request_log
from callcue.api.rights import Right
from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser, FixedUsers, UsersOfAll, UserSource
from callcue.api.vicidial import fronter, wire
from callcue.api.vicidial.audio_playback import AudioPlaybackFunction
from callcue.api.vicidial.cors import Cors
from callcue.api.vicidial.elsewhere import Elsewhere, OtherPaths
from callcue.api.vicidial.exchange import UpstreamLimits, before_headers
from callcue.api.vicidial.functions import Function
from callcue.api.vicidial.handler import ApiPhp
from callcue.api.vicidial.login import Users
from callcue.api.vicidial.non_agent import NonAgentApi, SoundsList
from callcue.api.vicidial.playback import AudioPlayback
from callcue.api.vicidial.record import Record
from callcue.api.vicidial.upstream import Upstream
from callcue.api.vicidial.webserver import Webserver
from callcue.asterisk.dialplan import DEFAULT_CONTEXT
from callcue.asterisk.server import AsteriskAddress
from callcue.core.controller import Controller
from callcue.core.ports import CallDirectory, Ledger, MediaLibrary, Player
from callcue.core.session import Limits
from callcue.core.types import Role
from callcue.media.folder import FolderOfSounds
from callcue.settings import Settings, SettingsError
from callcue.settings.tables import User
from callcue.store.answers import Retention
from callcue.store.store import Store
from callcue.vicidialdb.agents import VicidialAgents
from callcue.vicidialdb.database import Database, WrongUrl, address, address_of
from callcue.vicidialdb.users import VicidialUsers

LARGEST_BODY = 1024 * 1024


class Telephony(Protocol):
    """The Asterisk side, as `callcue.asterisk.server` has it; tests have their own."""

    @property
    def name(self) -> str:
        """Of the server, as the settings have it."""

    @property
    def player(self) -> Player:
        """Puts clips into calls."""

    @property
    def sounds(self) -> MediaLibrary:
        """Which clips there are."""

    @property
    def directory(self) -> CallDirectory:
        """Which calls there are."""

    def report_to(self, controller: Controller) -> None:
        """Name the one who is told what happens."""

    def join_rooms_by(self, context: Callable[[str], Awaitable[str]]) -> None:
        """Get into rooms by VICIdial's own dialplan, in the context that this says."""

    async def run(self) -> None:
        """Keep the link up until cancelled."""

    def readiness(self) -> Readiness:
        """Whether it is."""


CONTROLLER: web.AppKey[Controller] = web.AppKey("controller", Controller)
"""The one door to the sessions."""


def asterisk_address(settings: Settings) -> AsteriskAddress:
    """What the Asterisk side needs to know of the settings.

    Raises:
        SettingsError: the CA file is of no use.

    """
    asterisk = settings.asterisk
    return AsteriskAddress(
        name=asterisk.name,
        host=asterisk.host,
        port=asterisk.port,
        username=asterisk.username,
        secret=asterisk.secret.get_secret_value(),
        tls=_tls(asterisk.tls_ca, "asterisk.tls_ca") if asterisk.tls else None,
        ignore=settings.calls.ignore_channels,
        agents=settings.agents,
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
    server: Telephony,
    ledger: Ledger,
    limits: Limits | None = None,
    store: Store | None = None,
) -> web.Application:
    """The service, ready to be served. It runs *server* for as long as it is up itself.

    Without a *store* one in memory.
    """
    store = store or Store()
    controller = Controller(
        player=server.player,
        directory=server.directory,
        media=server.sounds,
        ledger=ledger,
        limits=limits,
    )
    server.report_to(controller)
    lockout = Lockout(keeper=store.logins)
    address = ClientAddress(settings.http.trusted_proxies)
    app = web.Application(
        middlewares=[request_log, envelope],
        client_max_size=LARGEST_BODY,
        # What is passed on must stay as it came; and no small body becomes a large one in here.
        handler_args={"auto_decompress": False},
    )
    routes.add(app, routes.health_routes(Health(server.readiness, __version__)))
    workspaces = Workspaces(_workspaces(settings))
    entrance = Entrance(AccessKeys(_keys(settings), lockout), workspaces, address)
    database = _vicidial_database(app, settings)
    if settings.vicidial.join == "dialplan":
        server.join_rooms_by(_room_context(settings, database))
    if settings.vicidial.enabled:
        routes.add(app, routes.operator_routes(AnswersLog(store.answers, entrance)))
        users = UsersOfAll(_user_sources(settings, store, database))
        _add_vicidial(app, settings, controller, users, lockout, address, store.answers, database)
    _add_bird(app, settings, controller, entrance, workspaces)
    app[CONTROLLER] = controller
    app.cleanup_ctx.append(_kept(store, lockout))
    app.cleanup_ctx.append(_running(server))
    return app


def _user_sources(
    settings: Settings, store: Store, database: "_VicidialDatabase | None"
) -> list[UserSource]:
    """The first that knows a name is right about it."""
    vicidials = [database.users] if database is not None and database.users is not None else []
    return [FixedUsers(_users(settings)), store.users, *vicidials]


def _add_vicidial(
    app: web.Application,
    settings: Settings,
    controller: Controller,
    users: UserSource,
    lockout: Lockout,
    address: ClientAddress,
    record: Record,
    database: "_VicidialDatabase | None",
) -> None:
    passwords = Passwords(users, lockout, like=[user.password for user in _users(settings)])
    logins = Users(users, passwords)
    upstream = _upstream(settings)
    cors = _cors(settings)
    api = ApiPhp(
        functions=_functions(settings, controller, logins, database),
        users=logins,
        address=address,
        build=__version__,
        active=settings.vicidial.active,
        switch=database.users.api_active if database and database.users else None,
        cors=cors,
        elsewhere=Elsewhere(upstream, cors) if upstream is not None else None,
        record=record,
    )
    routes.add(app, routes.vicidial_routes(api))
    pages = _other_pages(app, settings, upstream, api)
    elsewhere = pages.handle if pages is not None else None
    sounds = _sounds_list(settings)
    non_agent = NonAgentApi(sounds, logins, address, record=record, elsewhere=elsewhere)
    routes.add(app, routes.non_agent_routes(non_agent))
    if pages is not None:  # last of all below these paths: they leave nothing for the next
        routes.add(app, routes.upstream_routes(pages))

    async def close(_: web.Application) -> None:
        passwords.close()

    app.on_cleanup.append(close)


@dataclass(frozen=True, slots=True)
class _VicidialDatabase:
    """What of VICIdial's own database is asked; None what the settings say is not."""

    users: VicidialUsers | None
    agents: VicidialAgents | None
    servers: VicidialAgents


def _vicidial_database(app: web.Application, settings: Settings) -> _VicidialDatabase | None:
    """VICIdial's database, if the settings have one; *app* closes it.

    Raises:
        SettingsError: its URL is none.

    """
    table = settings.vicidial.database
    if table is None:
        return None
    try:
        url = (
            address_of(table.url.get_secret_value())
            if table.url is not None
            else address(
                table.host, table.port, table.name, table.user, table.password.get_secret_value()
            )
        )
    except WrongUrl as error:
        raise SettingsError(f"vicidial.database.url: {error}") from None
    database = Database(url, pool=table.pool, timeout=table.timeout_seconds)

    async def close(_: web.Application) -> None:
        await database.close()

    app.on_cleanup.append(close)
    # An Asterisk that is reached by the address VICIdial has for it needs no line of its own.
    servers = {settings.asterisk.host: settings.asterisk.name} | settings.vicidial.servers
    agents = VicidialAgents(database, servers)
    return _VicidialDatabase(
        users=VicidialUsers.of(database) if table.users else None,
        agents=agents if table.agents else None,
        servers=agents,
    )


def _room_context(
    settings: Settings, database: _VicidialDatabase | None
) -> Callable[[str], Awaitable[str]]:
    """Which context VICIdial's dialplan is in: by the settings, the database, or as usual."""
    fixed = settings.vicidial.context

    async def context_of(_: str) -> str:
        return fixed or DEFAULT_CONTEXT

    return context_of if fixed or database is None else database.servers.context


def _agent_rooms(controller: Controller, database: _VicidialDatabase | None) -> AgentRooms:
    if database is None or database.agents is None:
        return RoomsOfDirectory(controller.directory)
    return RoomsInOrder(controller.directory, database.agents)


def _sounds_list(settings: Settings) -> SoundsList:
    table = settings.vicidial.sounds
    return (
        SoundsList(FolderOfSounds(Path(table.folder)), table.base_url)
        if table
        else SoundsList(None)
    )


def _functions(
    settings: Settings, controller: Controller, logins: Users, database: _VicidialDatabase | None
) -> dict[str, Function]:
    """The functions of api.php that are answered here."""
    hosts = {settings.asterisk.name: settings.asterisk.host}
    playback = AudioPlayback(controller, hosts, _agent_rooms(controller, database))
    upstream = settings.vicidial.upstream
    silent_for = upstream.idle_seconds if upstream is not None else 0
    functions: dict[str, Function] = {
        wire.FUNCTION: AudioPlaybackFunction(playback, logins, settings.vicidial.echo),
        wire.WEBSERVER_FUNCTION: Webserver(__version__, upstream_seconds=silent_for),
    }
    if database is not None and database.agents is not None:
        stop = fronter.FronterAudioStop(controller, database.agents, logins)
        functions[fronter.FUNCTION] = stop
    return functions


def _upstream(settings: Settings) -> Upstream | None:
    given = settings.vicidial.upstream
    if given is None:
        return None
    limits = UpstreamLimits(
        connect_seconds=given.connect_seconds,
        idle_seconds=given.idle_seconds,
        longest_seconds=given.longest_seconds,
        connections=given.connections,
        largest_form=given.largest_form,
        largest_body=given.largest_body,
    )
    tls = _tls(given.tls_ca, "vicidial.upstream.tls_ca") if given.tls_ca is not None else None
    return Upstream(given.url, limits, tls)


def _cors(settings: Settings) -> Cors:
    given = settings.vicidial.cors
    return Cors(frozenset(given.origins), given.methods, given.headers, given.credentials)


def _other_pages(
    app: web.Application, settings: Settings, upstream: Upstream | None, api: ApiPhp
) -> OtherPaths | None:
    """VICIdial's other pages, if they are to be had here; *app* runs the way to it."""
    if upstream is None or settings.vicidial.upstream is None:
        return None

    async def running(_: web.Application) -> AsyncIterator[None]:
        async with upstream.running():
            yield

    app.cleanup_ctx.append(running)
    app.on_response_prepare.append(before_headers)
    return OtherPaths(upstream, api) if settings.vicidial.upstream.other_paths else None


def _add_bird(
    app: web.Application,
    settings: Settings,
    controller: Controller,
    entrance: Entrance,
    workspaces: Workspaces,
) -> None:
    calls = LiveCalls(controller, workspaces, servers=(settings.asterisk.name,))
    endless = settings.playback.loop_zero == "until_stopped"
    playbacks = Playbacks(controller, calls, zero_rounds=None if endless else 1)
    routes.add(app, routes.bird_routes(BirdApi(calls, playbacks), entrance))


def _users(settings: Settings) -> list[ApiUser]:
    return [api_user(table) for table in settings.users]


def api_user(table: User) -> ApiUser:
    """A user as the settings describe one."""
    return ApiUser(
        name=table.user,
        password=Argon2(table.password_hash.get_secret_value()),
        level=table.level,
        active=table.active,
        group=table.group,
        functions=frozenset(table.functions),
        alt_user=table.alt_user,
        audience=Role(table.audience),
        addresses=table.addresses,
    )


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


def _tls(ca_file: str | None, setting: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise SettingsError(f"{setting}: {ca_file} is of no use: {error}") from None


TELEPHONY: web.AppKey[asyncio.Task[None]] = web.AppKey("asterisk side", asyncio.Task)
"""The task that runs the Asterisk side. It never ends by itself but by a fault of ours."""


def _kept(store: Store, lockout: Lockout) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(_: web.Application) -> AsyncIterator[None]:
        await store.start(lockout)
        yield
        await store.stop()

    return context


def _running(server: Telephony) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(app: web.Application) -> AsyncIterator[None]:
        task = app[TELEPHONY] = asyncio.create_task(server.run(), name=f"asterisk {server.name}")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return context
