"""What a player leg reports, from Asterisk's words to the core's."""

from callcue.asterisk.leg import Leg
from callcue.asterisk.message import AmiEvent
from callcue.core.ports import LegEvent
from callcue.core.states import Event
from callcue.core.types import Milliseconds, Position

_ENDS = {
    "finished": Event.LIST_ENDED,
    "failed": Event.CLIP_FAILED,
    "timed_out": Event.TIME_LIMIT,
}


def leg_events(leg: Leg, event: AmiEvent) -> list[LegEvent]:
    """The core's events for one `CallcueLeg` report; none for what it cannot be.

    Raises:
        ValueError: a number in it is none.

    """
    match event.get("State"):
        case "playing":
            return _playing(leg, event)
        case "paused":
            return [_at(Event.HELD, event)]
        case "waiting":
            return _arrived(leg, _at(Event.WAITING, event))
        case "ended":
            return _ended(leg, event)
        case _:
            return []


def _playing(leg: Leg, event: AmiEvent) -> list[LegEvent]:
    leg.clock = int(event.get("Clock")), event.received_at
    return _arrived(leg, _at(Event.STREAMING, event, moving_since=event.received_at))


def _arrived(leg: Leg, event: LegEvent) -> list[LegEvent]:
    """A step, and before it the end of the item before, if no command led away from there."""
    number, item, round_ = leg.place
    assert event.position is not None
    leg.place = (event.number or 0, event.position.item, event.position.round)
    advanced = number == leg.place[0] and (item, round_) != leg.place[1:]
    return [LegEvent(Event.ITEM_ENDED), event] if advanced else [event]


def _ended(leg: Leg, event: AmiEvent) -> list[LegEvent]:
    reason = event.get("Reason")
    kind = _ENDS.get(reason)
    if kind is None:
        leg.detail = "another AMI user stopped it"
        return []
    detail = ""
    if kind is Event.CLIP_FAILED:
        detail = f"item {event.get('Item')}: Asterisk cannot play that sound"
    return [LegEvent(kind, number=int(event.get("Number")), detail=detail)]


def _at(kind: Event, event: AmiEvent, moving_since: float | None = None) -> LegEvent:
    position = Position(
        item=int(event.get("Item")),
        round=int(event.get("Round")),
        offset=Milliseconds(int(event.get("Offset"))),
    )
    return LegEvent(kind, int(event.get("Number")), position, moving_since)
