"""Units and identities, so that a millisecond is never taken for a second or an id for a name."""

from dataclasses import dataclass
from enum import Enum, StrEnum
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


class Missing(Enum):
    """Instead of a clip that cannot be had: what becomes of the playback when its turn comes."""

    SKIPPED = "the next item is played"
    ENDS = "the playback ends"


@dataclass(frozen=True, slots=True)
class Conference:
    """A room, by Asterisk's own word: its number, and the server it is on."""

    server: str
    number: str

    @property
    def name(self) -> str:
        """What Asterisk calls it."""
        return self.number


@dataclass(frozen=True, slots=True)
class Bridge:
    """A call of two parties or more, as `Dial` and `Queue` make it: its unique id, and where."""

    server: str
    id: str

    @property
    def name(self) -> str:
        """What Asterisk calls it."""
        return self.id


@dataclass(frozen=True, slots=True)
class Alone:
    """A channel that is with nobody: it waits in its dialplan, or is still to be answered."""

    server: str
    uniqueid: str

    @property
    def name(self) -> str:
        """What Asterisk calls it."""
        return self.uniqueid


Place = Conference | Bridge | Alone
"""Where a call is: one conversation, and so one session."""


class Role(StrEnum):
    """Who is meant, by what they are in the call."""

    EVERYONE = "everyone"
    AGENT = "agent"
    CALLER = "caller"


Audience = Role | CallId
"""Who is to hear a playback; a call's id means that party alone."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a playback. Items and rounds count from 1."""

    item: int
    round: int
    offset: Milliseconds
    """ms into the item; below zero while the gap before the item still has so much to go."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told last of one that is heard."""

    item: int
    round: int
    paused: bool

    @classmethod
    def at(cls, position: Position, *, paused: bool) -> "Told":
        """It stands there."""
        return cls(position.item, position.round, paused)

    def is_at(self, position: Position) -> bool:
        """Whether that is the item, in the round, of which was told."""
        return (self.item, self.round) == (position.item, position.round)


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
