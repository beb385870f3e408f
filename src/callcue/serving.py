"""Runs the app until a signal ends it."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiohttp import web

from callcue.app import TELEPHONY, asterisk_addresses, make_app, make_store
from callcue.asterisk.server import AsteriskServer
from callcue.settings import Settings
from callcue.store.ledger import MemoryLedger

GRACE_SECONDS = 5.0
"""For requests that run when the end comes."""

LONGEST_LINE = 128 * 1024
"""Bytes of a request line. A screen's parameters are all in it, and get an answer of their own."""

_log = structlog.get_logger(__name__)

Companion = Callable[[Sequence[AsteriskServer]], Coroutine[Any, Any, None]]


class CannotListen(Exception):
    """The port cannot be had; the text says why."""


async def serve(settings: Settings, companion: Companion | None = None) -> bool:
    """Serve until SIGINT or SIGTERM; *companion* runs beside. False after a fault of ours.

    Raises:
        CannotListen: the port cannot be had.
        SettingsError: a file that the settings name is of no use.

    """
    told = _signals()  # first of all: whoever sees us start may end us
    servers = [AsteriskServer(address) for address in asterisk_addresses(settings)]
    app = make_app(settings, servers, MemoryLedger(), store=make_store(settings))
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=GRACE_SECONDS, max_line_size=LONGEST_LINE
    )
    await runner.setup()
    try:
        await _listen(runner, settings.http.host, settings.http.port)
        gc.collect()
        gc.freeze()  # what is here by now stays: it need not be looked through again and again
        beside = asyncio.create_task(companion(servers)) if companion is not None else None
        try:
            return await _until(told, app[TELEPHONY])
        finally:
            if beside is not None:
                beside.cancel()
                with suppress(asyncio.CancelledError):
                    await beside
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"cannot listen at {host} port {port}: {reason}") from None
    _log.info("listening", host=host, port=port)


def _signals() -> asyncio.Event:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    return told


async def _until(told: asyncio.Event, telephony: asyncio.Future[list[None]]) -> bool:
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
