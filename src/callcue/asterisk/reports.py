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
        case "ended":
            return _ended(leg, event)
        case _:
            return []


def _playing(leg: Leg, event: AmiEvent) -> list[LegEvent]:
    leg.clock = int(event.get("Clock")), event.received_at
    number, item, round_ = leg.place
    streaming = _at(Event.STREAMING, event)
    assert streaming.position is not None
    leg.place = (streaming.number or 0, streaming.position.item, streaming.position.round)
    # The same number and another item: no command brought it there, so the item before has ended.
    advanced = number == leg.place[0] and (item, round_) != leg.place[1:]
    return (
        [LegEvent(Event.ITEM_ENDED, at=event.received_at), streaming] if advanced else [streaming]
    )


def _ended(leg: Leg, event: AmiEvent) -> list[LegEvent]:
    reason = event.get("Reason")
    kind = _ENDS.get(reason)
    if kind is None:
        leg.detail = "another AMI user stopped it"
        return []
    detail = ""
    if kind is Event.CLIP_FAILED:
        detail = f"item {event.get('Item')}: Asterisk cannot play that sound"
    return [LegEvent(kind, number=int(event.get("Number")), at=event.received_at, detail=detail)]


def _at(kind: Event, event: AmiEvent) -> LegEvent:
    position = Position(
        item=int(event.get("Item")),
        round=int(event.get("Round")),
        offset=Milliseconds(int(event.get("Offset"))),
    )
    return LegEvent(kind, int(event.get("Number")), position, event.received_at)
