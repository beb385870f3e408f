"""One event: what a workspace is told."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from callcue.core.types import PlaybackId

Body = Mapping[str, Any]
"""As JSON has it; `docs/events.md` describes it."""


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell a workspace, that is not on record yet."""

    workspace: UUID
    playback: PlaybackId
    at: float
    """Seconds since 1970."""
    body: Callable[[], Body]
    """Makes it, when it is recorded: nobody shall wait for that. Its id is given then, too."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is on record. Later ones have higher ids; some ids were never given."""

    id: int
    workspace: UUID
    playback: PlaybackId
    body: Body

    @property
    def type(self) -> str:
        """What has happened; see `callcue.core.occurrences.Occurrence`."""
        return str(self.body["type"])

    def text(self) -> str:
        """As it is told, by whichever way: JSON, always the same to the letter."""
        return json.dumps({"id": str(self.id), **self.body}, separators=(",", ":"))

    def concerns(self, call: UUID) -> bool:
        """Whether it is about a playback that this call hears."""
        return str(call) in self.body["callIds"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Of what was asked for, some is forgotten."""

    begins: int
    """All events that have this id or a higher one are there."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a workspace's events, oldest first."""

    events: Sequence[Event]
    gap: Gap | None = None
    """What is missing before them, if anything is."""


class EventsOutOfReach(Exception):
    """The record of events cannot be read now; the text says why."""
