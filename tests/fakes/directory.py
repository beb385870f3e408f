"""Rooms and calls that the test fills."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, uuid5

from callcue.core.ports import AgentSession, Call
from callcue.core.types import Bridge, CallId, Conference, Place


@dataclass
class FakeDirectory:
    """Implements `callcue.core.ports.CallDirectory`."""

    server: str = "main"
    up: bool = True
    live: dict[CallId, Call] = field(default_factory=dict)
    agents: dict[str, AgentSession] = field(default_factory=dict)
    on_left: Callable[[Call], None] | None = None
    on_deserted: Callable[[Place], None] | None = None

    # ---- the port -----------------------------------------------------------------------------

    def calls(self) -> Collection[Call]:
        return list(self.live.values())

    def call(self, call_id: CallId) -> Call | None:
        return self.live.get(call_id)

    def agent_session(self, agent: str) -> AgentSession | None:
        return self.agents.get(agent)

    def parties(self, place: Place) -> Collection[Call]:
        return [call for call in self.live.values() if call.place == place]

    def is_deserted(self, place: Place) -> bool:
        return len(self.parties(place)) < (2 if isinstance(place, Bridge) else 1)

    def available(self, server: str) -> bool:
        return self.up and server == self.server

    # ---- what the tester makes happen -----------------------------------------------------------

    def enter(
        self,
        where: str | Place,
        channel: str,
        *,
        agent: str | None = None,
        context: str = "default",
        dialled: str = "",
    ) -> Call:
        """A party comes to a place, or to a room by its number; *agent* is there from now on."""
        place = Conference(self.server, where) if isinstance(where, str) else where
        call_id = CallId(uuid5(NAMESPACE_URL, channel))
        call = Call(
            call_id,
            place,
            channel,
            f"1.{channel}",
            context,
            dialled or place.name,
            agent,
            is_agent=agent is not None,
        )
        self.live[call.id] = call
        if agent is not None:
            self.agents[agent] = AgentSession(place, "fake", call.id)
        return call

    def leave(self, call: Call) -> None:
        """A party hangs up; with the last one, or with one of two in a bridge, it is deserted."""
        del self.live[call.id]
        if call.agent is not None:
            self.agents.pop(call.agent, None)
        if self.on_left is not None:
            self.on_left(call)
        if self.is_deserted(call.place) and self.on_deserted is not None:
            self.on_deserted(call.place)
