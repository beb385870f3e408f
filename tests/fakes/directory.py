"""Rooms and calls that the test fills."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from callcue.core.ports import AgentSession, Call
from callcue.core.types import CallId, Conference


@dataclass
class FakeDirectory:
    """Implements `callcue.core.ports.CallDirectory`."""

    server: str = "main"
    up: bool = True
    live: dict[CallId, Call] = field(default_factory=dict)
    agents: dict[str, AgentSession] = field(default_factory=dict)
    on_deserted: Callable[[Conference], None] | None = None

    # ---- the port -----------------------------------------------------------------------------

    def calls(self) -> Collection[Call]:
        return list(self.live.values())

    def call(self, call_id: CallId) -> Call | None:
        return self.live.get(call_id)

    def agent_session(self, agent: str) -> AgentSession | None:
        return self.agents.get(agent)

    def parties(self, conference: Conference) -> int:
        return sum(call.conference == conference for call in self.live.values())

    def available(self, server: str) -> bool:
        return self.up and server == self.server

    # ---- what the tester makes happen -----------------------------------------------------------

    def enter(
        self,
        number: str,
        channel: str,
        *,
        agent: str | None = None,
        context: str = "default",
        dialled: str = "",
    ) -> Call:
        """A party enters a room; with *agent* it is that agent's room from now on."""
        conference = Conference(self.server, number)
        call_id = CallId(uuid5(NAMESPACE_URL, channel))
        call = Call(call_id, conference, channel, f"1.{channel}", context, dialled or number, agent)
        self.live[call.id] = call
        if agent is not None:
            self.agents[agent] = AgentSession(conference, "fake")
        return call

    def leave(self, call: Call) -> None:
        """A party leaves; with the last one the room is deserted."""
        del self.live[call.id]
        if call.agent is not None:
            self.agents.pop(call.agent, None)
        if not self.parties(call.conference) and self.on_deserted is not None:
            self.on_deserted(call.conference)
