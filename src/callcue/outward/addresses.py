"""Which addresses may be connected to: public ones, and those of the operator's own list.

A URL is written by a client, and this service stands inside the operator's network. So a name is
resolved once, every address it has is judged, and only those that were judged are connected to.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .failures import Cause, NotReached
from .urls import PORTS, Target

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a name, for a port. Raises `OSError`: it has none, or nobody knows."""

_INSIDE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; Alibaba's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, from inside its machines
        "169.254.0.0/16",  # metadata of nearly all clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # Oracle's metadata
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
"""From IANA's registries of special addresses. `is_global` lags behind them and lets some pass."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""What IANA has opened. Outside lie loopback, fc00::/7 (AWS's fd00:ec2::254), fe80::/10, ff00::/8,
and the IPv4-mapped, -compatible and -translated."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""How a network without IPv4 reaches it. It is as public as what is inside."""


def is_public(address: Address) -> bool:
    """Whether it belongs to the Internet, and to nobody's inside."""
    if address in _NAT64:
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    if isinstance(address, IPv6Address) and (
        address not in _GLOBAL_UNICAST or address.scope_id is not None
    ):
        return False
    return address.is_global and not any(address in network for network in _INSIDE)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator opens beyond the Internet."""

    hosts: frozenset[str] = frozenset()
    """Names or addresses as URLs have them, in lower case: `media.lan` for the usual ports,
    `media.lan:8080` for that port. Such a name is trusted wherever it leads."""

    networks: tuple[Network, ...] = ()
    """Addresses that any name may have."""


class Addresses:
    """Says where a request may connect to."""

    def __init__(self, resolve: Resolve, allowed: Allowed | None = None) -> None:
        self._resolve = resolve
        self._allowed = allowed or Allowed()

    async def of(self, target: Target) -> tuple[Address, ...]:
        """Those to connect to, all of them judged.

        Raises:
            NotReached: `REFUSED_ADDRESS`, also if only one of several is; `UNREACHABLE`: the
                name has none.

        """
        host = _written(target)
        with_port = f"{host}:{target.port}" in self._allowed.hosts
        if target.port not in PORTS.values() and not with_port:
            raise NotReached(Cause.REFUSED_ADDRESS, f"port {target.port} of {target.host}")
        found = await self._found(target)
        if with_port or host in self._allowed.hosts:
            return found
        for address in found:
            if not is_public(address) and not self._listed(address):
                # Not which one: a client is not to map the inside of this network by our answers.
                raise NotReached(Cause.REFUSED_ADDRESS, f"{target.host} is not public")
        return found

    async def _found(self, target: Target) -> tuple[Address, ...]:
        if target.address is not None:
            return (target.address,)
        try:
            found = await self._resolve(target.host, target.port)
            addresses = tuple(ip_address(text) for text in dict.fromkeys(found))
        except (OSError, UnicodeError, ValueError):
            addresses = ()
        if not addresses:
            raise NotReached(Cause.UNREACHABLE, f"{target.host} has no address")
        return addresses

    def are_listed(self, target: Target) -> bool:
        """Whether the operator's list has the very host of a URL, be it by its network."""
        host = _written(target)
        if {host, f"{host}:{target.port}"} & self._allowed.hosts:
            return True
        return target.address is not None and self._listed(target.address)

    def _listed(self, address: Address) -> bool:
        return any(address in network for network in self._allowed.networks)


def _written(target: Target) -> str:
    """Its host as URLs have it."""
    return f"[{target.host}]" if ":" in target.host else target.host
