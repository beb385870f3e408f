"""From where VICIdial lets a user ask its API: the list that the user's group names."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sqlalchemy import text

from callcue.api.users import Network

from .database import Database

ANYWHERE: tuple[Network, ...] = ()
NOWHERE: tuple[Network, ...] = (IPv6Network("::/128"),)
"""No client is ever seen there: it is no client's address, and IPv6 is known by its /64."""

SUBSCRIBER = 64
"""An IPv6 client is known by so much of its address."""

_ENTRIES = text(
    "SELECT e.ip_address AS entry FROM vicidial_users u"
    " JOIN vicidial_user_groups g ON g.user_group = u.user_group"
    " LEFT JOIN vicidial_ip_list_entries e ON e.ip_list_id = g.api_ip_list"
    # VICIdial takes a name of one character for none.
    " WHERE u.user = :name AND CHAR_LENGTH(g.api_ip_list) > 1"
    " AND COALESCE(u.ignore_ip_list, '') <> '1'"
)
_PREFIX = re.compile(r"(\d+\.\d+\.\d+)\.x", re.IGNORECASE | re.ASCII)


async def addresses_of(name: str, database: Database) -> tuple[Network, ...]:
    """The networks of that user, none for anywhere, where lists are in use. Raises `OutOfReach`."""
    rows = await database.rows(_ENTRIES, {"name": name})
    return _networks(str(row.entry or "") for row in rows) if rows else ANYWHERE


def _networks(entries: Iterable[str]) -> tuple[Network, ...]:
    """What a list lets in. An entry that is nothing we know lets nobody in, as in VICIdial."""
    found = [network for entry in entries if (network := _network(entry)) is not None]
    return tuple(dict.fromkeys(found)) or NOWHERE


def _network(entry: str) -> Network | None:
    """An address, or the first three numbers of one with an `x` behind: VICIdial has no others."""
    prefix = _PREFIX.fullmatch(entry)
    try:
        if prefix is not None:
            return IPv4Network(f"{prefix[1]}.0/24")
        address: IPv4Address | IPv6Address = ip_address(entry)
        if isinstance(address, IPv6Address):
            return IPv6Network((address, SUBSCRIBER), strict=False)
        return ip_network(address)
    except ValueError:
        return None
