"""What others are told of a playback, and when there is something to tell: no I/O."""

from collections.abc import Sequence
from enum import StrEnum

from .ports import LegEvent
from .states import Event, Verb
from .types import EndReason, Position, Told


class Occurrence(StrEnum):
    """Something that has happened to a playback. Its end has the name of the end's reason."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    STARTED = "started"
    """It is heard."""
    ITEM_STARTED = "item_started"
    PAUSED = "paused"
    RESUMED = "resumed"
    SEEKED = "seeked"
    """It stands or goes on elsewhere, by SEEK or RESTART."""
    VOLUME_CHANGED = "volume_changed"
    FINISHED = "finished"
    STOPPED = "stopped"
    REPLACED = "replaced"
    TIMED_OUT = "timed_out"
    HUNG_UP = "hung_up"
    FAILED = "failed"

    @classmethod
    def of_end(cls, reason: EndReason) -> "Occurrence":
        """The end for that reason."""
        return cls(reason.value)


ENDS = frozenset(Occurrence.of_end(reason) for reason in EndReason)


_BEGINS = (Event.STREAMING, Event.FOUND_PLAYING, Event.FOUND_PAUSED)
_STANDS = (Event.HELD, Event.FOUND_PAUSED)
_SPEAKS = (*_BEGINS, Event.HELD, Event.WAITING)


def news(told: Told, event: LegEvent, asked: Verb | None) -> tuple[Sequence[Occurrence], Told]:
    """What there is to tell, in order, when the leg of a heard playback reports *event*.

    *asked*: the verb that the report confirms, if it does. With it, what has then been told.
    """
    position = event.position
    if event.kind not in _SPEAKS or position is None:
        return (), told
    paused = event.kind in _STANDS
    if asked in (Verb.SEEK, Verb.RESTART):
        return (Occurrence.SEEKED,), Told.at(position, paused=paused)
    # One that is held between two items has not begun the second.
    begins = event.kind in _BEGINS and not told.is_at(position)
    place = position if begins else Position(told.item, told.round, position.offset)
    kinds = []
    if told.paused and not paused:
        kinds.append(Occurrence.RESUMED)
    if begins:
        kinds.append(Occurrence.ITEM_STARTED)
    if paused and not told.paused:
        kinds.append(Occurrence.PAUSED)
    return kinds, Told.at(place, paused=paused)
