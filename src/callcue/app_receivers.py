"""Where a webhook may lead: judged when it is made, as where media may come from is."""

import asyncio

from callcue.events.receivers import CheckReceiver, NoReceiver, ReceiverRefused
from callcue.media.addresses import Addresses, Allowed, Resolve
from callcue.media.failures import MediaFailed, Reason
from callcue.media.urls import Target, read_url

RESOLVE_SECONDS = 3.0
"""So long who makes a webhook waits for the addresses of its host."""


def receiver_check(resolve: Resolve, allowed: Allowed) -> CheckReceiver:
    """What judges a webhook's URL when it is made.

    One whose host has no address now is let pass: each delivery looks again, and judges it.
    """
    addresses = Addresses(resolve, allowed)

    async def check(url: str) -> None:
        if "#" in url:
            raise NoReceiver("invalid url: it has a fragment")
        try:
            target = read_url(url)
        except MediaFailed as failed:
            raise NoReceiver(failed.in_words()) from None
        if target.scheme == "http" and not _is_allowed(target, allowed):
            raise ReceiverRefused(f"refused address: {target.host} is to be reached by https:")
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await addresses.of(target)
        except TimeoutError:
            return
        except MediaFailed as failed:
            if failed.reason is Reason.REFUSED_ADDRESS:
                raise ReceiverRefused(failed.in_words()) from None

    return check


def _is_allowed(target: Target, allowed: Allowed) -> bool:
    """Whether the operator has named the very host of a URL, be it by its network."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    if {host, f"{host}:{target.port}"} & allowed.hosts:
        return True
    address = target.address
    return address is not None and any(address in network for network in allowed.networks)
