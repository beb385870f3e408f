"""A flood of wrong passwords at api.php: who does it right does not notice."""

from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from fakes.flood import ATTACKERS, SECRET, SLOWER_AT_MOST, TRUST, Attacker, play, slower_in_a_flood
from fakes.passwords import vicidial_hash
from fakes.service import serving

from callcue import app_vicidial
from callcue.api.stored_passwords import StoredPassword
from callcue.api.users import ApiUser
from callcue.settings.tables import User
from callcue.vicidialdb.passwords import PlainPassword, VicidialHash

pytestmark = pytest.mark.alone

_HASH = PasswordHasher().hash(SECRET)
"""As costly as a real one."""

USERS = [{"user": name, "password_hash": _HASH} for name in ("6666", "7777")]


@pytest.mark.parametrize("attacker", ATTACKERS)
async def test_given_200_wrong_plays_a_second_then_a_right_one_is_not_slowed(
    attacker: Attacker,
) -> None:
    slower = await slower_in_a_flood(attacker, users=USERS)
    assert max(slower) < SLOWER_AT_MOST, "median and ninth decile, in seconds"


VICIDIALS: list[StoredPassword] = [
    VicidialHash(vicidial_hash(SECRET, "0123456789abcdef", 2), "0123456789abcdef", 2),
    PlainPassword(SECRET),
]


@pytest.mark.parametrize("attacker", ATTACKERS)
@pytest.mark.parametrize("kept", VICIDIALS, ids=["hashed", "plain"])
async def test_given_passwords_as_vicidial_keeps_them_then_a_right_one_is_not_slowed_either(
    attacker: Attacker, kept: StoredPassword, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_vicidials_password(table: User) -> ApiUser:
        return replace(api_user(table), password=kept)

    api_user = app_vicidial.api_user
    monkeypatch.setattr(app_vicidial, "api_user", with_vicidials_password)
    slower = await slower_in_a_flood(attacker, users=USERS)
    assert max(slower) < SLOWER_AT_MOST, "median and ninth decile, in seconds"


async def test_given_a_user_of_few_addresses_then_ipblock_elsewhere() -> None:
    users = [{**USERS[0], "addresses": ["9.9.9.0/24"]}]
    async with serving(users=users, http=TRUST) as service:
        assert "SUCCESS" in await play(service, "6666", "9.9.9.9")
        blocked = "ERROR: Invalid Username/Password: |6666||0|0|IPBLOCK|\n"
        assert await play(service, "6666", "9.9.8.9") == blocked
        assert "|BAD|" in await play(service, "6666", "9.9.8.9", "wrong")
