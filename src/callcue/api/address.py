"""Who is at the other end: the client's address, through trusted proxies alone."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import hdrs, web

Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"

REMEMBERED = 1024
"""Addresses that need not be taken apart again: the same screens ask all day."""


_FORWARDED = (hdrs.X_FORWARDED_FOR, hdrs.FORWARDED, hdrs.VIA, "X-Real-IP")
"""Any of these tells of a proxy, and so of somebody elsewhere."""


class ClientAddress:
    """Reads `X-Forwarded-For`, but only as far as it was written by proxies we know."""

    def __init__(self, trusted_proxies: Sequence[Network] = ()) -> None:
        self._trusted = tuple(trusted_proxies)

    def of(self, request: web.BaseRequest) -> str:
        """The address that the request comes from, as text; IPv6 by its /64 network.

        A network of IPv6 is what one subscriber gets: its single addresses are worth nothing as
        a mark of who asks.
        """
        address = request.remote or UNKNOWN
        hops = ",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, ())).split(",")
        while self._is_trusted(address) and hops:
            previous = hops.pop().strip()
            if not _is_address(previous):
                break
            address = previous
        return _grouped(address)

    @staticmethod
    def is_here(request: web.BaseRequest) -> bool:
        """Whether it comes from this machine, and from nobody behind a proxy on it."""
        if any(header in request.headers for header in _FORWARDED):
            return False
        remote = request.remote or ""
        return _is_address(remote) and _is_loopback(remote)

    def counted(self, peer: str) -> str | None:
        """By what a connection from *peer* is counted; None for a proxy, which speaks for many."""
        return None if self._is_trusted(peer) else _grouped(peer)

    def _is_trusted(self, address: str) -> bool:
        if not self._trusted or not _is_address(address):
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self._trusted)


@lru_cache(REMEMBERED)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(REMEMBERED)
def _is_loopback(text: str) -> bool:
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


@lru_cache(REMEMBERED)
def _grouped(text: str) -> str:
    if not _is_address(text):
        return UNKNOWN
    address = ip_address(text)
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))
