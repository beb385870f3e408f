"""What the core needs from the world. `asterisk`, `media` and `store` provide it; tests fake it."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from .playback import Playback
from .states import Event
from .types import CallId, Milliseconds, Place, PlaybackId, Position, SoundName


@dataclass(frozen=True, slots=True)
class LegEvent:
    """Something a player leg reports, already in the core's words."""

    kind: Event
    number: int | None = None
    """The number of the last command the leg obeyed, where it says so."""
    position: Position | None = None
    moving_since: float | None = None
    """Monotonic seconds since when it moves from there; None: it stands."""
    detail: str = ""


LegListener = Callable[[Playback, LegEvent], None]


class Player(Protocol):
    """Puts clips into calls. Every method raises a `CallcueError` when it cannot.

    `start` answers when Asterisk has taken the leg on; that it is heard is an event. From then on
    exactly one LEG_GONE or NOT_STARTED follows, whatever happens, unless the link is lost. The
    verbs answer when Asterisk has taken them; an event with their number confirms them.
    """

    async def check(self, place: Place, listener: CallId | None) -> str:
        """Refuse what can be known to be impossible there; else say in a word how it is done.

        Quick, as commands wait behind it.

        Raises:
            CannotPlayHere: and why not.

        """

    async def start(self, playback: Playback) -> None:
        """Send a leg to the playback's listener, or to everyone in its place."""

    async def stop(self, playback: Playback) -> None:
        """Hang the leg up; LEG_GONE follows. Harmless when it is gone already."""

    async def pause(self, playback: Playback, number: int) -> None:
        """Stand still. Pausing twice is pausing once."""

    async def resume(self, playback: Playback, number: int) -> None:
        """Go on from the very position."""

    async def restart(self, playback: Playback, number: int) -> None:
        """Play from the first item of the first round."""

    async def seek(self, playback: Playback, number: int, item: int, to: Milliseconds) -> None:
        """Jump, and stay paused if paused."""

    async def volume(self, playback: Playback, decibels: float) -> int:
        """Set the loudness, as near as can be; returns the dB that were set."""

    async def supply(self, playback: Playback, index: int) -> None:
        """Hand the leg one of the clips that were not there yet at its start.

        *index* in `Playback.clips`. Handing it over twice is handing it over once.
        """

    async def find(self, playback: Playback) -> Sequence[LegEvent]:
        """What became of the leg while nobody listened, in the order in which it happened.

        The last is FOUND_PLAYING, FOUND_PAUSED, LEG_GONE or NEVER_SENT.
        """


class MediaLibrary(Protocol):
    """Turns what a client names into what Asterisk plays."""

    async def check(self, media: Sequence[str]) -> None:
        """Refuse what can be known at once to be unplayable; quick, as commands wait behind it.

        Raises:
            ClipNotFound: there is no such sound.
            AsteriskUnavailable: nobody is there to ask.

        """

    async def prepare(self, media: str) -> SoundName:
        """The playable clip; may take as long as a fetch does.

        Raises:
            ClipFailed: it cannot be had, and why; its index is of no meaning.
            AsteriskUnavailable: nobody is there to ask.

        """

    def length(self, clip: SoundName) -> Milliseconds | None:
        """How long a prepared clip is; None where only Asterisk knows."""

    def retain(self, clips: Collection[SoundName]) -> None:
        """Each of these was prepared by a service before this one, and is needed still."""

    def forget(self, media: Sequence[str]) -> None:
        """One of these turned out not to be there: ask anew next time."""

    def release(self, clips: Collection[SoundName]) -> None:
        """Each of these has been prepared once more than it is needed."""


class Ledger(Protocol):
    """The record: every accepted playback, and its one end."""

    def accepted(self, playback: Playback) -> None:
        """Write down that it was accepted."""

    async def kept(self, playback: Playback) -> bool:
        """Wait until what was written down of it survives the end of this process, if it does.

        Not for long: a record that cannot be written keeps nobody waiting, and is False.
        """

    async def recall(self, playback_id: PlaybackId) -> Playback | None:
        """As `find`; also one that ended before so many others that it is at hand no more.

        Raises:
            RecordUnavailable: nobody knows.

        """

    def changed(self, playback: Playback) -> None:
        """Something of it has changed that must survive the end of this process."""

    def unended(self) -> Sequence[Playback]:
        """Those that a service before this one had accepted, and that have no end; oldest first."""

    def ended(self, playback: Playback) -> None:
        """Write down how it ended."""

    def find(self, playback_id: PlaybackId) -> Playback | None:
        """A playback that was accepted, for as long as the record keeps it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One party's channel, as Asterisk reports it."""

    id: CallId
    place: Place
    channel: str
    uniqueid: str
    context: str
    number: str
    """The extension that was dialled to get here."""
    agent: str | None = None
    is_agent: bool = False
    """Whether it is an agent's channel, also where nobody said which agent's."""
    tags: frozenset[str] = frozenset()
    """The channel variables that say what sort of call it is, each as `NAME=value`."""

    @property
    def endpoint(self) -> str:
        """The channel's name without the part that makes each call's unique: `PJSIP/alice`."""
        return self.channel.rpartition("-")[0] or self.channel


@dataclass(frozen=True, slots=True)
class AgentSession:
    """Where an agent sits, and who said so."""

    place: Place
    source: str
    call: CallId | None = None
    """The agent's own, where one is known."""
    address: str = ""
    """Of the server, as that source writes it, where it does."""


class CallDirectory(Protocol):
    """Which calls there are, and who is with whom."""

    def calls(self) -> Collection[Call]:
        """All live calls, in no order."""

    def call(self, call_id: CallId) -> Call | None:
        """The live call of that id."""

    def agent_session(self, agent: str) -> AgentSession | None:
        """Where that agent is, from the most trusted source that knows."""

    def parties(self, place: Place) -> Collection[Call]:
        """The real parties in one place; player legs and recorders are none."""

    def is_deserted(self, place: Place) -> bool:
        """Whether too few are left: a bridge with one party is only kept open by our leg."""

    def available(self, server: str) -> bool:
        """Whether what is said of that server is fresh: its link is up."""


class Server(Protocol):
    """One Asterisk. Places carry the name of the one that they are on."""

    @property
    def name(self) -> str:
        """As the settings have it; no two have the same."""

    @property
    def player(self) -> Player:
        """Puts clips into its calls."""

    @property
    def sounds(self) -> MediaLibrary:
        """Which clips it can play."""

    @property
    def directory(self) -> CallDirectory:
        """Which calls it has."""


@dataclass(frozen=True, slots=True)
class ListedSound:
    """A file that can be played, for those who want to see what there is."""

    file: str
    """Its name with the extension, without a folder."""
    size: int
    """Bytes."""
    modified: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class StoredSound:
    """A clip of the audio store, by the name it has now."""

    name: str
    digest: str
    """SHA-256 of its samples (8 kHz mono, 16 bit little endian), in hexadecimal."""
    length: Milliseconds
    peak: float
    """The loudest sample: 0 is silence, 1 is full scale."""
    bytes: int
    added: float
    """Seconds since 1970."""


class AudioStore(Protocol):
    """An operator's own clips, by their names."""

    def sounds(self) -> Sequence[StoredSound]:
        """All of them, by name."""

    def sound(self, name: str) -> StoredSound | None:
        """What that name means now."""

    async def add(self, name: str, audio: AsyncIterator[bytes]) -> StoredSound:
        """From now on *name* means this, a file of sound in any usual format.

        What it meant before is heard to its end where it plays.

        Raises:
            ClipFailed: no clip can be made of it.
            AudioStoreFull: there is no room.
            AudioStoreBusy: as many are on their way as may be.

        """

    async def remove(self, name: str) -> bool:
        """The name means nothing any more; whether it did."""


class MediaLookup(Protocol):
    """Says beforehand what would become of media, and has it there when it is played."""

    async def look(self, media: str) -> Milliseconds | None:
        """How long it is; None where only Asterisk knows. May take as long as a fetch does.

        Raises:
            ClipFailed: it cannot be played, and why; its index is of no meaning.
            AsteriskUnavailable: nobody is there to ask.

        """

    def fetch_ahead(self, media: Sequence[str]) -> None:
        """Begin to fetch these, and tell nobody.

        Raises:
            TooManyCommands: as many are on their way as may be.

        """


class SoundList(Protocol):
    """Somewhere sounds can be listed."""

    async def sounds(self) -> Sequence[ListedSound] | None:
        """All of them, in no order; None if the place is not there."""
