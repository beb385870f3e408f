"""VICIdial's users, as `vicidial_users` has them now. Nothing is written: no failure, no login."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from sqlalchemy import Row, text

from callcue.api.stored_passwords import StoredPassword
from callcue.api.users import ApiUser, UsersOutOfReach

from .addresses import ANYWHERE, addresses_of
from .database import Database, OutOfReach
from .impatient import Impatient
from .kept import Kept
from .passwords import PlainPassword, VicidialHash

FAILURES = 10
LOCK_SECONDS = 15 * 60

_ONE_USER = text(
    "SELECT u.user, u.pass AS plain, u.pass_hash, u.user_level, u.active, u.user_group,"
    " u.api_allowed_functions, u.vdc_agent_api_access, u.custom_three,"
    " COALESCE(u.failed_login_count >= :failures"
    " AND u.last_login_date >= NOW() - INTERVAL :seconds SECOND, 0) AS locked,"
    " s.pass_hash_enabled, s.pass_key, s.pass_cost,"
    # An older VICIdial has no such column: there the name is that of the table `older`.
    " (SELECT COUNT(*) FROM system_settings"
    " WHERE COALESCE(allow_ip_lists, '') NOT IN ('', '0')) AS has_address_lists"
    " FROM vicidial_users u LEFT JOIN system_settings s ON 1 = 1"
    " JOIN (SELECT '0' AS allow_ip_lists) older"
    " WHERE u.user = :name ORDER BY u.user_id LIMIT 1"
)
_BY_ALT_USER = text(
    "SELECT user FROM vicidial_users WHERE custom_three = :alt_user ORDER BY user LIMIT 1"
)
_API_ACTIVE = text("SELECT COUNT(*) FROM system_settings WHERE vdc_agent_api_active = '1'")


@dataclass(frozen=True, slots=True)
class VicidialUsers:
    """Implements `callcue.api.users.UserSource`."""

    _users: Kept[str, ApiUser | None]
    _names: Kept[str, str | None]
    _active: Impatient[str, bool]

    @classmethod
    def of(cls, database: Database, *, clock: Callable[[], float] = monotonic) -> "VicidialUsers":
        """The users of that database."""

        async def one(name: str) -> ApiUser | None:
            values = {"name": name, "failures": FAILURES, "seconds": LOCK_SECONDS}
            rows = await database.rows(_ONE_USER, values)
            if not rows:
                return None
            # The tables of the lists are asked for only where they are in use: one that cannot be
            # read then is no reason to let somebody in. Nor are they kept by themselves: an answer
            # that is made of a kept one would be believed for longer than a second.
            user, restricted = _user(rows[0]), bool(rows[0].has_address_lists)
            found = await addresses_of(user.name, database) if restricted else ANYWHERE
            return replace(user, addresses=found)

        async def name_of(alt_user: str) -> str | None:
            rows = await database.rows(_BY_ALT_USER, {"alt_user": alt_user})
            return str(rows[0].user) if rows else None

        async def is_active(_: str) -> bool:
            rows = await database.rows(_API_ACTIVE, {})
            return bool(rows[0][0])

        return cls(
            Kept(one, clock=clock), Kept(name_of, clock=clock), Impatient(is_active, clock=clock)
        )

    async def find(self, name: str) -> ApiUser | None:
        """See `UserSource.find`."""
        try:
            return await self._users.get(name)
        except OutOfReach as error:
            raise UsersOutOfReach(str(error)) from None

    async def named_by(self, alt_user: str) -> str | None:
        """See `UserSource.named_by`."""
        try:
            return await self._names.get(alt_user)
        except OutOfReach as error:
            raise UsersOutOfReach(str(error)) from None

    async def api_active(self) -> bool:
        """VICIdial's own switch of the agent API. A database out of reach switches nothing off:
        who is in the settings or in the store can stop what plays.
        """
        try:
            return await self._active.get("")
        except OutOfReach:
            return True


def _user(row: Row[Any]) -> ApiUser:
    return ApiUser(
        name=str(row.user),
        password=_password(row),
        level=int(row.user_level or 0),
        active=row.active == "Y",
        group=str(row.user_group or ""),
        functions=frozenset(str(row.api_allowed_functions or "").split()),
        alt_user=str(row.custom_three or ""),
        agent_api=str(row.vdc_agent_api_access) == "1",
        locked=bool(row.locked),
    )


def _password(row: Row[Any]) -> StoredPassword:
    if str(row.pass_hash_enabled or "0") == "0":
        return PlainPassword(str(row.plain or ""))
    return VicidialHash(str(row.pass_hash or ""), str(row.pass_key or ""), int(row.pass_cost or 0))
