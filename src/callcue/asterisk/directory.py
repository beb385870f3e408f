"""Which calls there are and who is with whom: a snapshot after each login, then events.

A snapshot is an answer, the events stand in a queue: applying them as they come could bring a
party back that has just left. So while a snapshot is taken events are kept, and replayed after
it. Each of them says how things are and not how they change, so replaying one that the snapshot
knows already does no harm.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from uuid import NAMESPACE_OID, UUID, uuid5

from callcue.asterisk.bridges import BridgeKind, Bridges
from callcue.asterisk.ids import is_ours
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import AGENT, BACK, BESIDE, CALL_ID, Snapshot
from callcue.core.ports import AgentSession, Call
from callcue.core.types import Alone, Bridge, CallId, Conference, Place

EVENTS = frozenset(
    {
        "Newchannel",
        "Hangup",
        "Rename",
        "OriginateResponse",
        "ConfbridgeJoin",
        "ConfbridgeLeave",
        "ConfbridgeEnd",
        "BridgeEnter",
        "BridgeLeave",
        "Hold",
        "Unhold",
        "VarSet",
    }
)
"""The AMI events a directory lives on."""

KEPT_LIMIT = 50_000
"""Events that may come while a snapshot is taken. With more it is of no use, and taken anew."""

_CONFERENCE = re.compile(r"[A-Za-z0-9_.@+-]{1,80}")
"""Room names that can be handed to the dialplan as they are; others are not ours to play into."""


@dataclass(slots=True)
class _Channel:
    """What is known of a channel besides the call that is made of it."""

    uniqueid: str
    name: str
    context: str = ""
    exten: str = ""
    place: Place | None = None
    """None where it is nobody's call: half of a Local channel in the dialplan, a strange room."""
    variables: dict[str, str] = field(default_factory=dict)


class Directory:
    """Implements `callcue.core.ports.CallDirectory` for one Asterisk."""

    def __init__(
        self,
        server: str,
        *,
        ignore: Sequence[str] = (),
        agents: Mapping[str, str] | None = None,
        agent_channels: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> None:
        """*ignore*: patterns of channel names that are no parties; *agents*: agent to room.

        *agent_channels*: patterns of channel names that are agents', whoever the agent is.
        *tags*: names of the channel variables that say what sort of call it is.
        """
        self._server = server
        self._ignore = tuple(ignore)
        self._agents = dict(agents or {})
        self._agent_channels = tuple(agent_channels)
        self._tags = tuple(tags)
        self.variables = frozenset((AGENT, CALL_ID, *tags))
        """Those of a channel that it wants to know."""
        self._channels: dict[str, _Channel] = {}
        self._bridges = Bridges()
        self._holding: set[str] = set()
        """Unique ids of those who hold the other side."""
        self._calls: dict[str, Call] = {}
        self._by_id: dict[CallId, list[str]] = {}
        """Unique ids of those who have that id; the last one, who inherited it, is meant by it."""
        self._by_agent: dict[str, set[str]] = {}
        self._places: dict[Place, set[str]] = {}
        self._kept: list[AmiEvent] | None = None
        self._overflowed = False
        self._available = False
        self._settled = True
        """False while a snapshot is made the truth: who has left is told when all is known."""
        self.on_left: Callable[[Call], None] = lambda _call: None
        self.on_deserted: Callable[[Place], None] = lambda _place: None

    def seat(self, agents: Mapping[str, str]) -> None:
        """Agent to conference, where no other source knows: from now on these."""
        self._agents = dict(agents)

    # ---- what the core asks -------------------------------------------------------------------

    def calls(self) -> Collection[Call]:
        """All live calls."""
        return self._calls.values()

    def call(self, call_id: CallId) -> Call | None:
        """The live call of that id."""
        holders = self._by_id.get(call_id)
        return self._calls[holders[-1]] if holders else None

    def agent_session(self, agent: str) -> AgentSession | None:
        """The agent's own channel says it best; the table of the settings speaks for the rest."""
        for uniqueid in self._by_agent.get(agent, ()):
            if uniqueid in self._calls:
                call = self._calls[uniqueid]
                return AgentSession(call.place, "variable", call.id)
        number = self._agents.get(agent)
        room = Conference(self._server, number or "")
        return AgentSession(room, "settings") if room in self._places else None

    def parties(self, place: Place) -> Collection[Call]:
        """The real parties in one place."""
        return [self._calls[uniqueid] for uniqueid in self._places.get(place, ())]

    def available(self, server: str) -> bool:
        """Whether the link is up and the snapshot is in."""
        return server == self._server and self._available

    # ---- what a player asks -------------------------------------------------------------------

    def bridge(self, bridge_id: str) -> BridgeKind | None:
        """What sort of bridge that is, and who is in it; None if nobody is."""
        return self._bridges.get(bridge_id)

    def is_held(self, bridge_id: str) -> bool:
        """Whether somebody there holds the others. A hold from before the snapshot is unknown."""
        bridge = self._bridges.get(bridge_id)
        return bridge is not None and not self._holding.isdisjoint(bridge.channels)

    # ---- what Asterisk says -------------------------------------------------------------------

    def expect_snapshot(self) -> None:
        """Keep events from here on, until `apply`."""
        self._kept, self._overflowed = [], False

    @property
    def may_apply(self) -> bool:
        """Whether all that has happened since `expect_snapshot` could be kept."""
        return not self._overflowed

    def apply(self, snapshot: Snapshot) -> None:
        """Take the snapshot for the truth, then what has happened since it was asked for."""
        before, calls = list(self._places), list(self._calls.values())
        self._settled = False
        for known in (self._channels, self._calls, self._by_id, self._by_agent, self._places):
            known.clear()
        self._bridges = Bridges()
        self._holding.clear()
        for status in snapshot.channels:
            self._new(status, status.get("BridgeID"), snapshot)
        for member in snapshot.members:
            self._enter_room(member)
        kept, self._kept = self._kept or [], None
        self._available = True
        for event in kept:
            self.on_event(event)
        self._settled = True
        for call in calls:
            now = self._calls.get(call.uniqueid)
            if now is None or now.place != call.place:
                self.on_left(call)
        for place in before:
            if self.is_deserted(place):
                self.on_deserted(place)

    def lost(self) -> None:
        """The link is down: what is known may be stale."""
        self._available = False
        self._kept = None

    def on_event(self, event: AmiEvent) -> None:
        """Take in one AMI event."""
        if self._kept is not None:
            self._keep(event)
            return
        match event.name:
            case "Newchannel":
                self._new(event)
            case "ConfbridgeJoin":
                self._enter_room(event)
            case "ConfbridgeLeave":
                room = Conference(self._server, event.get("Conference"))
                self._leave(event.get("Uniqueid"), room)
            case "ConfbridgeEnd":
                room = Conference(self._server, event.get("Conference"))
                for uniqueid in list(self._places.get(room, ())):
                    self._leave(uniqueid, room)
            case "BridgeEnter":
                self._enter_bridge(event)
            case "BridgeLeave":
                self._bridges.leave(event.get("BridgeUniqueid"), event.get("Uniqueid"))
                bridge = Bridge(self._server, event.get("BridgeUniqueid"))
                self._leave(event.get("Uniqueid"), bridge)
            case "Hold":
                self._holding.add(event.get("Uniqueid"))
            case "Unhold":
                self._holding.discard(event.get("Uniqueid"))
            case "OriginateResponse":
                self._dialled(event)
            case "Hangup":
                self._hang_up(event.get("Uniqueid"))
            case "Rename":
                self._rename(event.get("Uniqueid"), event.get("Newname"))
            case "VarSet":
                self._variable(event)

    def _keep(self, event: AmiEvent) -> None:
        """Only what says something: most of a flood are the variables of others."""
        assert self._kept is not None
        others = event.name == "VarSet" and _variable_name(event) not in self.variables
        if others or event.name not in EVENTS:
            return
        if len(self._kept) >= KEPT_LIMIT:
            self._overflowed = True
            self._kept.clear()
        self._kept.append(event)

    # ---- channels come and go -----------------------------------------------------------------

    def _new(
        self, event: AmiEvent, bridge_id: str = "", snapshot: Snapshot | None = None
    ) -> _Channel | None:
        """Know the channel that an event is about; None if it is nobody's."""
        uniqueid, name = event.get("Uniqueid"), event.get("Channel")
        if not uniqueid or is_ours(uniqueid):
            return None
        if bridge_id and snapshot is not None:
            self._bridges.enter(snapshot.bridge(bridge_id), uniqueid, name)
        channel = self._channels.get(uniqueid)
        if channel is not None:
            channel.name = name or channel.name
        else:
            if any(fnmatchcase(name, pattern) for pattern in self._ignore):
                return None
            channel = self._channels[uniqueid] = _Channel(uniqueid, name)
            if snapshot is not None:
                channel.variables.update(snapshot.variables(event))
                self._know_agent(channel)
            self._move(channel, self._in_bridge(bridge_id) or self._by_itself(channel), event)
        return channel

    def _by_itself(self, channel: _Channel) -> Place | None:
        return None if is_local(channel.name) else Alone(self._server, channel.uniqueid)

    def _in_bridge(self, bridge_id: str) -> Place | None:
        kind = self._bridges.get(bridge_id)
        # The members of a room are in a bridge as well; the room says more.
        if kind is None or kind.is_conference:
            return None
        return Bridge(self._server, bridge_id)

    def _enter_room(self, event: AmiEvent) -> None:
        number, channel = event.get("Conference"), self._new(event)
        if channel is not None and _CONFERENCE.fullmatch(number):
            self._move(channel, Conference(self._server, number), event)

    def _enter_bridge(self, event: AmiEvent) -> None:
        kind, uniqueid = BridgeKind.of(event), event.get("Uniqueid")
        if is_ours(uniqueid):
            return
        self._bridges.enter(kind, uniqueid, event.get("Channel"))
        channel = self._new(event)
        if channel is not None and not kind.is_conference:
            self._move(channel, Bridge(self._server, kind.id), event)

    def _leave(self, uniqueid: str, place: Place) -> None:
        channel = self._channels.get(uniqueid)
        if channel is not None and channel.place == place:
            self._move(channel, self._by_itself(channel))

    def _hang_up(self, uniqueid: str) -> None:
        self._holding.discard(uniqueid)
        channel = self._channels.pop(uniqueid, None)
        if channel is None:
            return
        self._move(channel, None)
        self._forget_agent(channel)

    def _dialled(self, event: AmiEvent) -> None:
        """An originated channel has been answered: only now it is told where it goes."""
        channel = self._channels.get(event.get("Uniqueid"))
        if channel is not None and event.get("Response") == "Success":
            self._move(channel, channel.place, event)

    def _rename(self, uniqueid: str, name: str) -> None:
        channel = self._channels.get(uniqueid)
        if channel is not None and name:
            channel.name = name
            self._move(channel, channel.place)

    def _variable(self, event: AmiEvent) -> None:
        name = _variable_name(event)
        channel = self._new(event) if name in self.variables else None
        if channel is not None:
            self._forget_agent(channel)
            channel.variables[name] = event.get("Value")
            self._know_agent(channel)
            self._move(channel, channel.place)

    def _know_agent(self, channel: _Channel) -> None:
        agent = channel.variables.get(AGENT)
        if agent:
            self._by_agent.setdefault(agent, set()).add(channel.uniqueid)

    def _forget_agent(self, channel: _Channel) -> None:
        agent = channel.variables.get(AGENT, "")
        if agent in self._by_agent:
            self._by_agent[agent].discard(channel.uniqueid)
            if not self._by_agent[agent]:
                del self._by_agent[agent]

    # ---- calls and where they are -------------------------------------------------------------

    def _move(self, channel: _Channel, place: Place | None, event: AmiEvent | None = None) -> None:
        """The one place where a call is made, changed, moved or ended."""
        if event is not None:
            self._note_dialled(channel, event)
        channel.place = place
        before = self._calls.get(channel.uniqueid)
        call = None if place is None else self._call_of(channel, place)
        if before is not None:
            if call is None or call.id != before.id:
                self._give_up_id(before)
            if before.place != place:
                del self._calls[channel.uniqueid]
                self._places[before.place].discard(channel.uniqueid)
        if call is not None:
            self._calls[channel.uniqueid] = call
            self._places.setdefault(call.place, set()).add(channel.uniqueid)
            holders = self._by_id.setdefault(call.id, [])
            if channel.uniqueid not in holders:
                holders.append(channel.uniqueid)
        if before is not None and before.place != place:
            self._has_left(before)

    def _note_dialled(self, channel: _Channel, event: AmiEvent) -> None:
        """Where the call was dialled: not where it is only to hear us."""
        match event.get("Context"):
            case "":
                return
            case own if own == BESIDE:
                context, _, rest = channel.variables.get(BACK, "").partition("/")
                if context:
                    channel.context, channel.exten = context, rest.partition("/")[0]
            case context:
                channel.context, channel.exten = context, event.get("Exten")

    def _give_up_id(self, call: Call) -> None:
        holders = self._by_id[call.id]
        holders.remove(call.uniqueid)
        if not holders:
            del self._by_id[call.id]

    def _has_left(self, call: Call) -> None:
        if self._settled:
            self.on_left(call)
        deserted = self._settled and self.is_deserted(call.place)
        if not self._places.get(call.place):
            self._places.pop(call.place, None)
        if deserted:
            self.on_deserted(call.place)

    def is_deserted(self, place: Place) -> bool:
        """Whether too few are left: a bridge with one party is only kept open by our leg."""
        fewest = 2 if isinstance(place, Bridge) else 1
        return len(self._places.get(place, ())) < fewest

    def _call_of(self, channel: _Channel, place: Place) -> Call:
        agent = channel.variables.get(AGENT) or None
        is_agent = any(fnmatchcase(channel.name, pattern) for pattern in self._agent_channels)
        return Call(
            id=self._call_id(channel),
            place=place,
            channel=channel.name,
            uniqueid=channel.uniqueid,
            context=channel.context,
            number=channel.exten,
            agent=agent,
            is_agent=is_agent or agent is not None,
            tags=self._tags_of(channel),
        )

    def _tags_of(self, channel: _Channel) -> frozenset[str]:
        found = ((name, channel.variables.get(name, "")) for name in self._tags)
        return frozenset(f"{name}={value}" for name, value in found if value)

    def _call_id(self, channel: _Channel) -> CallId:
        """The channel's own UUID if it has one, else the same one made from what it has."""
        for candidate in (channel.variables.get(CALL_ID, ""), channel.uniqueid):
            try:
                return CallId(UUID(candidate))
            except ValueError:
                continue
        return CallId(uuid5(NAMESPACE_OID, f"{self._server}:{channel.uniqueid}"))


def is_local(name: str) -> bool:
    """Whether a channel is half of a `Local` channel, by its name."""
    return name.startswith("Local/")


def _variable_name(event: AmiEvent) -> str:
    """Of a `VarSet`, without the marks that say who inherits it."""
    return event.get("Variable").lstrip("_")
