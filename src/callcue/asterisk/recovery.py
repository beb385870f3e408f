"""After a lost link: what is left of a leg, read from the variables it carries itself."""

import time

from callcue.asterisk.errors import ActionRefused, LinkError
from callcue.asterisk.leg import Leg
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.core.errors import AsteriskUnavailable
from callcue.core.ports import LegEvent
from callcue.core.states import Event
from callcue.core.types import Milliseconds, Position

_VARIABLES = (
    "CALLCUE_MODE",
    "CALLCUE_AT",
    "CALLCUE_ITEM",
    "CALLCUE_ROUND",
    "CALLCUE_OFFSET",
    "CALLCUE_CLOCK",
)


async def what_is_left(link: Link, leg: Leg) -> LegEvent | None:
    """FOUND_PLAYING or FOUND_PAUSED with the position, or LEG_GONE.

    None is a leg that is there and does not run its dialplan: not yet, or not any more.

    Raises:
        AsteriskUnavailable: the link is lost again.

    """
    try:
        items = await link.collect(
            "Status", {"Channel": leg.player_half, "Variables": ",".join(_VARIABLES)}
        )
    except ActionRefused:
        return LegEvent(Event.LEG_GONE, detail="it ended while Asterisk was out of reach")
    except LinkError as error:
        raise AsteriskUnavailable(str(error)) from error
    for item in items:
        return _found(leg, item)
    return LegEvent(Event.LEG_GONE, detail="it ended while Asterisk was out of reach")


def _found(leg: Leg, status: AmiEvent) -> LegEvent | None:
    values = dict(line.partition("=")[::2] for line in status.values("Variable"))
    try:
        position = Position(
            item=int(values["CALLCUE_ITEM"]),
            round=int(values["CALLCUE_ROUND"]),
            offset=Milliseconds(int(values["CALLCUE_OFFSET"])),
        )
    except (KeyError, ValueError):
        return None
    if values.get("CALLCUE_MODE") == "paused":
        return LegEvent(Event.FOUND_PAUSED, position=position)
    return LegEvent(Event.FOUND_PLAYING, position=position, moving_since=_moving_since(leg, values))


def _moving_since(leg: Leg, values: dict[str, str]) -> float | None:
    """When it was at its offset, on our clock; None if it waits there for its clip."""
    if values.get("CALLCUE_AT") == "waiting":
        return None
    try:
        return leg.ours(int(values["CALLCUE_CLOCK"]))
    except (KeyError, ValueError):
        return time.monotonic()
