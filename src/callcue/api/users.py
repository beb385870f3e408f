"""API users: what is known of one, and where one is looked up."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Protocol

from callcue.core.types import Role

from .stored_passwords import StoredPassword

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class ApiUser:
    """A user of the `api.php` dialect."""

    name: str
    password: StoredPassword = field(repr=False)
    level: int = 1
    active: bool = True
    group: str = ""
    functions: frozenset[str] = frozenset({"ALL_FUNCTIONS"})
    alt_user: str = ""
    audience: Role = Role.EVERYONE
    """Who hears what this user plays."""
    addresses: tuple[Network, ...] = ()
    """From where this user may come; from anywhere if there are none."""
    agent_api: bool = True
    """Whether `api.php` is for this user at all, as VICIdial's `vdc_agent_api_access` says."""
    locked: bool = False
    """Whether it is locked where it is kept: no password is even looked at."""

    @property
    def may_log_in(self) -> bool:
        """Whether anybody is let in by that name."""
        return self.active and self.level > 0

    def may(self, function: str) -> bool:
        """Whether that function is among those allowed."""
        return bool(self.functions & {"ALL_FUNCTIONS", function})

    def may_come_from(self, address: str) -> bool:
        """Whether that address, as `ClientAddress` has it, is among those allowed."""
        if not self.addresses:
            return True
        where = _network(address)
        return where is not None and any(_holds(network, where) for network in self.addresses)


@lru_cache(1024)
def _network(address: str) -> Network | None:
    try:
        return ip_network(address)
    except ValueError:
        return None


def _holds(network: Network, where: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(where, IPv4Network) and where.subnet_of(network)
    return isinstance(where, IPv6Network) and where.subnet_of(network)


class UsersOutOfReach(Exception):
    """Whoever knows the users cannot be asked now."""


class UserSource(Protocol):
    """Somewhere users are kept."""

    async def find(self, name: str) -> ApiUser | None:
        """The user of that name, as things are now.

        Raises:
            UsersOutOfReach: nobody is there to ask.

        """

    async def named_by(self, alt_user: str) -> str | None:
        """The name of the first user who has that other name. Raises as `find`."""


class FixedUsers:
    """The users of the settings file."""

    def __init__(self, users: Iterable[ApiUser]) -> None:
        self._by_name: dict[str, ApiUser] = {}
        self.replace(users)

    def replace(self, users: Iterable[ApiUser]) -> None:
        """From now on there are these."""
        self._by_name = {user.name: user for user in users}

    async def find(self, name: str) -> ApiUser | None:
        """See `UserSource.find`."""
        return self._by_name.get(name)

    async def named_by(self, alt_user: str) -> str | None:
        """See `UserSource.named_by`."""
        users = self._by_name.values()
        return next((user.name for user in users if user.alt_user == alt_user), None)


class UsersOfAll:
    """Several sources as one: the first that knows a name is right about it."""

    def __init__(self, sources: Iterable[UserSource]) -> None:
        self._sources = tuple(sources)

    async def find(self, name: str) -> ApiUser | None:
        """See `UserSource.find`."""
        for source in self._sources:
            if (user := await source.find(name)) is not None:
                return user
        return None

    async def named_by(self, alt_user: str) -> str | None:
        """See `UserSource.named_by`."""
        for source in self._sources:
            if (name := await source.named_by(alt_user)) is not None:
                return name
        return None
