"""The API users of the store: `UserBook` changes them, `StoredUsers` is what logins ask."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from sqlalchemy import Row, insert, select, update

from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser, UsersOutOfReach
from callcue.core.types import Role

from .database import Database
from .schema import STATE, USERS


class UserExists(Exception):
    """There is a user of that name already."""


class NoSuchUser(Exception):
    """There is none of that name."""


class UserBook:
    """Reads and changes users. Every method raises `StoreOutOfReach`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[ApiUser]:
        """All users by name."""
        async with self._database.reading() as connection:
            rows = await connection.execute(select(USERS).order_by(USERS.c.name))
            return [_user(row) for row in rows]

    async def revision(self) -> int:
        """A number that every change raises."""
        async with self._database.reading() as connection:
            return int((await connection.execute(select(STATE.c.users_revision))).scalar_one())

    async def add(self, user: ApiUser) -> None:
        """Put a new user in; raises `UserExists`."""
        async with self._database.writing() as connection:
            named = select(USERS.c.name).where(USERS.c.name == user.name)
            if (await connection.execute(named)).first() is not None:
                raise UserExists(user.name)
            await connection.execute(insert(USERS).values(**_row(user)))
            await connection.execute(_CHANGED)

    async def set_active(self, name: str, active: bool) -> None:
        """Let log in or not; raises `NoSuchUser`."""
        await self._change(name, active=active)

    async def set_password(self, name: str, password: Argon2) -> None:
        """Give another password; raises `NoSuchUser`."""
        await self._change(name, password_hash=password.encoded)

    async def _change(self, name: str, **values: object) -> None:
        async with self._database.writing() as connection:
            change = update(USERS).where(USERS.c.name == name).values(**values)
            if not (await connection.execute(change)).rowcount:
                raise NoSuchUser(name)
            await connection.execute(_CHANGED)


class StoredUsers:
    """The users as they were at the last look: a login never waits for the store.

    Implements `callcue.api.users.UserSource`. While the store cannot be read, what was read last
    stands.
    """

    def __init__(self, book: UserBook) -> None:
        self._book = book
        self._revision: int | None = None
        self._users: Mapping[str, ApiUser] | None = None

    async def look(self) -> None:
        """Read what has changed, if anything. Raises `StoreOutOfReach`."""
        revision = await self._book.revision()
        if revision != self._revision:
            self.take(await self._book.all())
            # Read before them: a change in between is seen at the next look.
            self._revision = revision

    def take(self, users: Iterable[ApiUser]) -> None:
        """Have these users from now on."""
        self._users = {user.name: user for user in users}

    async def find(self, name: str) -> ApiUser | None:
        """See `UserSource.find`."""
        return self._known().get(name)

    async def named_by(self, alt_user: str) -> str | None:
        """See `UserSource.named_by`."""
        users = self._known().values()
        return next((user.name for user in users if user.alt_user == alt_user), None)

    def _known(self) -> Mapping[str, ApiUser]:
        if self._users is None:
            raise UsersOutOfReach
        return self._users


_CHANGED = update(STATE).values(users_revision=STATE.c.users_revision + 1)


def _row(user: ApiUser) -> dict[str, Any]:
    if not isinstance(user.password, Argon2):
        raise TypeError("the store keeps argon2 only")
    return {
        "name": user.name,
        "password_hash": user.password.encoded,
        "level": user.level,
        "active": user.active,
        "user_group": user.group,
        "functions": " ".join(sorted(user.functions)),
        "alt_user": user.alt_user,
        "audience": user.audience.value,
        "addresses": " ".join(map(str, user.addresses)),
    }


def _user(row: Row[Any]) -> ApiUser:
    return ApiUser(
        name=row.name,
        password=Argon2(row.password_hash),
        level=row.level,
        active=row.active,
        group=row.user_group,
        functions=frozenset(row.functions.split()),
        alt_user=row.alt_user,
        audience=Role(row.audience),
        addresses=tuple(ip_network(text) for text in row.addresses.split()),
    )
