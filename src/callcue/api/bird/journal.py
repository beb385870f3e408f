"""Makes events of what happens to playbacks, for the workspaces that may know of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, Self
from uuid import UUID

from callcue.core.occurrences import ENDS, Occurrence
from callcue.core.playback import Playback
from callcue.core.ports import CallDirectory
from callcue.core.states import Verb
from callcue.core.types import PlaybackId, Position
from callcue.core.witness import Witness
from callcue.events.event import Body, Event, News

from .views import asker_view, place_view, time_view
from .workspaces import Workspaces

MOST_CALLS = 20
"""So many calls are named in an event; a conference may have hundreds."""


class Recorder(Protocol):
    """Takes events, to be recorded and passed on. Never waits."""

    def took(self, news: News) -> None:
        """Something has happened."""


@dataclass(frozen=True, slots=True)
class _Concerned:
    workspace: UUID
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of a playback will be otherwise in a moment."""

    occurrence: Occurrence
    at: datetime
    position: Position
    paused: bool
    volume: int
    detail: str

    @classmethod
    def of(cls, playback: Playback, occurrence: Occurrence, at: datetime) -> Self:
        paused = playback.told is not None and playback.told.paused
        position = playback.position()
        return cls(occurrence, at, position, paused, playback.volume, playback.detail)


class Journal:
    """Implements `callcue.core.witness.Witness`: tells, and passes on to the next.

    Whom a playback concerns is found out when it is accepted and stays so: at its end those who
    heard it may have left.
    """

    def __init__(
        self,
        following: Witness,
        recorder: Recorder,
        workspaces: Workspaces,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._following = following
        self._recorder = recorder
        self._workspaces = workspaces
        self._now = now
        self._directory: CallDirectory | None = None
        self._concerned: dict[PlaybackId, _Concerned | None] = {}

    def look_into(self, directory: CallDirectory) -> None:
        """Calls are found there."""
        self._directory = directory

    def know(self, latest: Mapping[PlaybackId, Event]) -> None:
        """Of these playbacks a service before this one has told, and whom."""
        for playback_id, event in latest.items():
            calls = tuple(event.body["callIds"])
            self._concerned[playback_id] = _Concerned(event.workspace, calls)

    # ---- `Witness` ------------------------------------------------------------------------------

    def saw(self, playback: Playback, occurrence: Occurrence) -> None:
        """See `Witness.saw`."""
        self._following.saw(playback, occurrence)
        if playback.id not in self._concerned:
            self._concerned[playback.id] = self._whom(playback)
        concerned = self._concerned[playback.id]
        if concerned is not None:
            seen = _Seen.of(playback, occurrence, self._now())
            body = partial(_body, playback, concerned, seen)
            self._recorder.took(News(concerned.workspace, playback.id, seen.at.timestamp(), body))
        if occurrence in ENDS:
            del self._concerned[playback.id]

    def started(self, playback: Playback, seconds: float) -> None:
        """See `Witness.started`."""
        self._following.started(playback, seconds)

    def obeyed(self, playback: Playback, verb: Verb, request: str) -> None:
        """See `Witness.obeyed`."""
        self._following.obeyed(playback, verb, request)

    def performed(self, verb: Verb, seconds: float) -> None:
        """See `Witness.performed`."""
        self._following.performed(verb, seconds)

    # ---- whom it concerns -----------------------------------------------------------------------

    def _whom(self, playback: Playback) -> _Concerned | None:
        """The workspace that asked; else the only one that has a call which hears it."""
        parties = () if self._directory is None else self._directory.parties(playback.place)
        asker = playback.request.asked_by
        if asker.workspace is not None:
            workspace = self._workspaces.find(asker.workspace)
            own = (call.id for call in parties if workspace is not None and workspace.owns(call))
            return _Concerned(asker.workspace, _texts((asker.call, *own)))
        owners = self._workspaces.owners(parties)
        if len(owners) != 1:  # what concerns several is told to none: each sees only its own
            return None
        (owner,) = owners
        return _Concerned(owner.id, _texts(call.id for call in parties if owner.owns(call)))


def _texts(calls: Iterable[UUID | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(call) for call in calls if call is not None))[:MOST_CALLS]


def _body(playback: Playback, concerned: _Concerned, seen: _Seen) -> Body:
    request = playback.request
    return {
        "type": seen.occurrence.value,
        "at": time_view(seen.at),
        "playbackId": str(playback.id),
        "callIds": list(concerned.calls),
        **place_view(playback.place),
        "item": seen.position.item,
        "items": len(request.media),
        "round": seen.position.round,
        "rounds": request.rounds,
        "positionMilliseconds": max(0, seen.position.offset),
        "paused": seen.paused,
        "volume": seen.volume,
        "audience": str(request.audience),
        "replaces": None if playback.replaced is None else str(playback.replaced),
        "endReason": seen.occurrence.value if seen.occurrence in ENDS else None,
        "detail": seen.detail,
        **asker_view(request.asked_by),
    }
