"""What stands in the record of answers."""

from datetime import UTC, datetime
from typing import Any

from callcue.api.vicidial.record import Answered

NOW = datetime.now(UTC).replace(microsecond=123_000)


def answered(user: str = "6666", **more: Any) -> Answered:
    """A PLAY that was right, but for what *more* says."""
    values: dict[str, Any] = {
        "at": NOW,
        "user": user,
        "agent": "1000",
        "function": "audio_playback",
        "stage": "PLAY",
        "value": "hello",
        "result": "SUCCESS",
        "reason": "SUCCESS: audio_playback function sent - hello|PLAY|1000",
        "source": "test",
        "address": "10.0.0.1",
        "seconds": 0.0123,
    }
    return Answered(**{**values, **more})
