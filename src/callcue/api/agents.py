"""Where agents sit: who knows it, in which order they are trusted, and why nobody may know."""

from dataclasses import dataclass
from typing import Protocol

from callcue.core.ports import AgentSession, CallDirectory


class AgentsOutOfReach(Exception):
    """Whoever knows the agents cannot be asked now."""


class RoomUnnamed(Exception):
    """The agent is logged in, and what is written down as the room is none."""


class ServerUnknown(Exception):
    """The agent is logged in at a server that the settings do not name."""

    def __init__(self, address: str) -> None:
        super().__init__(f"no Asterisk of the settings is {address}")
        self.address = address


class AgentRooms(Protocol):
    """Somebody who knows where agents are."""

    async def find(self, agent: str) -> AgentSession | None:
        """Where that agent is, as things are now; None if not logged in.

        Raises:
            AgentsOutOfReach: nobody is there to ask.
            RoomUnnamed: no room can be made of what is known.
            ServerUnknown: it is not at an Asterisk of ours.

        """


@dataclass(frozen=True, slots=True)
class OtherAgent:
    """An agent who has had the same lead: its name, and what is written down as its room."""

    name: str
    room: str
    address: str
    """Of the server, as VICIdial writes it."""


class Leads(Protocol):
    """Somebody who knows which agents speak, or spoke, to whom. All raise `AgentsOutOfReach`."""

    async def lead_of(self, agent: str) -> int | None:
        """The lead that agent is on the phone with, 0 for none; None if not logged in."""

    async def other_on(self, lead: int, agent: str) -> OtherAgent | None:
        """Another agent on that lead now, or in the last minutes."""

    async def came_from_elsewhere(self, lead: int) -> bool:
        """Whether that lead's call was handed over by another cluster."""

    def session(self, room: str, address: str) -> AgentSession:
        """That room. Raises `RoomUnnamed` and `ServerUnknown`, as `AgentRooms.find`."""


class RoomsOfDirectory:
    """What Asterisk and the settings say, alone."""

    def __init__(self, directory: CallDirectory) -> None:
        self._directory = directory

    async def find(self, agent: str) -> AgentSession | None:
        """See `AgentRooms.find`; this one never raises."""
        return self._directory.agent_session(agent)


class RoomsInOrder:
    """The agent's own channel is right about itself; then the database; then the fixed table."""

    def __init__(self, directory: CallDirectory, database: AgentRooms) -> None:
        self._directory = directory
        self._database = database

    async def find(self, agent: str) -> AgentSession | None:
        """See `AgentRooms.find`."""
        known = self._directory.agent_session(agent)
        if known is not None and known.source != "settings":
            return known
        try:
            return await self._database.find(agent) or known
        except AgentsOutOfReach:
            if known is None:
                raise
            return known
