"""Runs the app until a signal ends it."""

import asyncio
import gc
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from aiohttp import web

from callcue.api.doorman import Doorman
from callcue.app import (
    CONTROLLER,
    DOORMAN,
    RELOADER,
    TELEPHONY,
    asterisk_addresses,
    make_app,
    make_store,
)
from callcue.asterisk.server import AsteriskServer
from callcue.control import ControlSocket
from callcue.core.controller import Controller
from callcue.core.refusals import Refusals
from callcue.rereading import Rereading, Source
from callcue.settings import Settings
from callcue.settings.tables import PlaybackBounds

SETTLE_SECONDS = 3.0
"""For what is on its way into a call or out of it when the end comes."""

GRACE_SECONDS = 5.0
"""For requests that run when the end comes."""

LOOK_SECONDS = 0.02

LONGEST_LINE = 128 * 1024
"""Bytes of a request line. A screen's parameters are all in it, and get an answer of their own."""

OTHER_FILES = 256
"""That may be open besides connections: the store, links, clips, decoders, origins."""

BACKLOG = 4096
"""Connections that may wait until they are taken in; the system may allow fewer. Where there is no
room it forgets one whose client believes that it is there."""

_log = structlog.get_logger(__name__)

Companion = Callable[[Sequence[AsteriskServer]], Coroutine[Any, Any, None]]


class CannotListen(Exception):
    """The port cannot be had; the text says why."""


async def serve(
    settings: Settings, companion: Companion | None = None, source: Source | None = None
) -> bool:
    """Serve until SIGINT or SIGTERM; *companion* runs beside. False after a fault of ours.

    SIGHUP reads *source* again.

    Raises:
        CannotListen: the port cannot be had.
        SettingsError: a file that the settings name is of no use.

    """
    told, again = _signals()  # first of all: whoever sees us start may end us
    _allow_files(settings.http.connections + OTHER_FILES)
    refusals, store = Refusals(), make_store(settings)
    servers = [AsteriskServer(address, refusals) for address in asterisk_addresses(settings)]
    app = make_app(settings, servers, store.playbacks, store=store, refusals=refusals)
    rereading = Rereading(app[RELOADER], source)
    control = ControlSocket(source.socket if source else None, rereading.reload)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=GRACE_SECONDS,
        max_line_size=LONGEST_LINE,
        keepalive_timeout=settings.http.idle_seconds,
    )
    await runner.setup()
    assert runner.server is not None
    app[DOORMAN].serves(runner.server)
    try:
        await control.open()  # who sees us listen may have the settings read again
        async with listening(app[DOORMAN], settings.http.host, settings.http.port):
            reloads = asyncio.create_task(rereading.at_each(again))
            gc.collect()
            gc.freeze()  # what is here by now stays: it need not be looked through again and again
            gc.collect()  # else what comes is measured by what was frozen, and collected too late
            beside = asyncio.create_task(companion(servers)) if companion is not None else None
            try:
                well = await _until(told, app[TELEPHONY])
                if well:
                    await _drain(app[CONTROLLER], settings.playback, told)
                return well
            finally:
                await _cancelled(reloads, beside)
    finally:
        await control.close()
        await runner.cleanup()


async def _cancelled(*tasks: asyncio.Task[None] | None) -> None:
    for task in tasks:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def listening(doorman: Doorman, host: str, port: int) -> AsyncIterator[int]:
    """Take connections in there, by way of *doorman*; gives the port.

    Raises:
        CannotListen: it cannot be had.

    """
    try:
        server = await asyncio.get_running_loop().create_server(
            doorman, host, port, backlog=BACKLOG
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"cannot listen at {host} port {port}: {reason}") from None
    port = server.sockets[0].getsockname()[1]
    _log.info("listening", host=host, port=port)
    looking = asyncio.create_task(doorman.looks_round(), name="who is too slow")
    try:
        yield port
    finally:
        server.close()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def _allow_files(wanted: int) -> None:
    """Let so many files be open, as far as the machine allows it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        _log.warning("http.connections is more than files may be open", files=allowed)


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set when we are told to end, and when to read the settings again."""
    told, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    on_terminal = _has_terminal()

    def hung_up() -> None:
        gone = on_terminal and not _has_terminal()
        (told if gone else again).set()

    loop.add_signal_handler(signal.SIGHUP, hung_up)
    return told, again


def _has_terminal() -> bool:
    """Whether we are on one: when it goes away, that too is a SIGHUP."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


async def _drain(controller: Controller, bounds: PlaybackBounds, told: asyncio.Event) -> None:
    """Begin nothing more, and end when it is time; at once when told a second time."""
    controller.close()
    told.clear()
    over, seconds = controller.is_settled, SETTLE_SECONDS
    if bounds.at_end == "await":
        over, seconds = controller.is_silent, bounds.at_end_seconds
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not over():
                if await _told_within(told, LOOK_SECONDS):
                    return


async def _told_within(told: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await told.wait()
    except TimeoutError:
        return False
    return True


async def _until(told: asyncio.Event, telephony: asyncio.Future[None]) -> bool:
    waiting = asyncio.create_task(told.wait())
    either: set[asyncio.Future[Any]] = {telephony, waiting}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if told.is_set():
        _log.info("told to end")
        return True
    fault = telephony.exception() if not telephony.cancelled() else None
    _log.critical("the Asterisk side ended by itself", exc_info=fault)
    return False
