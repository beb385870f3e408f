"""What a player leg reports, from Asterisk's words to the core's."""

from callcue.asterisk.leg import Leg
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.server_clock import ServerClock
from callcue.core.ports import LegEvent
from callcue.core.states import Event
from callcue.core.types import Milliseconds, Position

FIRST_FRAME = 0.020
"""Seconds by which a clock is ahead that streams from inside a clip: its first frame is none."""

_ENDS = {
    "finished": Event.LIST_ENDED,
    "failed": Event.CLIP_FAILED,
    "timed_out": Event.TIME_LIMIT,
}


def leg_events(leg: Leg, event: AmiEvent, clock: ServerClock) -> list[LegEvent]:
    """The core's events for one `CallcueLeg` report; none for what it cannot be.

    Raises:
        ValueError, OverflowError: a number in it is none.

    """
    match event.get("State"):
        case "playing":
            return _playing(leg, event, clock)
        case "paused":
            return [_at(Event.HELD, event)]
        case "waiting":
            return _arrived(leg, _at(Event.WAITING, event))
        case "ended":
            return _ended(leg, event)
        case _:
            return []


def _playing(leg: Leg, event: AmiEvent, clock: ServerClock) -> list[LegEvent]:
    asterisk_ms = int(event.get("Clock"))
    since = clock.moment(
        asterisk_ms / 1000,
        received=event.received_at,
        ahead=FIRST_FRAME if event.get("Left") else 0.0,
    )
    leg.began = asterisk_ms, since
    return _arrived(leg, _at(Event.STREAMING, event, moving_since=since))


def _arrived(leg: Leg, event: LegEvent) -> list[LegEvent]:
    """A step, and before it the end of the item before, if no command led away from there."""
    number, item, round_ = leg.place
    assert event.position is not None
    leg.place = (event.number or 0, event.position.item, event.position.round)
    advanced = number == leg.place[0] and (item, round_) != leg.place[1:]
    return [LegEvent(Event.ITEM_ENDED), event] if advanced else [event]


def _ended(leg: Leg, event: AmiEvent) -> list[LegEvent]:
    end = ended(event.get("Reason"), event.get("Item"), int(event.get("Number")))
    if end is None:
        leg.detail = "another AMI user stopped it"
        return []
    return [end]


def ended(reason: str, item: str, number: int | None = None) -> LegEvent | None:
    """The core's event for an end, in the dialplan's words; None where it ended for another."""
    kind = _ENDS.get(reason)
    if kind is None:
        return None
    detail = f"item {item}: Asterisk cannot play that sound" if kind is Event.CLIP_FAILED else ""
    return LegEvent(kind, number, detail=detail)


def _at(kind: Event, event: AmiEvent, moving_since: float | None = None) -> LegEvent:
    position = Position(
        item=int(event.get("Item")),
        round=int(event.get("Round")),
        offset=Milliseconds(int(event.get("Offset"))),
    )
    return LegEvent(kind, int(event.get("Number")), position, moving_since)
