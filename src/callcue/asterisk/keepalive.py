"""A ping with a verdict: a peer that is frozen or cut off is found out, and the link with it."""

import asyncio
import time

from callcue.asterisk.connection import Connection
from callcue.asterisk.errors import LinkError
from callcue.asterisk.status import LinkTimings


async def watch(connection: Connection, timings: LinkTimings) -> None:
    """Cut *connection* when nothing came for *quiet* + *patience* seconds; ping in between.

    It also pings every *clock* seconds: the answer tells how late it is there. Ends when the
    connection does.
    """
    asked = time.monotonic()
    while connection.alive:
        now, quiet_at = time.monotonic(), connection.last_received + timings.quiet
        due = min(quiet_at, asked + timings.clock)
        if now < due:
            await asyncio.sleep(due - now)
            continue
        asked, was_quiet = now, now >= quiet_at
        try:
            await connection.ping(timings.patience)
        except LinkError:
            # Any byte is a sign of life, also while the answer to the ping is stuck behind a flood.
            if was_quiet and connection.last_received < asked:
                silent = timings.quiet + timings.patience
                connection.cut(f"Asterisk was silent for {silent:g} s")
