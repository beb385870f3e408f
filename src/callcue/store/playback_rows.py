"""A playback as a row of the store, and back."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from callcue.core.errors import CallcueError
from callcue.core.playback import Playback, PlayRequest
from callcue.core.types import (
    CallId,
    EndReason,
    Missing,
    Place,
    PlaybackId,
    Position,
    SoundName,
    Told,
)

_PLACE: TypeAdapter[Place] = TypeAdapter(Place)
_REQUEST: TypeAdapter[PlayRequest] = TypeAdapter(PlayRequest)
_POSITION: TypeAdapter[Position] = TypeAdapter(Position)
_TOLD: TypeAdapter[Told] = TypeAdapter(Told)

Clip = SoundName | Missing | None


def row_of(playback: Playback) -> dict[str, Any]:
    """As it is now. Of one that has ended the secrets in its URLs are left out."""
    request = playback.request
    written = _REQUEST.dump_python(request, mode="json")
    if playback.ended:
        written["media"] = request.shown_media
    return {
        "id": str(playback.id),
        "server": playback.place.server,
        "place": _PLACE.dump_json(playback.place).decode(),
        "request": json.dumps(written),
        "clips": json.dumps([_clip_written(clip) for clip in playback.clips]),
        "faults": json.dumps({index: str(fault) for index, fault in playback.faults.items()}),
        "listener": _text(playback.listener),
        "replaced": _text(playback.replaced),
        "volume": playback.volume,
        "begun": playback.begun,
        "promised": playback.promised,
        "accepted": playback.accepted_at.timestamp(),
        "started": _timestamp(playback.started_at),
        "ended": _timestamp(playback.ended_at),
        "reason": playback.reason,
        "detail": playback.detail,
        "position": _POSITION.dump_json(playback.position()).decode(),
        "told": None if playback.told is None else _TOLD.dump_json(playback.told).decode(),
    }


def playback_of(row: Mapping[str, Any]) -> Playback:
    """The playback of that row. Raises `ValueError`: a newer or a broken one."""
    playback = Playback(
        place=_PLACE.validate_json(row["place"]),
        request=_REQUEST.validate_json(row["request"]),
        id=PlaybackId(UUID(row["id"])),
        clips=_clips(json.loads(row["clips"])),
        faults={int(n): CallcueError(text) for n, text in json.loads(row["faults"]).items()},
        accepted_at=datetime.fromtimestamp(row["accepted"], UTC),
        begun=row["begun"],
        promised=row["promised"],
        started_at=_moment(row["started"]),
        reason=EndReason(row["reason"]) if row["reason"] else None,
        detail=row["detail"],
        replaced=PlaybackId(UUID(row["replaced"])) if row["replaced"] else None,
        volume=row["volume"],
        listener=CallId(UUID(row["listener"])) if row["listener"] else None,
    )
    if row["told"]:
        playback.told = _TOLD.validate_json(row["told"])
    playback.stand_at(_POSITION.validate_json(row["position"]), moving_since=None)
    if row["ended"] is not None:
        playback.finish()
        playback.ended_at = _moment(row["ended"])
    return playback


def _clip_written(clip: Clip) -> str | Mapping[str, str] | None:
    return {"missing": clip.name} if isinstance(clip, Missing) else clip


def _clips(written: Sequence[str | Mapping[str, str] | None]) -> list[Clip]:
    return [
        Missing[clip["missing"]] if isinstance(clip, Mapping) else _sound(clip) for clip in written
    ]


def _sound(name: str | None) -> SoundName | None:
    return None if name is None else SoundName(name)


def _text(uuid: UUID | None) -> str | None:
    return None if uuid is None else str(uuid)


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(timestamp: float | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
