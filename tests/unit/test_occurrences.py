"""What there is to tell of a playback that is heard, report by report."""

import pytest

from callcue.core.occurrences import ENDS, Occurrence, news
from callcue.core.ports import LegEvent
from callcue.core.states import Event, Verb
from callcue.core.types import EndReason, Milliseconds, Position, Told

HEARD = Told(item=1, round=1, paused=False)
PAUSED = Told(item=1, round=1, paused=True)


def _report(kind: Event, item: int = 1, round_: int = 1) -> LegEvent:
    return LegEvent(kind, 2, Position(item, round_, Milliseconds(40)))


CASES: dict[str, tuple[Told, LegEvent, Verb | None, list[str], Told]] = {
    "it is paused": (HEARD, _report(Event.HELD), Verb.PAUSE, ["paused"], PAUSED),
    "it is paused already": (PAUSED, _report(Event.HELD), Verb.PAUSE, [], PAUSED),
    "it goes on": (PAUSED, _report(Event.STREAMING), Verb.RESUME, ["resumed"], HEARD),
    "the report comes twice": (HEARD, _report(Event.STREAMING), None, [], HEARD),
    "the next item begins": (
        HEARD,
        _report(Event.STREAMING, 2),
        None,
        ["item_started"],
        Told(2, 1, paused=False),
    ),
    "the next round begins": (
        Told(2, 1, paused=False),
        _report(Event.STREAMING, 1, 2),
        None,
        ["item_started"],
        Told(1, 2, paused=False),
    ),
    "it is held between two items": (HEARD, _report(Event.HELD, 2), None, ["paused"], PAUSED),
    "it goes on with the second": (
        PAUSED,
        _report(Event.STREAMING, 2),
        Verb.RESUME,
        ["resumed", "item_started"],
        Told(2, 1, paused=False),
    ),
    "it jumps": (
        HEARD,
        _report(Event.STREAMING, 3),
        Verb.SEEK,
        ["seeked"],
        Told(3, 1, paused=False),
    ),
    "it jumps while paused": (
        PAUSED,
        _report(Event.HELD, 3),
        Verb.SEEK,
        ["seeked"],
        Told(3, 1, paused=True),
    ),
    "it is restarted while paused": (
        Told(3, 2, paused=True),
        _report(Event.STREAMING),
        Verb.RESTART,
        ["seeked"],
        HEARD,
    ),
    "its clip is not there yet": (HEARD, _report(Event.WAITING, 2), None, [], HEARD),
    "it is resumed where its clip is not there yet": (
        PAUSED,
        _report(Event.WAITING, 2),
        Verb.RESUME,
        ["resumed"],
        HEARD,
    ),
    "it is found further on": (
        HEARD,
        _report(Event.FOUND_PLAYING, 2),
        None,
        ["item_started"],
        Told(2, 1, paused=False),
    ),
    "it is found paused": (
        HEARD,
        _report(Event.FOUND_PAUSED, 2),
        None,
        ["item_started", "paused"],
        Told(2, 1, paused=True),
    ),
    "it is found as it was": (PAUSED, _report(Event.FOUND_PAUSED), None, [], PAUSED),
    "something else is reported": (HEARD, LegEvent(Event.JOINED), None, [], HEARD),
}


@pytest.mark.parametrize(("told", "report", "asked", "kinds", "then"), CASES.values(), ids=CASES)
def test_given_a_report_then_what_is_new_is_told(
    told: Told, report: LegEvent, asked: Verb | None, kinds: list[str], then: Told
) -> None:
    occurrences, now_told = news(told, report, asked)
    assert [occurrence.value for occurrence in occurrences] == kinds
    assert now_told == then


def test_given_any_reason_then_its_end_has_its_name() -> None:
    assert {Occurrence.of_end(reason).value for reason in EndReason} == set(EndReason)
    assert len(ENDS) == len(EndReason)
