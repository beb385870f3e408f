"""What a report's moment is taken to be, however late it comes and however its clock is set."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcue.asterisk.server_clock import DRIFT, LATEST, ServerClock

WALL = 1_700_000_000.0
"""Asterisk's clock when ours is at 0."""
ROUNDING = 1e-5


def asked(clock: ServerClock, at: float, *, there: float = WALL, way: float = 0.001) -> None:
    """A ping at that moment of ours, each way of which takes *way* seconds."""
    clock.answered(there + at + way, sent=at, received=at + 2 * way)


def test_given_nothing_known_then_a_report_is_taken_as_of_its_arrival() -> None:
    assert ServerClock().moment(WALL, received=5.0) == 5.0
    assert ServerClock().long_ago(WALL, now=5.0) == 5.0


def test_given_a_ping_when_a_report_comes_late_then_its_moment_is_when_it_was_sent() -> None:
    clock = ServerClock()
    asked(clock, 10.0)
    assert clock.moment(WALL + 11.0, received=11.27) == pytest.approx(11.0, abs=0.002)


def test_given_a_slow_ping_then_a_quick_report_tells_more() -> None:
    clock = ServerClock()
    asked(clock, 10.0, way=0.15)
    assert clock.moment(WALL + 11.0, received=11.001) == pytest.approx(10.9, abs=0.05)
    asked(clock, 12.0)
    assert clock.moment(WALL + 13.0, received=13.2) == pytest.approx(13.0, abs=0.003)


def test_given_a_moment_yet_to_come_then_it_bounds_the_clock_by_when_it_was_named() -> None:
    clock = ServerClock()
    asked(clock, 10.0)
    assert clock.moment(WALL + 11.02, received=11.001, ahead=0.02) == 11.001
    assert clock.moment(WALL + 12.0, received=12.3) == pytest.approx(12.0, abs=0.002)


def test_given_a_clock_set_back_when_a_report_comes_then_it_is_of_now_and_the_next_ones_too() -> (
    None
):
    clock = ServerClock()
    asked(clock, 10.0)
    assert clock.moment(WALL + 11.0 - 60, received=11.001) == 11.001
    assert clock.moment(WALL + 12.0 - 60, received=12.2) == pytest.approx(12.0, abs=0.002)


def test_given_a_clock_set_forward_when_a_report_comes_then_it_is_of_now() -> None:
    clock = ServerClock()
    asked(clock, 10.0)
    moment = clock.moment(WALL + 11.0 + 60, received=11.001)
    assert moment == pytest.approx(11.001, abs=ROUNDING)


@pytest.mark.parametrize("step", [-60.0, -0.5, 0.5, 60.0])
def test_given_a_clock_that_was_set_when_pinged_then_it_is_known_again(step: float) -> None:
    clock = ServerClock()
    asked(clock, 10.0)
    asked(clock, 20.0, there=WALL + step)
    moment = clock.moment(WALL + step + 21.0, received=21.3)
    assert moment == pytest.approx(21.0, abs=0.002)


def test_given_a_leg_that_began_long_ago_then_its_moment_is_known_and_never_yet_to_come() -> None:
    clock = ServerClock()
    asked(clock, 1000.0)
    assert clock.long_ago(WALL + 100.0, now=1001.0) == pytest.approx(100.0, abs=0.002)
    assert clock.long_ago(WALL + 2000.0, now=1001.0) == 1001.0


@dataclass(frozen=True)
class Happening:
    """Some seconds later Asterisk's clock may be set, and then it answers a ping or reports."""

    later: float
    step: float
    is_ping: bool
    there: float
    back: float
    ahead: float


DELAYS = st.one_of(st.floats(0, 0.01), st.floats(0, 1.0))
HAPPENINGS = st.lists(
    st.builds(
        Happening,
        later=st.floats(0, 30),
        step=st.one_of(st.just(0.0), st.just(0.0), st.floats(-100, 100), st.floats(-1, 1)),
        is_ping=st.booleans(),
        there=DELAYS,
        back=DELAYS,
        ahead=st.sampled_from((0.0, 0.02)),
    ),
    max_size=30,
)


@given(HAPPENINGS)
def test_given_any_delays_and_steps_then_a_moment_is_within_its_bounds(
    happenings: list[Happening],
) -> None:
    clock, now, offset = ServerClock(), 100.0, WALL
    certain: float | None = None  # the round trip of a ping since which nothing was set
    pinged = 0.0
    for one in happenings:
        sent = now + one.later
        offset += one.step
        certain = None if one.step else certain
        said_at, now = sent + one.there, sent + one.there + one.back
        if one.is_ping:
            clock.answered(said_at + offset, sent=sent, received=now)
            certain, pinged = one.there + one.back, now
            continue
        moment = clock.moment(said_at + one.ahead + offset, received=now, ahead=one.ahead)
        assert now - LATEST - ROUNDING <= moment <= now
        if certain is not None:
            off = abs(moment - min(said_at + one.ahead, now))
            assert off <= certain + DRIFT * (now - pinged) + ROUNDING
