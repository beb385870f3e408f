"""Wires the webhooks together: where they may lead is judged as where media may come from."""

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
            raise NoReceiver("must be https:, or a host that the operator has allowed")
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
    host = f"[{target.host}]" if ":" in target.host else target.host
    return not allowed.hosts.isdisjoint((host, f"{host}:{target.port}"))
