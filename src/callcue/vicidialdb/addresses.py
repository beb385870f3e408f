"""From where VICIdial lets a user ask its API: the list that the user's group names."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sqlalchemy import text

from callcue.api.users import Network

from .database import Database
from .kept import Kept

ANYWHERE: tuple[Network, ...] = ()
NOWHERE: tuple[Network, ...] = (IPv6Network("::/128"),)
"""No client is ever seen there: it is no client's address, and IPv6 is known by its /64."""

SUBSCRIBER = 64
"""An IPv6 client is known by so much of its address."""

SCHEMA_SECONDS = 60.0
"""For so long an older VICIdial, which has no such lists, is not asked again whether it has."""

_HAS_LISTS = text(
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
    " AND table_name = 'system_settings' AND column_name = 'allow_ip_lists'"
)
_IN_USE = text(
    "SELECT COUNT(*) FROM system_settings WHERE COALESCE(allow_ip_lists, '') NOT IN ('', '0')"
)
_ENTRIES = text(
    "SELECT e.ip_address AS entry FROM vicidial_users u"
    " JOIN vicidial_user_groups g ON g.user_group = u.user_group"
    " LEFT JOIN vicidial_ip_list_entries e ON e.ip_list_id = g.api_ip_list"
    # VICIdial takes a name of one character for none.
    " WHERE u.user = :name AND CHAR_LENGTH(g.api_ip_list) > 1"
    " AND COALESCE(u.ignore_ip_list, '') <> '1'"
)
_PREFIX = re.compile(r"(\d+\.\d+\.\d+)\.x", re.IGNORECASE | re.ASCII)


class Addresses:
    """Knows from where users may come."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._has_lists: Kept[str, bool] = Kept(self._are_there, seconds=SCHEMA_SECONDS)
        self._in_use: Kept[str, bool] = Kept(self._are_in_use)

    async def of(self, name: str) -> tuple[Network, ...]:
        """The networks of that user, none for anywhere. Raises `OutOfReach`.

        The tables of the lists are asked for only where the lists are in use: one that cannot be
        read then is no reason to let somebody in.
        """
        if not await self._has_lists.get("") or not await self._in_use.get(""):
            return ANYWHERE
        rows = await self._database.rows(_ENTRIES, {"name": name})
        return _networks(str(row.entry or "") for row in rows) if rows else ANYWHERE

    async def _are_there(self, _: str) -> bool:
        return bool((await self._database.rows(_HAS_LISTS, {}))[0][0])

    async def _are_in_use(self, _: str) -> bool:
        return bool((await self._database.rows(_IN_USE, {}))[0][0])


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
