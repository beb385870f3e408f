"""What is kept of a password: argon2, and what stands in for an unknown user's."""

import time
from copy import copy

import pytest
from argon2 import PasswordHasher
from fakes.service import PASSWORD, cheap_hash

from callcue.api.stored_passwords import Argon2

KEPT = Argon2(cheap_hash(PASSWORD))
WRONG = [
    "",
    "x",
    PASSWORD.lower(),
    "\ud800",
    "x" * 100_000,
    "\0",
    f"{PASSWORD}\0",
    f" {PASSWORD}",
]


def test_given_a_hash_then_the_password_matches_and_nothing_else_does() -> None:
    assert KEPT.matches(PASSWORD)
    assert Argon2.of(PASSWORD).matches(PASSWORD)
    assert not any(KEPT.matches(wrong) for wrong in WRONG)


def test_given_a_hash_then_no_repr_shows_it_and_its_like_is_equal() -> None:
    assert repr(KEPT) == "Argon2()"
    assert copy(KEPT) == KEPT
    assert KEPT.decoy() != KEPT


def test_given_a_decoy_then_nothing_matches_it() -> None:
    decoy = KEPT.decoy()
    assert decoy.kind == KEPT.kind
    assert decoy != KEPT.decoy()
    assert not any(decoy.matches(text) for text in (PASSWORD, *WRONG))


def test_given_a_slow_hash_then_its_decoy_is_as_slow() -> None:
    slow = Argon2(PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1).hash(PASSWORD))
    taken = [min(_seconds(form) for _ in range(5)) for form in (slow, slow.decoy())]
    assert 0.5 < taken[0] / taken[1] < 2


def _seconds(form: Argon2) -> float:
    began = time.perf_counter()
    form.matches("wrong")
    return time.perf_counter() - began


@pytest.mark.parametrize("encoded", ["", "x", "$argon2id$", "é"])
def test_given_what_is_no_hash_then_nothing_matches_and_nothing_breaks(encoded: str) -> None:
    assert not Argon2(encoded).matches(PASSWORD)
    assert not Argon2(encoded).decoy().matches(PASSWORD)
