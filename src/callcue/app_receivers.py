"""Where a webhook may lead: judged when it is made, as each delivery judges it again."""

import asyncio

from callcue.events.receivers import CheckReceiver, NoReceiver, ReceiverRefused
from callcue.events.sending import Sender
from callcue.outward.addresses import Addresses, Allowed, Resolve
from callcue.outward.failures import Cause, NotReached

RESOLVE_SECONDS = 3.0
"""So long who makes a webhook waits for the addresses of its host."""


def receiver_check(resolve: Resolve, allowed: Allowed) -> CheckReceiver:
    """What judges a webhook's URL when it is made.

    One whose host has no address now is let pass: each delivery looks again, and judges it.
    """
    addresses = Addresses(resolve, allowed)
    sender = Sender(addresses)

    async def check(url: str) -> None:
        if "#" in url:
            raise NoReceiver("invalid url: it has a fragment")
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await addresses.of(sender.target(url))
        except TimeoutError:
            return
        except NotReached as failed:
            if failed.cause is Cause.INVALID_URL:
                raise NoReceiver(failed.in_words()) from None
            if failed.cause is Cause.REFUSED_ADDRESS:
                raise ReceiverRefused(failed.in_words()) from None

    return check
