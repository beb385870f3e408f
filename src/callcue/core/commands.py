"""What a dialect asks of a session."""

from dataclasses import dataclass

from .playback import PlayRequest
from .states import Verb
from .types import IfPlaying, Milliseconds, PlaybackId


@dataclass(frozen=True, slots=True)
class Play:
    """Play a list, now or as `if_playing` says."""

    request: PlayRequest
    promised: PlaybackId | None = None
    """The id it has to have, where its asker may ask again and must find it: nothing of it is heard
    before the record has it."""

    @property
    def verb(self) -> Verb:
        """OVERRIDE where it may replace what plays."""
        replaces = self.request.if_playing is IfPlaying.REPLACE
        return Verb.OVERRIDE if replaces else Verb.PLAY


@dataclass(frozen=True, slots=True)
class Stop:
    """End what plays, and empty the queue unless told otherwise."""

    keep_queue: bool = False
    verb = Verb.STOP


@dataclass(frozen=True, slots=True)
class Pause:
    """Stand still."""

    verb = Verb.PAUSE


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on."""

    verb = Verb.RESUME


@dataclass(frozen=True, slots=True)
class Restart:
    """Play from the start of the list."""

    verb = Verb.RESTART


@dataclass(frozen=True, slots=True)
class Seek:
    """Jump within an item; the current one if none is named."""

    to: Milliseconds
    item: int | None = None
    verb = Verb.SEEK


@dataclass(frozen=True, slots=True)
class Volume:
    """Set the loudness, in dB."""

    decibels: float
    verb = Verb.VOLUME


Command = Play | Stop | Pause | Resume | Restart | Seek | Volume
