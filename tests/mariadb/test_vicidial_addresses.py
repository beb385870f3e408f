"""From where VICIdial's users may come, read from a real MariaDB."""

from collections.abc import Iterator

import pytest
from real.mariadb import MariaDB
from real.vicidial_tables import add

from callcue.api.users import UsersOutOfReach
from callcue.vicidialdb.database import Database
from callcue.vicidialdb.users import VicidialUsers

INSIDE, OUTSIDE = "10.1.2.3", "10.1.3.3"


def restrict(tables: MariaDB, *entries: str, name: str = "OFFICE", allow: str = "1") -> None:
    """The group of user 6666 has a list of these addresses."""
    tables.do(f"UPDATE system_settings SET allow_ip_lists = '{allow}'")
    add(tables, "vicidial_users", user="6666", user_group="SALES", **{"pass": "1234"})
    add(tables, "vicidial_user_groups", user_group="SALES", api_ip_list=name)
    add(tables, "vicidial_ip_list_entries", ip_list_id="OTHER", ip_address=OUTSIDE)
    for entry in entries:
        add(tables, "vicidial_ip_list_entries", ip_list_id=name, ip_address=entry)


async def let_in(database: Database, *addresses: str) -> list[bool]:
    user = await VicidialUsers.of(database).find("6666")
    assert user is not None
    return [user.may_come_from(address) for address in addresses]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([INSIDE], [True, False]),
        (["10.1.2.x"], [True, False]),
        (["10.1.3.X", "nonsense"], [False, True]),
        (["192.0.2.1", INSIDE, OUTSIDE], [True, True]),
        ([], [False, False]),
        (["nonsense", "10.1.x.x", "999.1.2.x", "10.0.0.0/8", ""], [False, False]),
    ],
    ids=str,
)
async def test_given_a_groups_list_then_its_users_come_from_there_alone(
    tables: MariaDB, database: Database, entries: list[str], expected: list[bool]
) -> None:
    restrict(tables, *entries)
    assert await let_in(database, INSIDE, OUTSIDE) == expected
    assert await let_in(database, "unknown", "::/64", "2001:db8::/64") == [False] * 3


async def test_given_an_address_of_ipv6_in_the_list_then_its_subscriber(
    tables: MariaDB, database: Database
) -> None:
    restrict(tables, "2001:db8:0:1::17")
    assert await let_in(database, "2001:db8:0:1::/64", "2001:db8:0:2::/64") == [True, False]


async def test_given_lists_that_are_not_in_use_then_from_anywhere(
    tables: MariaDB, database: Database
) -> None:
    restrict(tables, INSIDE, allow="0")
    assert await let_in(database, INSIDE, OUTSIDE) == [True, True]


@pytest.mark.parametrize("name", ["", "x"])
async def test_given_a_group_that_names_no_list_then_from_anywhere(
    tables: MariaDB, database: Database, name: str
) -> None:
    restrict(tables, name=name)
    assert await let_in(database, INSIDE, OUTSIDE) == [True, True]


async def test_given_a_user_of_no_known_group_then_from_anywhere(
    tables: MariaDB, database: Database
) -> None:
    restrict(tables, INSIDE)
    tables.do("UPDATE vicidial_users SET user_group = 'OTHERS'")
    assert await let_in(database, OUTSIDE) == [True]


async def test_given_a_user_for_whom_lists_do_not_count_then_from_anywhere(
    tables: MariaDB, database: Database
) -> None:
    restrict(tables, INSIDE)
    tables.do("UPDATE vicidial_users SET ignore_ip_list = '1'")
    assert await let_in(database, OUTSIDE) == [True]


@pytest.fixture
def older(tables: MariaDB) -> Iterator[MariaDB]:
    """A VICIdial from before there were lists."""
    tables.do(
        "DROP TABLE vicidial_user_groups",
        "DROP TABLE vicidial_ip_list_entries",
        "ALTER TABLE vicidial_users DROP COLUMN ignore_ip_list",
        "ALTER TABLE system_settings DROP COLUMN allow_ip_lists",
    )
    yield tables
    tables.do("DROP TABLE vicidial_users", "DROP TABLE system_settings")


async def test_given_an_older_vicidial_then_from_anywhere(
    older: MariaDB, database: Database
) -> None:
    add(older, "vicidial_users", user="6666", **{"pass": "1234"})
    assert await let_in(database, INSIDE, OUTSIDE) == [True, True]


async def test_given_lists_in_use_that_cannot_be_read_then_nobody_is_let_in(
    tables: MariaDB, database: Database
) -> None:
    restrict(tables, INSIDE)
    tables.do("DROP TABLE vicidial_ip_list_entries")
    with pytest.raises(UsersOutOfReach):
        await VicidialUsers.of(database).find("6666")
