"""Wires the VICIdial dialect together, with its users, its database and the server behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from callcue import __version__
from callcue.api import routes
from callcue.api.address import ClientAddress
from callcue.api.agents import AgentRooms, RoomsInOrder, RoomsOfDirectory
from callcue.api.lockout import Lockout
from callcue.api.passwords import Passwords
from callcue.api.rates import Paces, Rate, Rates
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
from callcue.core.controller import Controller
from callcue.core.types import Role
from callcue.media.folder import FolderOfSounds
from callcue.metrics.metrics import Metrics
from callcue.reloading import Heed
from callcue.settings import Settings, SettingsError
from callcue.settings.tables import User
from callcue.settings.tls import tls_context
from callcue.store.store import Store
from callcue.vicidialdb.agents import VicidialAgents
from callcue.vicidialdb.database import Database, WrongUrl, address, address_of
from callcue.vicidialdb.users import VicidialUsers


@dataclass(frozen=True, slots=True)
class VicidialDatabase:
    """What of VICIdial's own database is asked; None what the settings say is not."""

    users: VicidialUsers | None
    agents: VicidialAgents | None
    servers: VicidialAgents


def vicidial_database(
    app: web.Application, settings: Settings, heeds: list[Heed]
) -> VicidialDatabase | None:
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
    agents = VicidialAgents(database, _servers(settings))
    heeds.append(lambda new: agents.name_servers(_servers(new)))
    return VicidialDatabase(
        users=VicidialUsers.of(database) if table.users else None,
        agents=agents if table.agents else None,
        servers=agents,
    )


def _servers(settings: Settings) -> dict[str, str]:
    """VICIdial's `server_ip` to the name of an Asterisk of ours.

    One that is reached by the address VICIdial has for it needs no line of its own.
    """
    hosts = [asterisk.host for asterisk in settings.asterisk]
    by_host = {a.host: a.name for a in settings.asterisk if hosts.count(a.host) == 1}
    return by_host | settings.vicidial.servers


def room_context(
    settings: Settings, database: VicidialDatabase | None
) -> Callable[[str], Awaitable[str]]:
    """Which context VICIdial's dialplan is in: by the settings, the database, or as usual."""
    fixed = settings.vicidial.context

    async def context_of(_: str) -> str:
        return fixed or DEFAULT_CONTEXT

    return context_of if fixed or database is None else database.servers.context


def add_vicidial(
    app: web.Application,
    settings: Settings,
    controller: Controller,
    store: Store,
    lockout: Lockout,
    address: ClientAddress,
    database: VicidialDatabase | None,
    metrics: Metrics,
    heeds: list[Heed],
) -> None:
    """Add `api.php`, `non_agent_api.php`, and the pages that the real VICIdial answers."""
    fixed = FixedUsers(_users(settings))
    heeds.append(lambda new: fixed.replace(_users(new)))
    users = UsersOfAll(_user_sources(fixed, store, database))
    passwords = Passwords(users, lockout, like=[user.password for user in _users(settings)])
    logins = Users(users, passwords, metrics.refusals)
    paces = Paces(_user_rates(settings), metrics.refusals)
    heeds.append(lambda new: paces.replace(_user_rates(new)))
    upstream = _upstream(settings)
    cors = _cors(settings)
    api = ApiPhp(
        functions=_functions(settings, controller, logins, database, metrics, heeds),
        users=logins,
        paces=paces,
        address=address,
        build=__version__,
        active=settings.vicidial.active,
        switch=database.users.api_active if database and database.users else None,
        cors=cors,
        elsewhere=Elsewhere(upstream, cors) if upstream is not None else None,
        record=store.answers,
    )
    routes.add(app, routes.vicidial_routes(api))
    pages = _other_pages(app, settings, upstream, api, address, store.answers)
    sounds = _sounds_list(settings)
    non_agent = NonAgentApi(sounds, logins, paces, address, record=store.answers, others=pages)
    routes.add(app, routes.non_agent_routes(non_agent))
    if pages is not None:  # last of all below these paths: they leave nothing for the next
        routes.add(app, routes.upstream_routes(pages))

    async def close(_: web.Application) -> None:
        passwords.close()

    app.on_cleanup.append(close)


def _agent_rooms(controller: Controller, database: VicidialDatabase | None) -> AgentRooms:
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
    settings: Settings,
    controller: Controller,
    logins: Users,
    database: VicidialDatabase | None,
    metrics: Metrics,
    heeds: list[Heed],
) -> dict[str, Function]:
    """The functions of api.php that are answered here."""
    count = metrics.commands("vicidial")
    hosts = _hosts(settings)

    def name_hosts(new: Settings) -> None:
        hosts.clear()
        hosts.update(_hosts(new))

    heeds.append(name_hosts)
    playback = AudioPlayback(controller, hosts, _agent_rooms(controller, database), count)
    upstream = settings.vicidial.upstream
    silent_for = upstream.idle_seconds if upstream is not None else 0
    functions: dict[str, Function] = {
        wire.FUNCTION: AudioPlaybackFunction(
            playback, logins, settings.vicidial.echo, metrics.refusals
        ),
        wire.WEBSERVER_FUNCTION: Webserver(__version__, upstream_seconds=silent_for),
    }
    if database is not None and database.agents is not None:
        stop = fronter.FronterAudioStop(controller, database.agents, logins, count)
        functions[fronter.FUNCTION] = stop
    return functions


def _hosts(settings: Settings) -> dict[str, str]:
    return {asterisk.name: asterisk.host for asterisk in settings.asterisk}


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
    tls = (
        tls_context(given.tls_ca, "vicidial.upstream.tls_ca") if given.tls_ca is not None else None
    )
    return Upstream(given.url, limits, tls)


def _cors(settings: Settings) -> Cors:
    given = settings.vicidial.cors
    return Cors(frozenset(given.origins), given.methods, given.headers, given.credentials)


def _other_pages(
    app: web.Application,
    settings: Settings,
    upstream: Upstream | None,
    api: ApiPhp,
    address: ClientAddress,
    record: Record,
) -> OtherPaths | None:
    """VICIdial's other pages, if they are to be had here; *app* runs the way to it."""
    if upstream is None or settings.vicidial.upstream is None:
        return None

    async def running(_: web.Application) -> AsyncIterator[None]:
        async with upstream.running():
            yield

    app.cleanup_ctx.append(running)
    app.on_response_prepare.append(before_headers)
    if not settings.vicidial.upstream.other_paths:
        return None
    return OtherPaths(upstream, api, address, record)


def _user_sources(
    fixed: FixedUsers, store: Store, database: VicidialDatabase | None
) -> list[UserSource]:
    """The first that knows a name is right about it."""
    vicidials = [database.users] if database is not None and database.users is not None else []
    return [fixed, store.users, *vicidials]


def _users(settings: Settings) -> list[ApiUser]:
    return [api_user(table) for table in settings.users]


def _user_rates(settings: Settings) -> Rates:
    """How often each API user may ask."""
    limits = settings.limits
    own = {name: Rate(rate.per_second, rate.burst) for name, rate in limits.users.items()}
    return Rates(Rate(limits.user_per_second, limits.user_burst), own)


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
