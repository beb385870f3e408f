"""A flood of wrong passwords for users who are in VICIdial's database and nowhere else."""

import pytest
from fakes.flood import (
    SECRET,
    SLOWER_AT_MOST,
    Attacker,
    many_addresses,
    same_name_from_many,
    slower_in_a_flood,
)
from real import vicidial_tables
from real.mariadb import NAME, PASSWORD, USER, MariaDB
from real.vicidial_tables import add, hashed

pytestmark = pytest.mark.alone

VICIDIALS_COST = 2


@pytest.mark.parametrize("attacker", [many_addresses, same_name_from_many])
@pytest.mark.parametrize("form", ["hashed", "plain"])
async def test_given_200_wrong_plays_a_second_then_a_right_one_is_not_slowed(
    tables: MariaDB, attacker: Attacker, form: str
) -> None:
    kept = {"pass": SECRET}
    if form == "hashed":
        vicidial_tables.hash_passwords(tables, VICIDIALS_COST)
        kept = {"pass_hash": hashed(SECRET, VICIDIALS_COST)}
    for name in ("6666", "7777"):
        add(tables, "vicidial_users", user=name, **kept)
    url = f"mysql://{USER}:{PASSWORD}@{tables.host}:{tables.port}/{NAME}"
    slower = await slower_in_a_flood(attacker, users=[], vicidial={"database": {"url": url}})
    assert max(slower) < SLOWER_AT_MOST, "median and ninth decile, in seconds"
