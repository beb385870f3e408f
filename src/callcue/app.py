"""Wires everything together: the only module that knows all the others."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from aiohttp import web

from callcue import __version__
from callcue.api import routes
from callcue.api.address import ClientAddress
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
from callcue.api.users import ApiUser, FixedUsers
from callcue.api.vicidial import wire
from callcue.api.vicidial.audio_playback import AudioPlaybackFunction
from callcue.api.vicidial.cors import Cors
from callcue.api.vicidial.elsewhere import Elsewhere, OtherPaths
from callcue.api.vicidial.exchange import UpstreamLimits, before_headers
from callcue.api.vicidial.functions import Function
from callcue.api.vicidial.handler import ApiPhp
from callcue.api.vicidial.login import Users
from callcue.api.vicidial.playback import AudioPlayback
from callcue.api.vicidial.upstream import Upstream
from callcue.api.vicidial.webserver import Webserver
from callcue.asterisk.server import AsteriskAddress
from callcue.core.controller import Controller
from callcue.core.ports import CallDirectory, Ledger, MediaLibrary, Player
from callcue.core.session import Limits
from callcue.core.types import Role
from callcue.settings import Settings, SettingsError

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


def make_app(
    settings: Settings, server: Telephony, ledger: Ledger, limits: Limits | None = None
) -> web.Application:
    """The service, ready to be served. It runs *server* for as long as it is up itself."""
    controller = Controller(
        player=server.player,
        directory=server.directory,
        media=server.sounds,
        ledger=ledger,
        limits=limits,
    )
    server.report_to(controller)
    lockout = Lockout()
    address = ClientAddress(settings.http.trusted_proxies)
    app = web.Application(
        middlewares=[request_log, envelope],
        client_max_size=LARGEST_BODY,
        # What is passed on must stay as it came; and no small body becomes a large one in here.
        handler_args={"auto_decompress": False},
    )
    routes.add(app, routes.health_routes(Health(server.readiness, __version__)))
    if settings.vicidial.enabled:
        _add_vicidial(app, settings, controller, lockout, address)
    _add_bird(app, settings, controller, lockout, address)
    app[CONTROLLER] = controller
    app.cleanup_ctx.append(_running(server))
    return app


def _add_vicidial(
    app: web.Application,
    settings: Settings,
    controller: Controller,
    lockout: Lockout,
    address: ClientAddress,
) -> None:
    users = tuple(_users(settings))
    passwords = Passwords({user.name: user for user in users}, lockout)
    logins = Users(FixedUsers(users), passwords)
    upstream = _upstream(settings)
    cors = _cors(settings)
    api = ApiPhp(
        functions=_functions(settings, controller, logins),
        users=logins,
        address=address,
        build=__version__,
        active=settings.vicidial.active,
        cors=cors,
        elsewhere=Elsewhere(upstream, cors) if upstream is not None else None,
    )
    routes.add(app, routes.vicidial_routes(api))
    if upstream is not None:
        _add_upstream(app, settings, upstream, api)

    async def close(_: web.Application) -> None:
        passwords.close()

    app.on_cleanup.append(close)


def _functions(settings: Settings, controller: Controller, logins: Users) -> dict[str, Function]:
    """The functions of api.php that are answered here."""
    playback = AudioPlayback(controller, {settings.asterisk.name: settings.asterisk.host})
    upstream = settings.vicidial.upstream
    silent_for = upstream.idle_seconds if upstream is not None else 0
    return {
        wire.FUNCTION: AudioPlaybackFunction(playback, logins, settings.vicidial.echo),
        wire.WEBSERVER_FUNCTION: Webserver(__version__, upstream_seconds=silent_for),
    }


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


def _add_upstream(
    app: web.Application, settings: Settings, upstream: Upstream, api: ApiPhp
) -> None:
    """After every other route below /agc/ and /vicidial/: these leave nothing for the next."""

    async def running(_: web.Application) -> AsyncIterator[None]:
        async with upstream.running():
            yield

    app.cleanup_ctx.append(running)
    app.on_response_prepare.append(before_headers)
    if settings.vicidial.upstream is not None and settings.vicidial.upstream.other_paths:
        routes.add(app, routes.upstream_routes(OtherPaths(upstream, api)))


def _add_bird(
    app: web.Application,
    settings: Settings,
    controller: Controller,
    lockout: Lockout,
    address: ClientAddress,
) -> None:
    workspaces = Workspaces(_workspaces(settings))
    calls = LiveCalls(controller, workspaces, servers=(settings.asterisk.name,))
    endless = settings.playback.loop_zero == "until_stopped"
    playbacks = Playbacks(controller, calls, zero_rounds=None if endless else 1)
    entrance = Entrance(AccessKeys(_keys(settings), lockout), workspaces, address)
    routes.add(app, routes.bird_routes(BirdApi(calls, playbacks), entrance))


def _users(settings: Settings) -> list[ApiUser]:
    return [
        ApiUser(
            name=user.user,
            password_hash=user.password_hash.get_secret_value(),
            level=user.level,
            active=user.active,
            group=user.group,
            functions=frozenset(user.functions),
            alt_user=user.alt_user,
            audience=Role(user.audience),
        )
        for user in settings.users
    ]


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


def _running(server: Telephony) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(app: web.Application) -> AsyncIterator[None]:
        task = app[TELEPHONY] = asyncio.create_task(server.run(), name=f"asterisk {server.name}")
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return context
