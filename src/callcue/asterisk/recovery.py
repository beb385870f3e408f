"""What is left of a leg that nobody watched: the variables it carries, and its last word."""

from collections.abc import Mapping
from dataclasses import dataclass

from callcue.asterisk.errors import ActionRefused, LinkError
from callcue.asterisk.joins import Way
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.reports import ended
from callcue.asterisk.server_clock import ServerClock
from callcue.core.errors import AsteriskUnavailable
from callcue.core.ports import LegEvent
from callcue.core.states import Event
from callcue.core.types import Milliseconds, PlaybackId, Position

_VARIABLES = (
    "CALLCUE_JOIN",
    "CALLCUE_PARTY",
    "CALLCUE_NUMBER",
    "CALLCUE_MODE",
    "CALLCUE_AT",
    "CALLCUE_ITEM",
    "CALLCUE_ROUND",
    "CALLCUE_OFFSET",
    "CALLCUE_CLOCK",
)

_FAMILY = "callcue"
"""Of Asterisk's own database; `callcue-player.conf` says how it is kept small."""
_KEY_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Left:
    """A leg that is there."""

    way: Way
    party: str
    """Unique id of the channel it is joined by; none for a room."""
    number: int
    """Of the last command it obeyed."""
    position: Position | None
    """None: it does not run its dialplan, not yet or not any more."""
    paused: bool
    moving_since: float | None
    """Monotonic seconds since when it moves from there; None: it stands."""

    def as_event(self) -> LegEvent:
        """As the core is told."""
        kind = Event.FOUND_PAUSED if self.paused else Event.FOUND_PLAYING
        return LegEvent(kind, self.number, self.position, self.moving_since)


async def what_is_left(
    link: Link, player_half: str, began: tuple[int, float] | None = None
) -> Left | None:
    """The leg; None if it is gone.

    *began*: when it was where it reported last, by Asterisk's clock in ms and by ours. If it has
    moved on from there undisturbed that still holds, also if Asterisk's clock was set meanwhile.

    Raises:
        AsteriskUnavailable: the link is lost again.

    """
    try:
        items = await link.collect(
            "Status", {"Channel": player_half, "Variables": ",".join(_VARIABLES)}
        )
    except ActionRefused:
        return None
    except LinkError as error:
        raise AsteriskUnavailable(str(error)) from error
    return _left(items[0], link.clock, began) if items else None


def _left(status: AmiEvent, clock: ServerClock, began: tuple[int, float] | None) -> Left:
    values = dict(line.partition("=")[::2] for line in status.values("Variable"))
    return Left(
        way=_way(values.get("CALLCUE_JOIN", "")),
        party=values.get("CALLCUE_PARTY", ""),
        number=_number(values.get("CALLCUE_NUMBER", "")),
        position=_position(values),
        paused=values.get("CALLCUE_MODE") == "paused",
        moving_since=_moving_since(values, clock, status.received_at, began),
    )


def _way(said: str) -> Way:
    try:
        return Way(said)
    except ValueError:
        return Way.ROOM


def _number(said: str) -> int:
    return int(said) if said.isdecimal() else 0


def _position(values: Mapping[str, str]) -> Position | None:
    try:
        return Position(
            item=int(values["CALLCUE_ITEM"]),
            round=int(values["CALLCUE_ROUND"]),
            offset=Milliseconds(int(values["CALLCUE_OFFSET"])),
        )
    except (KeyError, ValueError):
        return None


def _moving_since(
    values: Mapping[str, str], clock: ServerClock, now: float, began: tuple[int, float] | None
) -> float | None:
    if values.get("CALLCUE_MODE") == "paused" or values.get("CALLCUE_AT") == "waiting":
        return None
    try:
        asterisk_ms = int(values["CALLCUE_CLOCK"])
        if began is not None and began[0] == asterisk_ms:
            return began[1]
        return clock.long_ago(asterisk_ms / 1000, now=now)
    except (KeyError, ValueError, OverflowError):
        return now


async def last_word(link: Link, playback_id: PlaybackId) -> LegEvent | None:
    """How a leg that is gone has ended by itself, if it has.

    Raises:
        AsteriskUnavailable: the link is lost again.

    """
    key = str(playback_id)[-_KEY_LENGTH:]
    try:
        items = await link.collect("DBGet", {"Family": _FAMILY, "Key": key})
    except ActionRefused:
        return None
    except LinkError as error:
        raise AsteriskUnavailable(str(error)) from error
    for item in items:
        whose, _, rest = item.get("Val").partition(":")
        reason, _, number = rest.partition(":")
        if whose == str(playback_id):
            return ended(reason, number)
    return None
