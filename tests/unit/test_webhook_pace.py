"""When what failed is tried again, and how little is asked of a receiver that is down."""

from callcue.events.pace import AT_ONCE, FAILURES, LONGEST_REST_SECONDS, Pace
from callcue.events.retries import DELAYS, JITTER, LONGEST_ASKED_FOR, delay


def test_given_failures_then_the_delays_grow_to_an_hour() -> None:
    for attempts in range(1, 40):
        usual = DELAYS[min(attempts, len(DELAYS)) - 1]
        assert usual * (1 - JITTER) <= delay(attempts) <= usual * (1 + JITTER)
    assert len({delay(3) for _ in range(10)}) > 1
    assert delay(1, 60.0) == 60.0
    assert delay(1, 1e9) == LONGEST_ASKED_FOR


def test_given_some_failures_then_a_receiver_is_still_asked_as_ever() -> None:
    pace = Pace(lambda: 100.0)
    for _ in range(FAILURES - 1):
        pace.failed()
    assert (pace.at_once, pace.is_slow, pace.rests_until <= 100.0) == (AT_ONCE, False, True)
    pace.taken()
    for _ in range(FAILURES - 1):
        pace.failed()
    assert not pace.is_slow


def test_given_failures_in_a_row_then_one_at_a_time_with_ever_longer_pauses() -> None:
    now, rests = 1000.0, list[float]()
    pace = Pace(lambda: now)
    for _ in range(FAILURES - 1):
        pace.failed()
    for _ in range(10):
        pace.failed()
        assert pace.at_once == 1
        rests.append(pace.rests_until - now)
        pace.failed()  # one more that was on its way already
        assert pace.rests_until - now == rests[-1]
        now = pace.rests_until
    assert 0.8 <= rests[0] <= 1.0
    assert rests[:6] == sorted(rests[:6])
    assert 0.8 * LONGEST_REST_SECONDS <= rests[-1] <= LONGEST_REST_SECONDS
    pace.taken()
    assert (pace.at_once, pace.is_slow, pace.rests_until <= now) == (AT_ONCE, False, True)


def test_given_a_receiver_that_asks_for_rest_then_it_has_it_whoever_else_comes_through() -> None:
    pace = Pace(lambda: 100.0)
    pace.failed(30.0)
    pace.failed()
    pace.taken()
    assert (pace.rests_until, pace.is_slow) == (130.0, False)


def test_given_failures_without_a_wish_then_nothing_rests_when_one_is_taken() -> None:
    pace = Pace(lambda: 100.0)
    for _ in range(FAILURES):
        pace.failed()
    pace.taken()
    assert pace.rests_until == 0.0
