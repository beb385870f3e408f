"""One Asterisk, from the first byte to the last check."""

from callcue.asterisk.address import ServerAddress
from callcue.asterisk.connection import Connection
from callcue.asterisk.errors import LinkError, LoginRejected
from callcue.asterisk.handshake import log_in
from callcue.asterisk.server_clock import ServerClock

from . import clock, dialplan, events, media, reach, rights, version
from .evidence import Evidence
from .finding import Finding, Verdict, mend, not_checked, ok
from .look import LISTENED_TO, Look
from .media import Sample

LOGIN_PATIENCE = 5.0
AFTER_LOGIN = (
    "version",
    "write=call",
    "write=originate",
    "write=reporting",
    "read=system",
    "read=call",
    "read=user",
    "read=dialplan",
    "events",
    "filter",
    "dialplan",
    "modules",
    "silence",
    "rooms",
    "clock",
    "media",
)
"""Every check that needs a login, in the order of the report."""


async def examine(address: ServerAddress, sample: Sample) -> list[Finding]:
    """All findings; what depends on something that is to be mended first is not checked."""
    reached = await reach.reach(address)
    if reached.verdict is not Verdict.OK:
        return [reached, *_unknown("login", *AFTER_LOGIN)]
    look = Look(sample.sound)
    connection = Connection(address, LISTENED_TO, look.on_event, lambda _: None, ServerClock())
    try:
        await connection.connect(reach.CONNECT_PATIENCE)
        login = await _login(connection, address)
        if login.verdict is not Verdict.OK:
            return [reached, login, *_unknown(*AFTER_LOGIN)]
        await look.look(connection)
    except LinkError as error:
        broken = not_checked("login", f"the connection broke off: {error}")
        return [reached, broken, *_unknown(*AFTER_LOGIN)]
    finally:
        await connection.close("the doctor goes")
    return [reached, login, *judge(look.evidence, sample)]


async def _login(connection: Connection, address: ServerAddress) -> Finding:
    try:
        await log_in(connection, address, LOGIN_PATIENCE)
    except LoginRejected:
        # Asterisk says the same for all three, and only its own log says which.
        return mend(
            "login",
            f"Asterisk refuses the login as {address.username}",
            f"compare with [{address.username}] in manager.conf: the name, secret=, and permit= and"
            " deny= for the address callcue comes from; then: manager reload. Asterisk's log says"
            " which it was",
        )
    return ok("login", f"as {address.username}")


def judge(found: Evidence, sample: Sample) -> list[Finding]:
    """What the evidence comes to, in the order of `AFTER_LOGIN`."""
    player = dialplan.player(found)
    return [
        version.check(found),
        *rights.check(found),
        events.comes(found),
        events.stays_away(found),
        player,
        dialplan.modules(found),
        dialplan.silence(found),
        dialplan.room(found),
        clock.check(found),
        media.check(found, sample),
    ]


def _unknown(*checks: str) -> list[Finding]:
    return [not_checked(check, "what stands above comes first") for check in checks]
