"""Passwords in every form that somebody keeps."""

import time
from copy import copy

import bcrypt
import pytest
from argon2 import PasswordHasher
from fakes.service import PASSWORD, cheap_hash

from callcue.api.stored_passwords import Argon2, Bcrypt, Plain, StoredPassword

BCRYPT = bcrypt.hashpw(PASSWORD.encode(), b"$2a$04$abcdefghijklmnopqrstuu").decode()
FORMS: list[StoredPassword] = [Argon2(cheap_hash(PASSWORD)), Bcrypt(BCRYPT), Plain(PASSWORD)]
STRANGE = ["", "x", "\ud800", "x" * 100_000, "\0", f"{PASSWORD}\0", f" {PASSWORD}"]


def _name(form: StoredPassword) -> str:
    return type(form).__name__


@pytest.mark.parametrize("form", FORMS, ids=_name)
def test_given_a_form_then_the_password_matches_and_nothing_else_does(form: StoredPassword) -> None:
    assert form.matches(PASSWORD)
    assert not any(form.matches(strange) for strange in STRANGE)


@pytest.mark.parametrize("form", FORMS, ids=_name)
def test_given_a_form_then_no_repr_shows_it_and_its_like_is_equal(form: StoredPassword) -> None:
    assert repr(form) == f"{_name(form)}()"
    assert form != form.decoy()
    assert copy(form) == form


@pytest.mark.parametrize(
    ("form", "cased"),
    list(zip(FORMS, [False, False, True], strict=True)),
    ids=["argon2", "bcrypt", "plain"],
)
def test_given_another_case_then_only_plain_ones_match(form: StoredPassword, cased: bool) -> None:
    assert form.matches(PASSWORD.upper()) is cased


@pytest.mark.parametrize("form", FORMS, ids=_name)
def test_given_a_decoy_then_nothing_matches_it(form: StoredPassword) -> None:
    decoy = form.decoy()
    assert decoy.kind == form.kind
    assert decoy.slow is form.slow
    assert not any(decoy.matches(text) for text in (PASSWORD, *STRANGE))
    assert decoy != form.decoy()


@pytest.mark.parametrize(
    "slow",
    [
        Argon2(PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1).hash(PASSWORD)),
        Bcrypt(bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(7)).decode()),
    ],
    ids=_name,
)
def test_given_a_slow_form_then_its_decoy_is_as_slow(slow: StoredPassword) -> None:
    taken = [min(_seconds(form) for _ in range(5)) for form in (slow, slow.decoy())]
    assert 0.5 < taken[0] / taken[1] < 2


def _seconds(form: StoredPassword) -> float:
    began = time.perf_counter()
    form.matches("wrong")
    return time.perf_counter() - began


@pytest.mark.parametrize("encoded", ["", "x", "$2a$", "$2a$02$abcdefghijklmnopqrstuuu", "é"])
def test_given_what_is_no_hash_then_nothing_matches_and_nothing_breaks(encoded: str) -> None:
    for form in (Argon2(encoded), Bcrypt(encoded)):
        assert not form.matches(PASSWORD)
        assert not form.decoy().matches(PASSWORD)


def test_given_an_empty_plain_password_then_nobody_gets_in() -> None:
    assert not Plain("").matches("")


def test_given_a_password_longer_than_bcrypt_reads_then_its_beginning_decides() -> None:
    longest = "a" * 72
    form = Bcrypt(bcrypt.hashpw(longest.encode(), bcrypt.gensalt(4)).decode())
    assert form.matches(longest + "more")
