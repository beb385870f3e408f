"""Who asked for a playback in this dialect, as it stands in the record."""

from dataclasses import dataclass
from uuid import UUID

from callcue.core.playback import Playback
from callcue.core.types import CallId

_DIALECT = "bird"


@dataclass(frozen=True, slots=True)
class Asker:
    """The workspace, its key, and the call that was named."""

    workspace: UUID
    key: str
    call: CallId

    def __str__(self) -> str:
        return f"{_DIALECT} {self.workspace} {self.key} {self.call}"

    @classmethod
    def of(cls, playback: Playback) -> "Asker | None":
        """Who asked for that playback; None if it was asked for in another dialect."""
        words = playback.request.asked_by.split(" ")
        if len(words) != 4 or words[0] != _DIALECT:
            return None
        return cls(UUID(words[1]), words[2], CallId(UUID(words[3])))
