"""From an open socket to a session one may rely on: login, filters, fully booted."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from callcue.asterisk.action import HeaderValue, UnsafeHeader
from callcue.asterisk.address import ServerAddress
from callcue.asterisk.connection import Connection
from callcue.asterisk.errors import LoginRejected, NotConnected, OutcomeUnknown

log = structlog.get_logger(__name__)


async def log_in(connection: Connection, server: ServerAddress, deadline: float) -> None:
    """Raises ``LoginRejected``, or ``NotConnected`` when there is no answer within *deadline* s."""
    headers = {"Username": server.username, "Secret": server.secret, "Events": "on"}
    try:
        answer = await connection.call("Login", headers, deadline=deadline)
    except OutcomeUnknown as error:
        raise NotConnected(str(error)) from None
    except UnsafeHeader as error:
        raise LoginRejected(f"the AMI user name or secret cannot be sent: {error}") from None
    if answer.reply is None or not answer.reply.ok:
        said = answer.reply.message if answer.reply is not None else "nothing"
        raise LoginRejected(
            f"Asterisk refused the login of AMI user {server.username!r}: {said}"
            " (look at its secret, permit and deny in manager.conf)"
        )


async def add_filters(
    connection: Connection, filters: Sequence[Mapping[str, HeaderValue]], deadline: float
) -> None:
    """Ask Asterisk to send only some events; each of *filters* is one ``Filter`` action's headers.

    They hold for this login only. Refused ones are logged and no more: the gate drops the same
    events on our side, at a cost.
    """
    for headers in filters:
        answer = await connection.call("Filter", {"Operation": "Add", **headers}, deadline=deadline)
        if answer.reply is not None and not answer.reply.ok:
            log.warning("Asterisk refused an event filter", message=answer.reply.message)


async def wait_booted(connection: Connection, patience: float) -> None:
    """Wait for FullyBooted, at most *patience* seconds. Raises ``NotConnected`` on a loss.

    An AMI user without ``read=system`` never gets it, nor is there another way for such a user to
    ask; so a missing one is no error.
    """
    either: set[asyncio.Future[Any]] = {connection.booted, connection.lost}
    await asyncio.wait(either, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
    if connection.lost.done():
        raise NotConnected(connection.lost.result())
    if not connection.booted.done():
        log.info("no FullyBooted event: the AMI user may lack read=system", waited_s=patience)
