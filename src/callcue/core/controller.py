"""The one door that every dialect knocks on: commands in, events in, sessions kept."""

import logging
from collections.abc import Collection, Iterator, Sequence
from time import monotonic

from .commands import Command, Play, Stop
from .directories import Directories
from .errors import (
    AsteriskUnavailable,
    NotConfirmed,
    QueueFull,
    ServiceEnding,
    TooManyCommands,
    TooManySessions,
)
from .limits import Limits
from .occurrences import Occurrence
from .playback import Playback
from .ports import Call, CallDirectory, Ledger, LegEvent, Server
from .refusals import Bound, Refusals
from .session import CallSession
from .states import Event, IllegalEvent, State
from .types import EndReason, Milliseconds, Place, PlaybackId
from .witness import Nobody, Witness

_log = logging.getLogger(__name__)


class Controller:
    """Finds or makes the session of a place, and brings each event to the one it concerns."""

    def __init__(
        self,
        *,
        servers: Sequence[Server],
        ledger: Ledger,
        limits: Limits | None = None,
        witness: Witness | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        """Wire the ports together; nothing runs until a command comes."""
        self._refusals = refusals or Refusals()
        self._directories = Directories(servers)
        self.directory: CallDirectory = self._directories
        self._servers = {server.name: server for server in servers}
        self._ledger = ledger
        self._limits = limits or Limits()
        self._witness = witness or Nobody()
        self._sessions: dict[Place, CallSession] = {}
        self._closed = False
        self._remembers = False
        """Whether it is known what a service before this one had accepted."""

    def resume(self) -> None:
        """Take up what a service before this one had accepted; before any link is up."""
        self._remembers = True
        left: dict[Place, list[Playback]] = {}
        for playback in self._ledger.unended():
            left.setdefault(playback.place, []).append(playback)
        for place, playbacks in left.items():
            if place.server in self._servers:
                session = self._sessions[place] = self._new(place)
                session.resume(sorted(playbacks, key=lambda one: not one.begun))
            else:
                self._give_up(playbacks, f"the settings have no Asterisk {place.server}")

    def _give_up(self, playbacks: Sequence[Playback], why: str) -> None:
        for playback in playbacks:
            playback.doom(EndReason.FAILED, why)
            playback.finish()
            self._ledger.ended(playback)
            self._witness.saw(playback, Occurrence.FAILED)

    # ---- which Asterisks there are ------------------------------------------------------------

    def add_server(self, server: Server) -> None:
        """From now on there is this one too."""
        self._servers[server.name] = server
        self._directories.add(server)

    def remove_server(self, name: str) -> int:
        """That one is ours no more; returns how many playbacks play on there without us.

        Each is ended in the record, as nobody will hear of its end.
        """
        detail = "its Asterisk was taken out of the settings; what plays there plays to its end"
        left = [session for session in self._of(name) if session.abandon(detail)]
        for session in self._of(name):
            del self._sessions[session.place]
        self._directories.remove(name)
        del self._servers[name]
        return len(left)

    # ---- what dialects ask ------------------------------------------------------------------

    async def perform(self, place: Place, command: Command) -> Playback:
        """Apply *command* there; see `CallSession.perform`.

        Raises:
            CallcueError: the command was refused, or could not be confirmed.

        """
        if self._closed and isinstance(command, Play):
            raise ServiceEnding("callcue is about to end")
        came = monotonic()
        session = self._sessions.get(place)
        # One with a playback knows by itself what may be done without a link.
        idle = session is None or session.dormant
        if idle and not self.directory.available(place.server):
            raise AsteriskUnavailable(place.server)
        if session is None:
            self._make_room()
            session = self._sessions[place] = self._new(place)
        try:
            playback = await session.perform(command)
        except TooManyCommands:
            self._refusals.count(Bound.COMMANDS)
            raise
        except QueueFull:
            self._refusals.count(Bound.QUEUE)
            raise
        finally:
            self._forget_if_over(session)
        if not isinstance(command, Play):
            self._witness.performed(command.verb, monotonic() - came)
        if isinstance(command, Play | Stop):
            # A position that is lost is found again in Asterisk; an acceptance, or an end, is not.
            await self._ledger.kept(playback)
        return playback

    async def way_to(self, place: Place) -> str:
        """In a word, how everyone there would be played to.

        Raises:
            CannotPlayHere: nobody can be, and why.
            AsteriskUnavailable: nobody is there to ask.

        """
        return await self._servers[place.server].player.check(place, None)

    async def check_media(self, server: str, media: Sequence[str]) -> None:
        """Refuse what can be known at once to be unplayable there; see `MediaLibrary.check`."""
        if server not in self._servers:
            raise AsteriskUnavailable(server)
        await self._servers[server].sounds.check(media)

    @property
    def sessions(self) -> Collection[CallSession]:
        """All there are now. To be read, not changed."""
        return self._sessions.values()

    def session(self, place: Place) -> CallSession | None:
        """The session of that place, if it ever had a command. To be read, not changed."""
        return self._sessions.get(place)

    def playback(self, playback_id: PlaybackId) -> Playback | None:
        """A playback by its id, running or ended."""
        return self._ledger.find(playback_id)

    def length(self, playback: Playback) -> Milliseconds | None:
        """How long the item is at which it stands; None where that is not known."""
        server = self._servers.get(playback.place.server)
        clip = playback.clip(playback.position().item)
        return server.sounds.length(clip) if server and isinstance(clip, str) else None

    async def recall(self, playback_id: PlaybackId) -> Playback | None:
        """As `playback`, from the whole record."""
        return await self._ledger.recall(playback_id)

    def others_in(self, call: Call) -> Iterator[Call]:
        """The other calls in the same place: they share its session."""
        return (other for other in self.directory.parties(call.place) if other.id != call.id)

    # ---- what happens in Asterisk -----------------------------------------------------------

    def leg_event(self, playback: Playback, event: LegEvent) -> None:
        """The leg of that playback has reported something."""
        session = self._sessions.get(playback.place)
        if session is None or session.current is not playback:
            _log.debug("late event %s of playback %s", event.kind, playback.id)
            return
        self._tell(session, event)

    def deserted(self, place: Place) -> None:
        """Too few are left there to hear anything: the last of a room, or one of two."""
        session = self._sessions.get(place)
        if session is not None:
            detail = "one side left" if self.directory.parties(place) else "the last party left"
            self._tell(session, LegEvent(Event.PARTY_LEFT, detail=detail))

    def call_left(self, call: Call) -> None:
        """A real party has left the place it was in."""
        session = self._sessions.get(call.place)
        if session is not None:
            session.call_left(call.id)

    def withdraw(self, playback: Playback) -> None:
        """Whoever asked for it has been told that it failed: it shall not begin later."""
        session = self._sessions.get(playback.place)
        if session is not None:
            session.withdraw(playback)

    def link_lost(self, server: str) -> None:
        """Nothing more is known of that server's calls."""
        for session in self._of(server):
            self._tell(session, LegEvent(Event.LINK_LOST))

    async def link_back(self, server: str) -> None:
        """The link is up again: find out what became of each leg that was left behind."""
        for session in self._of(server):
            if session.state is State.ADRIFT and session.current is not None:
                await self._find(session, session.current)
            self._look_who_is_there(session)

    # ---- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        """From now on no PLAY is accepted. What plays goes on, and every other verb is obeyed."""
        self._closed = True

    @property
    def closed(self) -> bool:
        """Whether it is about to end."""
        return self._closed

    def is_settled(self) -> bool:
        """Whether nothing is on its way into a call or out of it."""
        moving = (State.PREPARING, State.STARTING, State.STOPPING)
        return all(session.state not in moving for session in self._sessions.values())

    def is_silent(self) -> bool:
        """Whether nothing plays, and nothing waits."""
        return all(session.dormant for session in self._sessions.values())

    def is_wanted(self, playback_id: PlaybackId) -> bool:
        """Whether a leg of that playback may be there: it was accepted and has not ended."""
        if not self._remembers:
            return True
        playback = self._ledger.find(playback_id)
        return playback is not None and not playback.ended

    def _look_who_is_there(self, session: CallSession) -> None:
        """Who left while nobody listened left without a word."""
        for call_id in session.calls():
            call = self.directory.call(call_id)
            if call is None or call.place != session.place:
                session.call_left(call_id)
        if not session.dormant and self.directory.is_deserted(session.place):
            self.deserted(session.place)
        self._forget_if_over(session)

    async def _find(self, session: CallSession, playback: Playback) -> None:
        try:
            happened = await self._servers[session.place.server].player.find(playback)
        except NotConfirmed as error:  # one stubborn leg is no reason to be without a link
            _log.warning("the leg of playback %s is left adrift: %s", playback.id, error)
            return
        for event in happened:
            if session.state is State.ADRIFT:
                self._tell(session, event)

    def _of(self, server: str) -> list[CallSession]:
        return [s for c, s in self._sessions.items() if c.server == server]

    def _make_room(self) -> None:
        """For a session more: those where nothing happens are forgotten first."""
        if len(self._sessions) < self._limits.sessions:
            return
        self._sessions = {c: s for c, s in self._sessions.items() if not s.dormant}
        if len(self._sessions) >= self._limits.sessions:
            self._refusals.count(Bound.SESSIONS)
            raise TooManySessions(f"{self._limits.sessions} calls are being played to")

    def _new(self, place: Place) -> CallSession:
        server = self._servers[place.server]
        return CallSession(
            place,
            player=server.player,
            directory=server.directory,
            media=server.sounds,
            ledger=self._ledger,
            limits=self._limits,
            witness=self._witness,
        )

    def _tell(self, session: CallSession, event: LegEvent) -> None:
        try:
            session.happened(event)
        except IllegalEvent as illegal:
            _log.error("%s in %s", illegal, session.place.name)
        self._forget_if_over(session)

    def _forget_if_over(self, session: CallSession) -> None:
        """A bridge or a lone channel that is gone never comes back, and its session is of no use.

        Also after a command: it may have come when all had left, and no event follows.
        """
        if session.dormant and not self.directory.parties(session.place):
            self._sessions.pop(session.place, None)
