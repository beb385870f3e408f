"""The calls of several Asterisks, as if they were one's."""

from collections.abc import Collection, Sequence
from itertools import chain

from .ports import AgentSession, Call, Server
from .types import CallId, Place


class Directories:
    """Implements `CallDirectory` for all of *servers*.

    What two of them claim goes to one whose link is up, before one of which we only know what was;
    then to the one that the settings name first.
    """

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = {server.name: server for server in servers}

    def add(self, server: Server) -> None:
        """One more, behind the others; one of the same name goes."""
        self._servers[server.name] = server

    def remove(self, name: str) -> None:
        """Its calls are none of ours any more."""
        del self._servers[name]

    def calls(self) -> Collection[Call]:
        """All live calls."""
        every = [server.directory.calls() for server in self._servers.values()]
        return every[0] if len(every) == 1 else list(chain.from_iterable(every))

    def call(self, call_id: CallId) -> Call | None:
        """The live call of that id. One that goes through two of our Asterisks has two of them."""
        for server in self._best_first():
            call = server.directory.call(call_id)
            if call is not None:
                return call
        return None

    def agent_session(self, agent: str) -> AgentSession | None:
        """Where that agent is. An agent's own channel anywhere goes before the settings."""
        found: AgentSession | None = None
        for server in self._best_first():
            session = server.directory.agent_session(agent)
            if session is not None and session.call is not None:
                return session
            found = found or session
        return found

    def parties(self, place: Place) -> Collection[Call]:
        """The real parties in one place."""
        server = self._servers.get(place.server)
        return server.directory.parties(place) if server is not None else ()

    def is_deserted(self, place: Place) -> bool:
        """Whether too few are left there."""
        server = self._servers.get(place.server)
        return server is None or server.directory.is_deserted(place)

    def available(self, server: str) -> bool:
        """Whether the link to that one is up."""
        known = self._servers.get(server)
        return known is not None and known.directory.available(server)

    def _best_first(self) -> list[Server]:
        return sorted(self._servers.values(), key=lambda s: not s.directory.available(s.name))
