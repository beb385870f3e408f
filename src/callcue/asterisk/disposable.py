"""panoramisk's Manager, made to live for exactly one TCP connection.

Left to itself it reconnects and then sends again what had no answer: an Originate goes out twice,
a clip plays twice (``panoramisk.md`` 2a). What it would do beyond its one connection is taken out
here; the supervisor makes a new one.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from panoramisk.manager import Manager

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.protocol import LinkProtocol


class DisposableManager(Manager):  # type: ignore[misc]  # panoramisk is untyped
    """A Manager that neither retries, replays nor pings; ``connect()`` gives the task to await."""

    def __init__(self, server: ServerAddress, protocol_factory: Callable[[], LinkProtocol]) -> None:
        super().__init__(
            host=server.host,
            port=server.port,
            # Never a string: that ends the base's connect in silence.
            ssl=server.ssl or False,
            # No user name: the base would log in by itself, without a deadline or a verdict.
            protocol_factory=protocol_factory,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, connecting: asyncio.Task[Any]) -> None:
        """Leave a failure to the supervisor, who awaits the same task; the base would retry."""
        if connecting.cancelled() or connecting.exception() is not None:
            return
        super().connection_made(connecting)
        self.pinger.cancel()  # it asks and never looks at the answer; see keepalive.py

    def connection_lost(self, exc: object) -> None:
        """Do nothing; the base would reconnect from here."""

    async def send_awaiting_actions(self, *_: object) -> None:
        """Do nothing; the base would send again what had no answer."""
