"""Units and identities, so that a millisecond is never taken for a second or an id for a name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

Milliseconds = NewType("Milliseconds", int)
"""A length of time or a place in a clip, in ms."""

PlaybackId = NewType("PlaybackId", UUID)
"""Names one accepted PLAY, from acceptance to long after its end."""

CallId = NewType("CallId", UUID)
"""Names one party's channel: the same on every replica and after every restart."""

SoundName = NewType("SoundName", str)
"""What Asterisk is told to play: a name below its sounds folder, without extension."""


@dataclass(frozen=True, slots=True)
class Conference:
    """A room, by Asterisk's own word: its number, and the server it is on."""

    server: str
    number: str


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a playback. Items and rounds count from 1."""

    item: int
    round: int
    offset: Milliseconds
    """ms into the item; below zero while the gap before the item still has so much to go."""


class EndReason(StrEnum):
    """Why a playback ended. Each playback has exactly one."""

    FINISHED = "finished"
    STOPPED = "stopped"
    REPLACED = "replaced"
    TIMED_OUT = "timed_out"
    HUNG_UP = "hung_up"
    FAILED = "failed"


class IfPlaying(StrEnum):
    """What becomes of a PLAY when something already plays in the session."""

    QUEUE = "queue"
    REPLACE = "replace"
    REJECT = "reject"
