"""Which rooms there are and who is in them: a snapshot after each login, then events.

A snapshot is an answer, the events stand in a queue: applying them as they come could bring a
party back that has just left. So while a snapshot is taken events are kept, and replayed after
it. Each of them says how things are and not how they change, so replaying one that the snapshot
knows already does no harm.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from uuid import NAMESPACE_OID, UUID, uuid5

from callcue.asterisk.leg import is_leg
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import Snapshot
from callcue.core.ports import AgentSession, Call
from callcue.core.types import CallId, Conference

EVENTS = frozenset(
    {
        "ConfbridgeJoin",
        "ConfbridgeLeave",
        "ConfbridgeEnd",
        "Hangup",
        "Rename",
        "VarSet",
    }
)
"""The AMI events a directory lives on."""

AGENT = "CALLCUE_AGENT"
CALL_ID = "CALLCUE_CALL_ID"

_CONFERENCE = re.compile(r"[A-Za-z0-9_.@+-]{1,80}")
"""Room names that can be handed to the dialplan as they are; others are not ours to play into."""


class RoomDirectory:
    """Implements `callcue.core.ports.CallDirectory` for one Asterisk."""

    def __init__(
        self, server: str, *, ignore: Sequence[str] = (), agents: Mapping[str, str] | None = None
    ) -> None:
        """*ignore*: patterns of channel names that are no parties; *agents*: agent to room."""
        self._server = server
        self._ignore = tuple(ignore)
        self._agents = dict(agents or {})
        self._members: dict[str, Call] = {}
        self._by_id: dict[CallId, str] = {}
        self._rooms: dict[str, set[str]] = {}
        self._variables: dict[str, dict[str, str]] = {}
        self._kept: list[AmiEvent] | None = None
        self._available = False
        self.on_left: Callable[[Call], None] = lambda _call: None
        self.on_deserted: Callable[[Conference], None] = lambda _conference: None

    # ---- what the core asks -------------------------------------------------------------------

    def calls(self) -> Collection[Call]:
        """All live calls."""
        return self._members.values()

    def call(self, call_id: CallId) -> Call | None:
        """The live call of that id."""
        uniqueid = self._by_id.get(call_id)
        return self._members.get(uniqueid) if uniqueid else None

    def agent_session(self, agent: str) -> AgentSession | None:
        """The agent's own channel says it best; the table of the settings speaks for the rest."""
        for uniqueid, variables in self._variables.items():
            if variables.get(AGENT) == agent and uniqueid in self._members:
                return AgentSession(self._members[uniqueid].conference, "variable")
        number = self._agents.get(agent)
        if number is not None and self._rooms.get(number):
            return AgentSession(Conference(self._server, number), "settings")
        return None

    def parties(self, conference: Conference) -> int:
        """How many real parties are in a room."""
        return len(self._rooms.get(conference.number, ()))

    def available(self, server: str) -> bool:
        """Whether the link is up and the snapshot is in."""
        return server == self._server and self._available

    # ---- what Asterisk says -------------------------------------------------------------------

    def expect_snapshot(self) -> None:
        """Keep events from here on, until `apply`."""
        self._kept = []

    def apply(self, snapshot: Snapshot) -> None:
        """Take the snapshot for the truth, then what has happened since it was asked for."""
        before, calls = list(self._rooms), list(self._members.values())
        self._members.clear()
        self._by_id.clear()
        self._rooms.clear()
        self._variables = {uniqueid: dict(values) for uniqueid, values in snapshot.variables}
        for member in snapshot.members:
            self._join(member)
        kept, self._kept = self._kept or [], None
        self._available = True
        for event in kept:
            self.on_event(event)
        for call in calls:
            if call.uniqueid not in self._members:
                self.on_left(call)
        for number in before:
            if number not in self._rooms:
                self.on_deserted(Conference(self._server, number))

    def lost(self) -> None:
        """The link is down: what is known may be stale."""
        self._available = False
        self._kept = None

    def on_event(self, event: AmiEvent) -> None:
        """Take in one AMI event."""
        if self._kept is not None:
            self._kept.append(event)
            return
        match event.name:
            case "ConfbridgeJoin":
                self._join(event)
            case "ConfbridgeLeave":
                self._leave_room(event.get("Uniqueid"), event.get("Conference"))
            case "ConfbridgeEnd":
                self._end(event.get("Conference"))
            case "Hangup":
                self._leave(event.get("Uniqueid"))
                self._variables.pop(event.get("Uniqueid"), None)
            case "Rename":
                self._rename(event.get("Uniqueid"), event.get("Newname"))
            case "VarSet":
                self._variable(event)

    def _join(self, event: AmiEvent) -> None:
        uniqueid, number = event.get("Uniqueid"), event.get("Conference")
        if not _CONFERENCE.fullmatch(number) or not self._is_party(uniqueid, event.get("Channel")):
            return
        known = self._members.get(uniqueid)
        if known is not None and known.conference.number != number:
            self._leave(uniqueid)  # a snapshot that takes a while may see who moves in both rooms
        self._members[uniqueid] = call = Call(
            id=self._call_id(uniqueid),
            conference=Conference(self._server, number),
            channel=event.get("Channel"),
            uniqueid=uniqueid,
            context=event.get("Context"),
            number=event.get("Exten"),
            agent=self._variables.get(uniqueid, {}).get(AGENT),
        )
        self._by_id[call.id] = uniqueid
        self._rooms.setdefault(number, set()).add(uniqueid)

    def _leave_room(self, uniqueid: str, number: str) -> None:
        call = self._members.get(uniqueid)
        if call is not None and call.conference.number == number:
            self._leave(uniqueid)

    def _leave(self, uniqueid: str) -> None:
        call = self._members.pop(uniqueid, None)
        if call is None:
            return
        self._unlist(call)
        self.on_left(call)
        parties = self._rooms[call.conference.number]
        parties.discard(uniqueid)
        if not parties:
            del self._rooms[call.conference.number]
            self.on_deserted(call.conference)

    def _end(self, number: str) -> None:
        for uniqueid in list(self._rooms.get(number, ())):
            self._leave(uniqueid)

    def _rename(self, uniqueid: str, name: str) -> None:
        call = self._members.get(uniqueid)
        if call is not None and name:
            self._members[uniqueid] = replace(call, channel=name)

    def _variable(self, event: AmiEvent) -> None:
        uniqueid, name = event.get("Uniqueid"), event.get("Variable").lstrip("_")
        if name not in (AGENT, CALL_ID):
            return
        self._variables.setdefault(uniqueid, {})[name] = event.get("Value")
        call = self._members.get(uniqueid)
        if call is not None:
            self._unlist(call)
            agent = self._variables[uniqueid].get(AGENT)
            call = replace(call, agent=agent, id=self._call_id(uniqueid))
            self._members[uniqueid] = call
            self._by_id[call.id] = uniqueid

    def _unlist(self, call: Call) -> None:
        # A channel that inherited another's id has taken the place over, and keeps it.
        if self._by_id.get(call.id) == call.uniqueid:
            del self._by_id[call.id]

    def _is_party(self, uniqueid: str, channel: str) -> bool:
        ignored = any(fnmatchcase(channel, pattern) for pattern in self._ignore)
        return bool(uniqueid) and not is_leg(uniqueid) and not ignored

    def _call_id(self, uniqueid: str) -> CallId:
        """The channel's own UUID if it has one, else the same one made from what it has."""
        for candidate in (self._variables.get(uniqueid, {}).get(CALL_ID, ""), uniqueid):
            try:
                return CallId(UUID(candidate))
            except ValueError:
                continue
        return CallId(uuid5(NAMESPACE_OID, f"{self._server}:{uniqueid}"))
