"""Wires the sending to webhooks: what waits for them in the store, and where it may go."""

from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Network, IPv6Network

from aiohttp import web

from callcue.events.dispatch import Dispatcher
from callcue.events.sending import Sender
from callcue.outward.addresses import Addresses, Allowed, Resolve
from callcue.outward.resolver import SystemResolver
from callcue.settings import Settings
from callcue.settings.tls import tls_context
from callcue.settings.webhooks import Webhooks
from callcue.store.deliveries import DeliveryLimits
from callcue.store.store import Store


def delivery_limits(webhooks: Webhooks) -> DeliveryLimits:
    """How much the store keeps of what webhooks have not taken."""
    return DeliveryLimits(dead_seconds=webhooks.dead_days * 86_400, most=webhooks.waiting)


def allowed_receivers(webhooks: Webhooks) -> Allowed:
    """What the operator opens beyond the Internet."""
    networks = tuple(one for one in webhooks.allow if isinstance(one, IPv4Network | IPv6Network))
    return Allowed(frozenset(one for one in webhooks.allow if isinstance(one, str)), networks)


def sender_of(webhooks: Webhooks, resolve: Resolve) -> Sender:
    """Of the settings.

    Raises:
        SettingsError: the CA file is of no use.

    """
    ca = webhooks.tls_ca
    return Sender(
        Addresses(resolve, allowed_receivers(webhooks)),
        timeout_seconds=webhooks.timeout_seconds,
        tls=tls_context(ca, "webhooks.tls_ca") if ca is not None else None,
    )


def delivering(
    settings: Settings, store: Store, resolve: Resolve | None = None
) -> Callable[[web.Application], AsyncIterator[None]]:
    """Send what *store* has, from its first look on until the app is down.

    *resolve* finds the addresses of receivers, instead of the machine's own way.

    Raises:
        SettingsError: a file that they name is of no use.

    """
    dispatcher = Dispatcher(
        store.deliveries,
        # A resolver of its own: whose names are slow must not keep clips waiting.
        sender_of(settings.webhooks, resolve or SystemResolver()).send,
        give_up_seconds=settings.webhooks.give_up_hours * 3600,
    )
    # Before the store is open: what is recorded first of all is for them, too.
    store.deliveries.tell(dispatcher.put)
    store.known_webhooks.tell(dispatcher.serve)

    async def context(_: web.Application) -> AsyncIterator[None]:
        yield
        await dispatcher.close()

    return context
