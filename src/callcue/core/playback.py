"""One playback: what was asked, where it stands, and how it ended."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID, uuid4

from .errors import CallcueError, NotStarted
from .moment import Moment
from .tracing import REQUEST
from .types import (
    Audience,
    CallId,
    EndReason,
    IfPlaying,
    Milliseconds,
    Missing,
    Place,
    PlaybackId,
    Position,
    Role,
    SoundName,
    Told,
)

NO_TIME = Milliseconds(0)

START = Position(item=1, round=1, offset=NO_TIME)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked for a playback, for the record: never a secret."""

    dialect: str
    name: str
    """The API user, or the name of the access key."""
    workspace: UUID | None = None
    call: CallId | None = None
    """The call that was named, where the dialect names one."""

    def __str__(self) -> str:
        """As it stands in a log line."""
        return f"{self.dialect} {self.name}"


NOBODY = Asker("", "")


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """What a PLAY asks for, checked by the dialect that took it."""

    media: tuple[str, ...]
    """Names of the audio store or of Asterisk's own sounds, and URLs; in the order of playing."""
    rounds: int | None = 1
    """How many times the whole list is played; None is until it is stopped."""
    gap: Milliseconds = NO_TIME
    """Silence between two items and between two rounds."""
    limit: Milliseconds | None = None
    """At most so much playing, paused time not counted; None is the server's own bound."""
    if_playing: IfPlaying = IfPlaying.REJECT
    audience: Audience = Role.EVERYONE
    asked_by: Asker = NOBODY

    @property
    def shown_media(self) -> tuple[str, ...]:
        """As others may see it: the query of a URL is often a signature, and so a secret."""
        return tuple(_shown(name) for name in self.media)


def _shown(media: str) -> str:
    url, query, _ = media.partition("?")
    return f"{url}?..." if query else url


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Playback:
    """One accepted PLAY. The session that owns it changes it; everybody else reads."""

    place: Place
    request: PlayRequest
    id: PlaybackId = field(default_factory=lambda: PlaybackId(uuid4()))
    clips: list[SoundName | Missing | None] = field(default_factory=list)
    """In the order of the media; None is still on its way."""
    faults: dict[int, CallcueError] = field(default_factory=dict)
    """Why a clip is missing, by its index."""
    promised: bool = False
    """Its asker may ask again: it is not begun before the record has it."""
    accepted_at: datetime = field(default_factory=_now)
    begun: bool = False
    """Its turn has come: from here on there may be a leg."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: EndReason | None = None
    detail: str = ""
    replaced: PlaybackId | None = None
    """The playback that this one took the place of, if something was playing."""
    volume: int = 0
    """dB, as Asterisk's integer gain allows."""
    number: int = 1
    """The number of the last command sent to the leg; the start is number 1."""
    cause: CallcueError | None = None
    """The error that kept it from starting, if one did."""
    listener: CallId | None = None
    """The one party that hears it; None is everyone. Known from its beginning on."""
    joined: bool = False
    streaming: bool = False
    told: Told | None = None
    """What others have been told of it last, from when it is heard."""
    asked_in: str = field(default_factory=REQUEST.get)
    """The id of the request that asked for it."""
    ended_in: str = ""
    """The id of the request that ended it, or else of the one that asked for it."""
    due: float = field(default_factory=monotonic)
    """Since when somebody waits to hear it, in monotonic seconds: since its PLAY came or, where it
    waited in the queue, since its turn."""
    _position: Position = START
    _moving_since: float | None = None
    _settled: Moment = field(default_factory=Moment)
    _gone: Moment = field(default_factory=Moment)

    def next_number(self) -> int:
        """The number of the next command for the leg."""
        self.number += 1
        return self.number

    def obeyed(self, number: int) -> None:
        """The leg has obeyed that command; the next one has a higher number."""
        self.number = max(self.number, number)

    def stand_at(self, position: Position, *, moving_since: float | None) -> None:
        """Asterisk has said where it stands, and since when (monotonic s) it moves, if it does."""
        self._position = position
        self._moving_since = moving_since

    def position(self, clock: Callable[[], float] = monotonic) -> Position:
        """Where it stands now: the last place confirmed, and the time since then if it moves."""
        if self._moving_since is None:
            return self._position
        moved = round((clock() - self._moving_since) * 1000)
        return replace(self._position, offset=Milliseconds(self._position.offset + moved))

    def start(self) -> None:
        """It is joined and streams: from here on it is heard."""
        self.started_at = self.started_at or _now()
        self._settled.set()

    def doom(self, reason: EndReason, detail: str = "") -> None:
        """It is going to end, for this reason; the first reason given is the one recorded."""
        if self.reason is None:
            self.reason, self.detail = reason, detail
            self.ended_in = REQUEST.get() or self.asked_in

    def finish(self) -> None:
        """It has ended: nothing of it is heard any more."""
        self.stand_at(self.position(), moving_since=None)
        self.ended_at = _now()
        self._settled.set()
        self._gone.set()

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.ended_at is not None

    def clip(self, item: int) -> SoundName | Missing | None:
        """That item's clip, or why there is none; None while it is on its way."""
        return self.clips[item - 1] if item <= len(self.clips) else None

    async def audible(self) -> None:
        """Wait until it is heard.

        Raises:
            NotStarted: it ended without ever having been heard, and this says why.

        """
        await self._settled.wait()
        if self.started_at is None:
            raise self._refusal()

    async def gone(self) -> None:
        """Wait until it has ended."""
        await self._gone.wait()

    async def settled(self) -> None:
        """Wait until it is heard or has ended, whichever comes first."""
        await self._settled.wait()

    def _refusal(self) -> CallcueError:
        return self.cause or NotStarted(self.detail or str(self.reason))
