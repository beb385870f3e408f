"""The switch inside the fake Asterisk: rooms, bridges, who is in them, and who hears which leg.

What it tells of that, and in which order, was measured on Asterisk 22.10 and 16.28. Every method
here happens at once; `FakePbx` has the manager's actions, and their delays and faults.
"""

import asyncio
from itertools import count

from .party import BESIDE, ROOMS, Party, bridge_fields, inside
from .player_leg import PlayerLeg
from .speech import Fields


class Switch:
    """Parties and legs by their unique ids."""

    def __init__(self) -> None:
        self.parties: dict[str, Party] = {}
        self.legs: dict[str, PlayerLeg] = {}
        self.withheld: set[str] = set()
        """Events of these names happen and are not told."""
        self.most_heard = 0
        """The most clips that were ever heard in one room, or by one party, at one time."""
        self.watches = True
        """Whether `most_heard` is kept: with very many calls nothing else would be done."""
        self._numbers = count(1)
        self._news: asyncio.Queue[tuple[str, Fields]] = asyncio.Queue()

    # ---- what is so ----------------------------------------------------------------------------

    def heard(self, room: str) -> list[tuple[str, int]]:
        """Sound and ms of every leg that the parties of this room hear together now."""
        return [leg.heard for leg in self.legs.values() if leg.room == room and leg.heard]

    def heard_by(self, uniqueid: str) -> list[tuple[str, int]]:
        """Sound and ms of every leg that this party hears now."""
        legs = [leg for leg in self.legs.values() if uniqueid in self.hearers(leg)]
        return [leg.heard for leg in legs if leg.heard]

    def hearers(self, leg: PlayerLeg) -> set[str]:
        """All parties that hear whatever this leg plays."""
        target = self.parties.get(leg.party)
        match leg.way:
            case _ if not leg.joined:
                return set()
            case "room":
                return {one.uniqueid for one in self.parties.values() if one.room == leg.room}
            case "barge" if target is not None and target.bridge:
                return {one.uniqueid for one in self.in_bridge(target.bridge)}
            case "member":
                return {one.uniqueid for one in self.in_bridge(leg.bridge)}
        return {leg.party}

    def members(self, room: str) -> list[tuple[str, str]]:
        """Unique id and channel of all who are in the room, legs included."""
        parties = [(p.uniqueid, p.channel) for p in self.parties.values() if p.room == room]
        legs = [leg for leg in self.legs.values() if leg.room == room and leg.joined]
        return parties + [(leg.join_id, leg.join_channel) for leg in legs]

    def in_bridge(self, bridge: str) -> list[Party]:
        """The parties in that bridge."""
        return [party for party in self.parties.values() if party.bridge == bridge]

    def bridges(self) -> list[Fields]:
        """All bridges there are, as `BridgeList` has them."""
        ids = sorted({party.bridge_id for party in self.parties.values() if party.bridge_id})
        return [bridge_fields(one, self._channels_in(one)) for one in ids]

    def leg(self, target: str) -> PlayerLeg:
        """The only leg that is meant for this room, or that gets in by this party."""
        (leg,) = (leg for leg in self.legs.values() if target in (leg.room, leg.party))
        return leg

    # ---- parties come, move and go ---------------------------------------------------------------

    def enter(self, room: str, channel: str = "PJSIP/alice", **variables: str) -> str:
        """A party comes into the room; its unique id."""
        party = self._new(channel, ROOMS, room, variables)
        party.room, party.application = room, "ConfBridge"
        self._tell("ConfbridgeJoin", self._member(party.uniqueid, party.channel, room))
        self._tell("BridgeEnter", {**party.fields, **self._bridge(inside(room))})
        return party.uniqueid

    def alone(
        self,
        channel: str = "PJSIP/carol",
        *,
        context: str = "ivr",
        exten: str = "100",
        priority: str = "3",
        application: str = "Wait",
        **variables: str,
    ) -> str:
        """A party that is with nobody; its unique id."""
        party = self._new(channel, context, exten, variables)
        party.go(context, exten, priority, application)
        return party.uniqueid

    def talk(self, *channels: str, bridge: str = "bridge-1") -> list[str]:
        """Parties that `Dial` connects with each other; their unique ids."""
        found = [self.alone(channel, application="Dial") for channel in channels]
        for uniqueid in found:
            self.connect(uniqueid, bridge)
        return found

    def connect(self, uniqueid: str, bridge: str) -> None:
        """A party goes into a bridge, wherever it was."""
        party = self.parties[uniqueid]
        self._stop_listening(party)
        self._out_of_bridge(party)
        party.bridge = bridge
        self._tell("BridgeEnter", {**party.fields, **self._bridge(bridge)})

    def set_variable(self, uniqueid: str, name: str, value: str) -> None:
        """A party's dialplan sets a channel variable."""
        party = self.parties[uniqueid]
        party.variables[name.lstrip("_")] = value
        self._tell("VarSet", {**party.fields, "Variable": name, "Value": value})

    def press_key(self, uniqueid: str) -> None:
        """One that listens to a leg breaks it off for a moment."""
        leg = self._listened_to(self.parties[uniqueid])
        assert leg is not None, "it listens to nothing"
        self._spy(leg, "Stop")
        self._spy(leg, "Start")

    def leave(self, uniqueid: str) -> None:
        """A party hangs up."""
        party = self.parties.pop(uniqueid)
        if party.room:
            self._tell("BridgeLeave", {**party.fields, **self._bridge(party.bridge_id)})
            self._tell("ConfbridgeLeave", self._member(uniqueid, party.channel, party.room))
            self._end_if_empty(party.room)
        self._stop_listening(party)
        self._out_of_bridge(party)
        spies = [leg for leg in self.legs.values() if leg.spies and leg.party == uniqueid]
        for leg in spies:
            self._stop_spying(leg)
        self._tell("Hangup", {**party.fields, "Cause": "16"})

    def redirect_party(self, uniqueid: str, context: str, exten: str, priority: str = "1") -> None:
        """Somebody takes a party somewhere else in the dialplan; also to listen to a leg."""
        party = self.parties[uniqueid]
        self._stop_listening(party)
        party.go(context, exten, priority, "ChanSpy" if context == BESIDE else "Wait")
        if context == BESIDE:
            leg = self._listened_to(party)
            if leg is None:
                self._go_back(party)
            else:
                leg.joined = True
                self._spy(leg, "Start")

    # ---- legs get in and go ----------------------------------------------------------------------

    def join(self, leg: PlayerLeg) -> str:
        """The join half gets in; else what `callcue-join` says, if it says anything."""
        target = self.parties.get(leg.party)
        match leg.way:
            case "room" if not self.members(leg.room):
                return "EMPTY"
            case "room":
                leg.joined = True
                self._tell("ConfbridgeJoin", self._member(leg.join_id, leg.join_channel, leg.room))
                self._tell("BridgeEnter", {**leg.join_fields, **self._bridge(inside(leg.room))})
            case "member" if target is None or not target.bridge:
                return "NONEXISTENT"
            case "member":
                assert target is not None
                leg.joined, leg.bridge = True, target.bridge
                self._tell("BridgeEnter", {**leg.join_fields, **self._bridge(leg.bridge)})
            case "barge" | "whisper" if target is None:
                leg.die()
            case "barge" | "whisper":
                leg.joined = True
                self._spy(leg, "Start")
        return ""

    def _leg_gone(self, leg: PlayerLeg) -> None:
        """The player half goes, then the join half from where it was, as in Asterisk."""
        if self.legs.pop(leg.uniqueid, None) is None:
            return
        self._tell("Hangup", {"Channel": leg.channel, "Uniqueid": leg.uniqueid, "Cause": "16"})
        if leg.joined:
            self._leg_leaves(leg)
        self._tell("Hangup", {**leg.join_fields, "Cause": "16"})

    def _leg_leaves(self, leg: PlayerLeg) -> None:
        match leg.way:
            case "room":
                self._tell("BridgeLeave", {**leg.join_fields, **self._bridge(inside(leg.room))})
                member = self._member(leg.join_id, leg.join_channel, leg.room)
                self._tell("ConfbridgeLeave", member)
                self._end_if_empty(leg.room)
            case "member":
                self._tell("BridgeLeave", {**leg.join_fields, **self._bridge(leg.bridge)})
                self._dissolve(leg.bridge)
            case _:
                self._spy(leg, "Stop")
                if leg.way == "beside" and leg.party in self.parties:
                    self._go_back(self.parties[leg.party])

    # ---- inside ----------------------------------------------------------------------------------

    def _new(self, channel: str, context: str, exten: str, variables: dict[str, str]) -> Party:
        number = next(self._numbers)
        party = Party(f"1700000000.{number}", f"{channel}-{number:08x}", context, exten)
        self.parties[party.uniqueid] = party
        self._tell("Newchannel", party.fields)
        for name, value in variables.items():
            self.set_variable(party.uniqueid, name, value)
        return party

    def _out_of_bridge(self, party: Party) -> None:
        bridge, party.bridge = party.bridge, ""
        if bridge:
            self._tell("BridgeLeave", {**party.fields, **self._bridge(bridge)})
            self._dissolve(bridge)

    def _dissolve(self, bridge: str) -> None:
        """Of a bridge that `Dial` made one alone is hung up; our own member keeps it open."""
        left = self.in_bridge(bridge)
        if len(left) == 1 and self._channels_in(bridge) == 1:
            self.leave(left[0].uniqueid)

    def _channels_in(self, bridge: str) -> int:
        legs = [leg for leg in self.legs.values() if leg.joined and leg.bridge == bridge]
        return len(legs) + sum(party.bridge_id == bridge for party in self.parties.values())

    def _listened_to(self, party: Party) -> PlayerLeg | None:
        wanted = f"callcue-j-{party.listens_to}"
        return next((leg for leg in self.legs.values() if leg.join_id == wanted), None)

    def _stop_listening(self, party: Party) -> None:
        leg = self._listened_to(party)
        if leg is not None and leg.joined:
            leg.joined = False
            self._spy(leg, "Stop")

    def _stop_spying(self, leg: PlayerLeg) -> None:
        """`ChanSpy` has lost its channel, and with it the leg ends."""
        if leg.joined:
            leg.joined = False
            self._spy(leg, "Stop")
        leg.die()

    @staticmethod
    def _go_back(party: Party) -> None:
        """What it did there is begun anew."""
        context, exten, priority = party.variables["CALLCUE_BACK"].split("/")
        party.go(context, exten, priority, "Wait")

    def _spy(self, leg: PlayerLeg, what: str) -> None:
        """`ChanSpyStart` or `ChanSpyStop`: beside, it is the party that spies."""
        spyer, spyee = ("Spyee", "Spyer") if leg.way == "beside" else ("Spyer", "Spyee")
        fields = {f"{spyer}Channel": leg.join_channel, f"{spyer}Uniqueid": leg.join_id}
        party = self.parties.get(leg.party)
        fields |= {f"{spyee}Channel": party.channel if party else "", f"{spyee}Uniqueid": leg.party}
        self._tell(f"ChanSpy{what}", fields)

    def _bridge(self, bridge: str) -> Fields:
        return bridge_fields(bridge, self._channels_in(bridge))

    @staticmethod
    def _member(uniqueid: str, channel: str, room: str) -> dict[str, str]:
        where = {"Context": ROOMS, "Exten": room}
        return {"Conference": room, "Channel": channel, "Uniqueid": uniqueid, **where}

    def _end_if_empty(self, room: str) -> None:
        if not self.members(room):
            self._tell("ConfbridgeEnd", {"Conference": room})

    def _note_heard(self) -> None:
        if not self.watches:
            return
        rooms = {leg.room for leg in self.legs.values() if leg.room}
        together = [len(self.heard(room)) for room in rooms]
        each = [len(self.heard_by(party)) for party in self.parties]
        self.most_heard = max([self.most_heard, *together, *each])

    def _tell(self, event: str, fields: Fields) -> None:
        if event not in self.withheld:
            self._news.put_nowait((event, fields))
