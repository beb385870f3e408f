"""What playbacks and calls look like from outside."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from callcue.core.playback import Asker, Playback
from callcue.core.ports import Call
from callcue.core.session import CallSession
from callcue.core.types import Bridge, CallId, Conference, Milliseconds, Place
from callcue.events.event import Body
from callcue.events.webhook import Delivery
from callcue.events.webhook_book import KeptWebhook
from callcue.media.names import is_url

from .codes import Answer
from .models import SOUND
from .refusals import Details

View = dict[str, Any]

_OF_A_STEP = ("type", "at", "item", "round", "positionMilliseconds", "volume", "detail")


def command_response(playback: Playback, call_id: CallId, *, heard: bool) -> View:
    """Bird's CallCommandResponse; `id` names the playback."""
    return {
        "id": str(playback.id),
        "callId": str(call_id),
        "callFlowId": None,
        "status": "started" if heard else "accepted",
        "command": "playback",
        "conditions": [],
    }


def call(found: Call, channel_id: UUID) -> View:
    """A live call."""
    return {
        "id": str(found.id),
        "channelId": str(channel_id),
        "status": "ongoing",
        **place_view(found.place),
        "endpoint": found.endpoint,
        "context": found.context,
        "number": found.number,
        "agent": found.agent,
        "tags": sorted(found.tags),
    }


def playback(
    shown: Playback,
    session: CallSession | None,
    call_id: CallId | None,
    duration: Milliseconds | None,
) -> View:
    """A playback, wherever it stands: its place is where it is at this moment.

    *duration*: of the item.
    """
    position = shown.position()
    return {
        "id": str(shown.id),
        **_where(shown.place, call_id, session),
        "state": _state(shown, session),
        "item": position.item,
        "items": len(shown.request.media),
        "round": position.round,
        "rounds": shown.request.rounds,
        "positionMilliseconds": max(0, position.offset),
        "durationMilliseconds": duration,
        "media": [name if is_url(name) else f"{SOUND}{name}" for name in shown.request.shown_media],
        "audience": str(shown.request.audience),
        "volume": shown.volume,
        "acceptedAt": time_view(shown.accepted_at),
        "startedAt": time_view(shown.started_at),
        "endedAt": time_view(shown.ended_at),
        "endReason": shown.reason.value if shown.reason is not None and shown.ended else None,
        "detail": shown.detail,
    }


def history(shown: Playback, steps: Sequence[Body] | None) -> View:
    """Who asked for a playback, and what has happened to it; None where that cannot be read."""
    return {
        **asker_view(shown.request.asked_by),
        "steps": None
        if steps is None
        else [{name: step[name] for name in _OF_A_STEP} for step in steps],
    }


def idle(place: Place, session: CallSession | None, call_id: CallId) -> View:
    """Nothing plays, and nothing that could be shown has played. The fields are the same."""
    return {
        "id": None,
        **_where(place, call_id, session),
        "state": "idle",
        **dict.fromkeys(("item", "items", "round", "rounds")),
        "positionMilliseconds": 0,
        "durationMilliseconds": None,
        "media": [],
        "audience": None,
        "volume": 0,
        **dict.fromkeys(("acceptedAt", "startedAt", "endedAt", "endReason")),
        "detail": "",
    }


def outcome(call_id: CallId, status: int, playback_id: UUID | None, fault: View | None) -> View:
    """What became of a request in one of many calls."""
    return {
        "callId": str(call_id),
        "status": status,
        "id": None if playback_id is None else str(playback_id),
        "error": fault,
    }


def webhook(kept: KeptWebhook) -> View:
    """A webhook, without its secrets."""
    shown, failure = kept.webhook, kept.failure
    return {
        "id": str(shown.id),
        "url": shown.shown_url,
        "types": sorted(shown.types),
        "createdAt": seconds_view(shown.made),
        "secrets": [{"until": seconds_view(one.until)} for one in shown.secrets],
        "waiting": kept.waiting,
        "dead": kept.dead,
        "lastFailure": None
        if failure is None
        else {"at": seconds_view(failure.at), "failure": failure.why},
    }


def dead_letter(delivery: Delivery) -> View:
    """An event that a webhook has not taken, and is not sent any more."""
    return {
        "event": {"id": str(delivery.event.id), **delivery.event.body},
        "attempts": delivery.attempts,
        "failure": delivery.failure,
        "triedAt": seconds_view(delivery.tried),
        "deadSince": seconds_view(delivery.dead),
    }


def error(answer: Answer, details: Details | None = None) -> View:
    """{code, message[, details]}"""
    body: View = {"code": answer.code, "message": answer.message}
    return body if details is None else {**body, "details": details}


def asker_view(asker: Asker) -> View:
    """Who asked."""
    return {"askedBy": {"dialect": asker.dialect, "name": asker.name}}


def place_view(place: Place) -> View:
    """Where it is."""
    return {
        "server": place.server,
        "conference": place.number if isinstance(place, Conference) else None,
        "bridge": place.id if isinstance(place, Bridge) else None,
    }


def _where(place: Place, call_id: CallId | None, session: CallSession | None) -> View:
    return {
        "callId": None if call_id is None else str(call_id),
        **place_view(place),
        "queue": [] if session is None else [str(waiting.id) for waiting in session.queue],
    }


def _state(shown: Playback, session: CallSession | None) -> str:
    if shown.ended:
        return "ended"
    if session is not None and session.current is shown:
        return session.state.value
    return "queued"


def time_view(moment: datetime | None) -> str | None:
    """To the millisecond."""
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def seconds_view(moment: float | None) -> str | None:
    """The same, of seconds since 1970."""
    return None if moment is None else time_view(datetime.fromtimestamp(moment, UTC))
