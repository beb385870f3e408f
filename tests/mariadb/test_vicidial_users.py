"""VICIdial's users, read from a real MariaDB."""

import pytest
from real import vicidial_tables
from real.mariadb import MariaDB
from real.vicidial_tables import KEY, add, hashed

from callcue.vicidialdb.database import Database
from callcue.vicidialdb.users import VicidialUsers


async def matches(users: VicidialUsers, name: str, password: str) -> bool:
    user = await users.find(name)
    assert user is not None
    return user.password.matches(password)


async def test_given_a_plain_user_when_found_then_all_that_vicidial_says_of_it(
    tables: MariaDB, database: Database
) -> None:
    add(
        tables,
        "vicidial_users",
        user="6666",
        **{"pass": "Pass.1234"},
        user_level=8,
        user_group="SALES",
        api_allowed_functions=" audio_playback version ",
        custom_three="crm1",
    )
    found = await VicidialUsers.of(database).find("6666")
    assert found is not None
    assert (found.name, found.level, found.active, found.group) == ("6666", 8, True, "SALES")
    assert (found.alt_user, found.agent_api) == ("crm1", True)
    assert found.may("audio_playback")
    assert not found.may("recording")
    assert "1234" not in repr(found)


async def test_given_a_plain_password_when_compared_then_as_mysql_does_it(
    tables: MariaDB, database: Database
) -> None:
    add(tables, "vicidial_users", user="Anna", **{"pass": "Pass.1234"})
    users = VicidialUsers.of(database)
    for name in ("Anna", "anna", "ANNA"):
        assert await matches(users, name, "Pass.1234")
        assert await matches(users, name, "pASS.1234")
        assert not await matches(users, name, "Pass.123")
        assert not await matches(users, name, "")


@pytest.mark.parametrize("cost", [2, 4, 6])
async def test_given_hashed_passwords_when_compared_then_case_counts(
    tables: MariaDB, database: Database, cost: int
) -> None:
    vicidial_tables.hash_passwords(tables, cost)
    kept = hashed("Pass.1234", cost)
    add(tables, "vicidial_users", user="6666", **{"pass": "other"}, pass_hash=kept)
    users = VicidialUsers.of(database)
    assert await matches(users, "6666", "Pass.1234")
    assert not await matches(users, "6666", "pass.1234")
    assert not await matches(users, "6666", "other")
    assert not await matches(users, "6666", kept)


@pytest.mark.parametrize(("key", "kept"), [("too-short", None), (KEY, "")])
async def test_given_a_salt_or_a_hash_that_is_none_then_nobody_gets_in(
    tables: MariaDB, database: Database, key: str, kept: str | None
) -> None:
    vicidial_tables.hash_passwords(tables, key=key)
    add(
        tables,
        "vicidial_users",
        user="6666",
        **{"pass": "Pass.1234"},
        pass_hash=hashed("Pass.1234") if kept is None else kept,
    )
    users = VicidialUsers.of(database)
    for password in ("Pass.1234", "", "x"):
        assert not await matches(users, "6666", password)


@pytest.mark.parametrize(
    ("columns", "active", "agent_api"),
    [
        ({"active": "N"}, False, True),
        ({"vdc_agent_api_access": "0"}, True, False),
        ({"failed_login_count": 9}, True, True),
        ({"failed_login_count": 10}, True, True),
    ],
    ids=str,
)
async def test_given_a_user_with_less_rights_when_found_then_it_has_them_not(
    tables: MariaDB,
    database: Database,
    columns: dict[str, str],
    active: bool,
    agent_api: bool,
) -> None:
    add(tables, "vicidial_users", user="6666", **columns)
    found = await VicidialUsers.of(database).find("6666")
    assert found is not None
    assert (found.active, found.agent_api, found.locked) == (active, agent_api, False)


async def test_given_a_user_whom_vicidial_has_locked_out_then_it_is_locked_out_here_too(
    tables: MariaDB, database: Database
) -> None:
    add(tables, "vicidial_users", user="6666", failed_login_count=10)
    tables.do("UPDATE vicidial_users SET last_login_date = NOW() - INTERVAL 14 MINUTE")
    found = await VicidialUsers.of(database).find("6666")
    assert found is not None
    assert found.locked
    assert found.active


async def test_given_another_name_when_asked_then_the_first_user_who_has_it(
    tables: MariaDB, database: Database
) -> None:
    for user in ("1002", "1001"):
        add(tables, "vicidial_users", user=user, custom_three="crm1")
    users = VicidialUsers.of(database)
    assert await users.named_by("crm1") == "1001"
    assert await users.named_by("nobody") is None


async def test_given_nobody_of_that_name_then_none(tables: MariaDB, database: Database) -> None:
    assert await VicidialUsers.of(database).find("6666") is None
    tables.do("DELETE FROM system_settings")
    add(tables, "vicidial_users", user="6666", **{"pass": "1234"})
    assert await matches(VicidialUsers.of(database), "6666", "1234")


async def test_given_the_systems_switch_then_it_is_read(
    tables: MariaDB, database: Database
) -> None:
    assert await VicidialUsers.of(database).api_active()
    tables.do("UPDATE system_settings SET vdc_agent_api_active = '0'")
    assert not await VicidialUsers.of(database).api_active()
