"""A ping with a verdict: a peer that is frozen or cut off is found out, and the link with it."""

import asyncio
import time

from callcue.asterisk.connection import Connection
from callcue.asterisk.errors import LinkError


async def watch(connection: Connection, quiet: float, patience: float) -> None:
    """Cut *connection* when nothing came for *quiet* + *patience* seconds; ping in between.

    Ends when the connection does.
    """
    while connection.alive:
        silence = time.monotonic() - connection.last_received
        if silence < quiet:
            await asyncio.sleep(quiet - silence)
            continue
        asked = time.monotonic()
        try:
            await connection.ping(patience)
        except LinkError:
            # Any byte is a sign of life, also while the answer to the ping is stuck behind a flood.
            if connection.last_received < asked:
                connection.cut(f"Asterisk was silent for {quiet + patience:g} s")
