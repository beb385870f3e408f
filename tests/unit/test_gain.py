"""Decibels and Asterisk's whole-number gains."""

import pytest

from callcue.asterisk.gain import Gain, nearest_gain


@pytest.mark.parametrize(
    ("decibels", "factor", "set_"),
    [(0, 0, 0), (6, 2, 6), (-6, -2, -6), (12, 4, 12), (-12, -4, -12), (1, 0, 0), (-20, -10, -20)],
)
def test_given_decibels_when_the_nearest_gain_is_taken_then_this_one(
    decibels: float, factor: int, set_: int
) -> None:
    gain = nearest_gain(decibels)
    assert (gain.factor, gain.decibels) == (factor, set_)


def test_given_the_whole_range_when_asked_then_never_further_than_three_decibels() -> None:
    for decibels in range(-30, 12 + 1):
        assert abs(nearest_gain(decibels).decibels - decibels) <= 3


def test_given_more_decibels_when_asked_then_never_quieter() -> None:
    gains = [nearest_gain(tenth / 10).decibels for tenth in range(-300, 121)]
    assert gains == sorted(gains)


def test_given_no_factor_of_one_when_asked_then_zero_is_as_it_was() -> None:
    assert Gain(0).decibels == 0
    assert {nearest_gain(tenth / 10).factor for tenth in range(-300, 121)}.isdisjoint({1, -1})
