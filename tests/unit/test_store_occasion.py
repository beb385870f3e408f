"""Things done now and then: also after the clock was set."""

from callcue.store.occasion import Occasion


def test_given_an_occasion_then_it_comes_at_once_and_again_when_its_time_is_over() -> None:
    now = 1000.0
    occasion = Occasion(60, lambda: now)
    assert occasion.has_come()
    assert not occasion.has_come()
    now += 60
    assert not occasion.has_come()
    now += 1
    assert occasion.has_come()


def test_given_a_clock_that_is_set_back_then_nothing_waits_until_it_is_there_again() -> None:
    now = 1000.0
    occasion = Occasion(60, lambda: now)
    occasion.has_come()
    now -= 500
    assert occasion.has_come()
    assert not occasion.has_come()
