"""VICIdial's two forms of a password, and bcrypt of a cost that no library does."""

import bcrypt
import pytest
from fakes.passwords import vicidial_hash
from hypothesis import given, settings
from hypothesis import strategies as st

from callcue.vicidialdb import passwords
from callcue.vicidialdb.eksblowfish import bcrypt_of_low_cost
from callcue.vicidialdb.passwords import PlainPassword, VicidialHash

KEY = "0123456789abcdef"
SALT = b"KBCwKxOzLha2MUDgW0PjXe"
"""The same 16 characters in the alphabet of bcrypt."""


@pytest.mark.parametrize("password", ["1234", "p", "x" * 72, "Pass.word+/=_-1"])
def test_given_a_cost_that_both_can_do_then_ours_is_the_librarys(password: str) -> None:
    theirs = bcrypt.hashpw(password.encode(), b"$2a$04$" + SALT)
    ours = bcrypt_of_low_cost(password.encode(), KEY.encode(), 4)
    assert passwords._in_bcrypt_base64(ours) == theirs[-31:]


@pytest.mark.parametrize("cost", [0, 2, 3, 4, 5])
def test_given_a_hash_of_vicidials_then_its_password_alone_matches(cost: int) -> None:
    kept = VicidialHash(vicidial_hash("Pass.1234", KEY, cost), KEY, cost)
    assert kept.matches("Pass.1234")
    assert not kept.matches("Pass.1235")
    assert not kept.matches("pass.1234")
    assert not kept.matches("")
    assert len(kept.stored) == 31


def test_given_a_long_password_then_bcrypt_looks_at_its_first_72_bytes() -> None:
    kept = VicidialHash(vicidial_hash("x" * 100, KEY, 4), KEY, 4)
    assert kept.matches("x" * 100)
    assert kept.matches("x" * 72)
    assert not kept.matches("x" * 71)


@pytest.mark.parametrize(
    "kept",
    [
        VicidialHash("", KEY, 4),
        VicidialHash("short", KEY, 4),
        VicidialHash("!" * 31, KEY, 4),
        VicidialHash("a" * 31, "", 4),
        VicidialHash("a" * 31, "fifteen-charact", 4),
        VicidialHash("a" * 31, KEY, -1),
        VicidialHash("a" * 31, KEY, 31),
        VicidialHash("a" * 31, KEY, 99),
        PlainPassword(""),
        PlainPassword("   "),
    ],
    ids=repr,
)
def test_given_something_that_is_no_password_then_nothing_matches_it(
    kept: VicidialHash | PlainPassword,
) -> None:
    for password in ("", " ", "1234", "a" * 31):
        assert not kept.matches(password)


def test_given_a_plain_password_then_neither_case_nor_blanks_behind_count() -> None:
    kept = PlainPassword("Pass.1234 ")
    assert kept.matches("pASS.1234")
    assert not kept.matches("pass.123")
    assert not kept.matches("")


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_given_any_text_then_nothing_is_raised_and_nothing_shown(text: str) -> None:
    for kept in (PlainPassword("secret-1"), VicidialHash("secret.2" + "a" * 23, KEY, 4)):
        assert not kept.matches(text)
        assert not kept.decoy().matches(text)
        assert kept.decoy().kind == kept.kind
        assert "secret" not in repr(kept)
        assert KEY not in repr(kept)
