"""The one door that every dialect knocks on: commands in, events in, sessions kept."""

import logging
from collections.abc import Iterator, Sequence

from .commands import Command
from .directories import Directories
from .errors import AsteriskUnavailable, NotConfirmed
from .playback import Playback
from .ports import Call, CallDirectory, Ledger, LegEvent, Server
from .session import CallSession, Limits
from .states import Event, IllegalEvent, State
from .types import Place, PlaybackId

_log = logging.getLogger(__name__)


class Controller:
    """Finds or makes the session of a place, and brings each event to the one it concerns."""

    def __init__(
        self,
        *,
        servers: Sequence[Server],
        ledger: Ledger,
        limits: Limits | None = None,
    ) -> None:
        """Wire the ports together; nothing runs until a command comes."""
        self.directory: CallDirectory = Directories(servers)
        self._servers = {server.name: server for server in servers}
        self._ledger = ledger
        self._limits = limits or Limits()
        self._sessions: dict[Place, CallSession] = {}

    # ---- what dialects ask ------------------------------------------------------------------

    async def perform(self, place: Place, command: Command) -> Playback:
        """Apply *command* there; see `CallSession.perform`.

        Raises:
            CallcueError: the command was refused, or could not be confirmed.

        """
        session = self._sessions.get(place)
        # One with a playback knows by itself what may be done without a link.
        idle = session is None or session.dormant
        if idle and not self.directory.available(place.server):
            raise AsteriskUnavailable(place.server)
        if session is None:
            session = self._sessions[place] = self._new(place)
        try:
            return await session.perform(command)
        finally:
            self._forget_if_over(session)

    async def way_to(self, place: Place) -> str:
        """In a word, how everyone there would be played to.

        Raises:
            CannotPlayHere: nobody can be, and why.
            AsteriskUnavailable: nobody is there to ask.

        """
        return await self._servers[place.server].player.check(place, None)

    def session(self, place: Place) -> CallSession | None:
        """The session of that place, if it ever had a command. To be read, not changed."""
        return self._sessions.get(place)

    def playback(self, playback_id: PlaybackId) -> Playback | None:
        """A playback by its id, running or ended."""
        return self._ledger.find(playback_id)

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

    async def _find(self, session: CallSession, playback: Playback) -> None:
        try:
            found = await self._servers[session.place.server].player.find(playback)
        except NotConfirmed as error:  # one stubborn leg is no reason to be without a link
            _log.warning("the leg of playback %s is left adrift: %s", playback.id, error)
            return
        if session.state is State.ADRIFT:
            self._tell(session, found)

    def _of(self, server: str) -> list[CallSession]:
        return [s for c, s in self._sessions.items() if c.server == server]

    def _new(self, place: Place) -> CallSession:
        server = self._servers[place.server]
        return CallSession(
            place,
            player=server.player,
            directory=server.directory,
            media=server.sounds,
            ledger=self._ledger,
            limits=self._limits,
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
