"""The unique ids of our own channels. They derive from a playback's, and nobody else's begin so."""

from uuid import UUID

from callcue.core.types import PlaybackId

PLAYER_HALF = "callcue-p-"
JOIN_HALF = "callcue-j-"
PROBE = "callcue-s-"


def player_half(playback_id: PlaybackId) -> str:
    """Of the half that plays: every verb goes there."""
    return f"{PLAYER_HALF}{playback_id}"


def playback_of(half: str) -> PlaybackId | None:
    """Whose player half that is; None of any other channel."""
    try:
        return PlaybackId(UUID(half.removeprefix(PLAYER_HALF))) if is_player_half(half) else None
    except ValueError:
        return None


def is_player_half(uniqueid: str) -> bool:
    """Whether a channel is the half of a leg that plays."""
    return uniqueid.startswith(PLAYER_HALF)


def join_half(playback_id: PlaybackId) -> str:
    """Of the half that those hear who are to hear it."""
    return f"{JOIN_HALF}{playback_id}"


def is_ours(uniqueid: str) -> bool:
    """Whether a channel is half of a player leg or of a probe."""
    return uniqueid.startswith((PLAYER_HALF, JOIN_HALF, PROBE))
