"""One playback: its position over time, its one reason, and those who wait for it."""

import asyncio

import pytest

from callcue.core.errors import ClipNotFound, NotStarted
from callcue.core.playback import Playback, PlayRequest
from callcue.core.types import Conference, EndReason, Milliseconds, Position


def new() -> Playback:
    return Playback(Conference("pbx1", "8600051"), PlayRequest(("greeting",)))


def at(offset: int, item: int = 1) -> Position:
    return Position(item, 1, Milliseconds(offset))


def test_given_it_moves_when_asked_then_the_last_place_and_the_time_since() -> None:
    playback = new()
    playback.stand_at(at(1000, item=2), moving_since=50.0)
    assert playback.position(lambda: 50.0) == at(1000, item=2)
    assert playback.position(lambda: 52.345) == at(3345, item=2)


def test_given_it_stands_when_asked_then_always_the_same() -> None:
    playback = new()
    playback.stand_at(at(1000), moving_since=None)
    assert playback.position(lambda: 1e9) == at(1000)


def test_given_a_gap_when_asked_then_it_counts_up_to_the_clip() -> None:
    playback = new()
    playback.stand_at(at(-500), moving_since=10.0)
    assert playback.position(lambda: 10.2) == at(-300)


def test_given_it_ends_when_it_moved_then_the_position_stands() -> None:
    playback = new()
    playback.stand_at(at(0), moving_since=0.0)
    playback.doom(EndReason.STOPPED)
    playback.finish()
    assert playback.position(lambda: 1.0) == playback.position(lambda: 1e9)


def test_given_two_reasons_when_doomed_then_the_first_stays() -> None:
    playback = new()
    playback.doom(EndReason.STOPPED, "by hand")
    playback.doom(EndReason.FAILED, "later")
    assert (playback.reason, playback.detail) == (EndReason.STOPPED, "by hand")


def test_given_numbers_when_taken_then_they_rise_from_two() -> None:
    playback = new()
    assert (playback.number, playback.next_number(), playback.next_number()) == (1, 2, 3)


def test_given_two_starts_when_noted_then_the_first_moment_stays() -> None:
    playback = new()
    playback.start()
    first = playback.started_at
    playback.start()
    assert playback.started_at is first


async def test_given_many_who_wait_when_it_is_heard_then_all_go_on() -> None:
    playback = new()
    waiting = [asyncio.create_task(playback.audible()) for _ in range(3)]
    await asyncio.sleep(0)
    playback.start()
    await asyncio.gather(*waiting)
    assert not playback.ended


@pytest.mark.parametrize(
    ("cause", "error", "text"),
    [
        (None, NotStarted, "the room is locked"),
        (ClipNotFound(0, "greeting"), ClipNotFound, "item 1: there is no such sound"),
    ],
)
async def test_given_it_ends_unheard_when_waited_for_then_the_reason_is_raised(
    cause: ClipNotFound | None, error: type[Exception], text: str
) -> None:
    playback = new()
    playback.cause = cause
    playback.doom(EndReason.FAILED, "the room is locked")
    playback.finish()
    with pytest.raises(error, match=text):
        await playback.audible()
    await playback.settled()
    await playback.gone()


async def test_given_it_was_heard_and_ended_when_waited_for_then_no_error() -> None:
    playback = new()
    playback.start()
    playback.doom(EndReason.FINISHED)
    playback.finish()
    await playback.audible()
