"""A whole fake Asterisk for callcue: rooms with parties, player legs, clips, and faults to order.

It knows at any moment what a room really hears; a test compares that with what callcue reports.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from types import TracebackType
from typing import Self

from .belief import Belief
from .fake import FakeAmi
from .player_leg import PlayerLeg
from .speech import Answer, Fields, ReceivedAction, error, event_list, success

PLAYER, PROBE = "callcue-player", "callcue-probe"
QUEUED = "Originate successfully queued"
CLIPS = {"greeting": 60_000, "offer": 60_000, "goodbye": 60_000}
"""Sound to length in ms. A minute does not end by itself in a test."""


class Fate(Enum):
    """What becomes of an Originate of a player leg."""

    ANSWERED = "it runs"
    REFUSED = "an error reply"
    FAILED = "queued, then OriginateResponse: Failure"
    SWALLOWED = "queued, and never heard of again"
    UNANSWERED = "it runs, and the reply never comes"
    LOST = "neither a reply nor a leg"
    STUCK = "its channels are there and run nothing"


@dataclass
class Party:
    """A channel in a room."""

    uniqueid: str
    channel: str
    room: str
    variables: dict[str, str] = field(default_factory=dict)


class FakePbx:
    """``async with FakePbx() as pbx:``; ``pbx.ami`` is the manager port it answers on.

    ``fates``: what becomes of the next Originates, in their order; then all are answered.
    ``join_result``: what `ConfBridge` says at once instead of letting the leg in.
    ``admits``: while it is not set, legs stand before the room: streaming, and heard by nobody.
    """

    def __init__(self, clips: Mapping[str, int] | None = None) -> None:
        self.ami = FakeAmi(Belief())
        self.clips = dict(CLIPS if clips is None else clips)
        self.parties: dict[str, Party] = {}
        self.legs: dict[str, PlayerLeg] = {}
        self.fates: list[Fate] = []
        self.join_result: str | None = None
        self.admits = asyncio.Event()
        self.admits.set()
        self.withheld: set[str] = set()
        """Events of these names happen and are not told."""
        self.hangup_takes = 0.002
        """Seconds a leg is still heard after its Hangup was answered, as in Asterisk."""
        self.probes = 0
        self.most_heard = 0
        """The most clips that were ever heard in one room at one time."""
        self._gates: dict[str, asyncio.Event] = {}
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._news: asyncio.Queue[tuple[str, Fields]] = asyncio.Queue()
        for name, handler in self._handlers().items():
            self.ami.on(name, self._gated(name, handler))

    def _handlers(self) -> dict[str, Callable[[ReceivedAction], Answer]]:
        return {
            "Originate": self._originate,
            "Redirect": self._redirect,
            "Hangup": self._hangup,
            "Setvar": self._setvar,
            "Status": self._status,
            "ConfbridgeListRooms": self._list_rooms,
            "ConfbridgeList": self._list_room,
            "CoreSettings": lambda _: {**success(), "AsteriskVersion": "22.10.1"},
        }

    async def __aenter__(self) -> Self:
        await self.ami.start()
        self._do(self._emit())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for leg in list(self.legs.values()):
            leg.die()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ami.stop()

    # ---- what is so ----------------------------------------------------------------------------

    def heard(self, room: str) -> list[tuple[str, int]]:
        """Sound and ms of every leg that the parties of this room hear now."""
        return [leg.heard for leg in self.legs.values() if leg.room == room and leg.heard]

    def members(self, room: str) -> list[tuple[str, str]]:
        """Unique id and channel of all who are in the room, legs included."""
        parties = [(p.uniqueid, p.channel) for p in self.parties.values() if p.room == room]
        legs = [leg for leg in self.legs.values() if leg.room == room and leg.joined]
        return parties + [(leg.join_id, leg.channel[:-1] + "2") for leg in legs]

    def leg(self, room: str) -> PlayerLeg:
        """The only leg that is meant for this room."""
        (leg,) = (leg for leg in self.legs.values() if leg.room == room)
        return leg

    # ---- what the tester makes happen ----------------------------------------------------------

    def enter(self, room: str, channel: str = "PJSIP/alice", **variables: str) -> str:
        """A party comes into the room; its unique id."""
        number = next(self._numbers)
        party = Party(f"1700000000.{number}", f"{channel}-{number:08x}", room, variables)
        self.parties[party.uniqueid] = party
        self._tell("Newchannel", {"Channel": party.channel, "Uniqueid": party.uniqueid})
        for name, value in variables.items():
            self.set_variable(party.uniqueid, name, value)
        self._tell("ConfbridgeJoin", self._member(party.uniqueid, party.channel, room))
        return party.uniqueid

    def set_variable(self, uniqueid: str, name: str, value: str) -> None:
        """A party's dialplan sets a channel variable."""
        party = self.parties[uniqueid]
        party.variables[name.lstrip("_")] = value
        fields = {"Channel": party.channel, "Uniqueid": uniqueid, "Variable": name, "Value": value}
        self._tell("VarSet", fields)

    def leave(self, uniqueid: str) -> None:
        """A party hangs up."""
        party = self.parties.pop(uniqueid)
        self._tell("ConfbridgeLeave", self._member(uniqueid, party.channel, party.room))
        self._end_if_empty(party.room)
        self._tell("Hangup", {"Channel": party.channel, "Uniqueid": uniqueid, "Cause": "16"})

    def finish_item(self, room: str) -> None:
        """What plays in this room, a clip or the gap before it, is over now."""
        self.leg(room).finish_item()
        self._note_heard()

    def kill_leg(self, room: str) -> None:
        """The leg dies and leaves no last word."""
        self.leg(room).die()

    def hold(self, action: str) -> asyncio.Event:
        """Actions of this name are done, but answered only once the event returned is set.

        Like Asterisk, it then answers nothing else on that connection either.
        """
        self._gates[action] = asyncio.Event()
        return self._gates[action]

    def drop_link(self) -> None:
        """Cut the connection. Legs play on; what they report meanwhile is lost."""
        self.ami.drop_connections()

    # ---- actions -------------------------------------------------------------------------------

    def _gated(
        self, name: str, handler: Callable[[ReceivedAction], Answer]
    ) -> Callable[[ReceivedAction], Awaitable[Answer]]:
        async def answer(action: ReceivedAction) -> Answer:
            said = handler(action)
            self._note_heard()
            if name in self._gates:
                await self._gates[name].wait()
            return said

        return answer

    def _originate(self, action: ReceivedAction) -> Answer:
        if action["Context"] == PROBE:
            self._probe(action)
            return success(QUEUED)
        fate = self.fates.pop(0) if self.fates else Fate.ANSWERED
        if fate is Fate.REFUSED:
            return error("Extension does not exist.")
        if fate is Fate.FAILED:
            self._originate_response(action, "Failure")
        elif fate not in (Fate.SWALLOWED, Fate.LOST):
            self._make_leg(action, runs=fate is not Fate.STUCK)
        return None if fate in (Fate.UNANSWERED, Fate.LOST) else success(QUEUED)

    def _make_leg(self, action: ReceivedAction, *, runs: bool) -> None:
        leg = PlayerLeg(
            uniqueid=action["ChannelId"],
            join_id=action["OtherChannelId"],
            room=action.variables["CALLCUE_ROOM"],
            variables=dict(action.variables),
            clips=self.clips,
            tell=self._tell,
            hang_up=self._leg_gone,
        )
        self.legs[leg.uniqueid] = leg
        for uniqueid, half in ((leg.uniqueid, "1"), (leg.join_id, "2")):
            self._tell("Newchannel", {"Channel": leg.channel[:-1] + half, "Uniqueid": uniqueid})
        if runs:
            self._do(self._run_leg(leg, action))

    async def _run_leg(self, leg: PlayerLeg, action: ReceivedAction) -> None:
        """The join half enters while the player half starts to play, as it does in Asterisk."""
        self._originate_response(action, "Success")
        result = self.join_result or ("" if self.members(leg.room) else "EMPTY")
        if result:
            fields = {"UserEvent": "CallcueJoin", "Uniqueid": leg.join_id, "Result": result}
            self._tell("UserEvent", fields)
            leg.die()
            return
        if not self.admits.is_set():
            leg.start(action["Exten"].removeprefix("start-"))
            await self.admits.wait()
        if leg.uniqueid not in self.legs:
            return
        leg.joined = True
        self._tell("ConfbridgeJoin", self._member(leg.join_id, leg.channel[:-1] + "2", leg.room))
        if not leg.running:
            leg.start(action["Exten"].removeprefix("start-"))
        self._note_heard()

    def _originate_response(self, action: ReceivedAction, response: str) -> None:
        fields = {"Response": response, "Uniqueid": action["ChannelId"], "ActionID": action.id}
        self._tell("OriginateResponse", {**fields, "Reason": "4" if response == "Success" else "0"})

    def _probe(self, action: ReceivedAction) -> None:
        self.probes += 1
        self._originate_response(action, "Success")
        for number in range(1, int(action.variables["CALLCUE_COUNT"]) + 1):
            found = action.variables[f"CALLCUE_CLIP_{number}"] in self.clips
            fields = {"UserEvent": "CallcueSound", "Uniqueid": action["ChannelId"]}
            answer = {"Item": str(number), "Found": "yes" if found else "no"}
            self._tell("UserEvent", {**fields, **answer})

    def _redirect(self, action: ReceivedAction) -> Answer:
        leg = self.legs.get(action["Channel"])
        if leg is None or action["Context"] != PLAYER:
            return error(f"Channel does not exist: {action['Channel']}")
        leg.redirect(action["Exten"])
        return success("Redirect successful")

    def _hangup(self, action: ReceivedAction) -> Answer:
        leg = self.legs.get(action["Channel"])
        if leg is None:
            return error("No such channel")
        asyncio.get_running_loop().call_later(self.hangup_takes, leg.die)
        return success("Channel Hungup")

    def _setvar(self, action: ReceivedAction) -> Answer:
        leg = self.legs.get(action["Channel"])
        if leg is None:
            return error("No such channel")
        leg.set_function(action["Variable"], action["Value"])
        return success("Variable Set")

    def _status(self, action: ReceivedAction) -> Answer:
        asked = action.get("Variables", "").split(",")
        channels = {leg.uniqueid: leg.status() for leg in self.legs.values()}
        channels |= {party.uniqueid: party.variables for party in self.parties.values()}
        if "Channel" in action:
            if action["Channel"] not in channels:
                return error("No such channel")
            channels = {action["Channel"]: channels[action["Channel"]]}
        items = [
            {"Uniqueid": one, "Variable": [f"{name}={has.get(name, '')}" for name in asked]}
            for one, has in channels.items()
        ]
        return event_list("Status", items)

    def _list_rooms(self, _action: ReceivedAction) -> Answer:
        rooms = sorted({party.room for party in self.parties.values()})
        if not rooms:
            return error("No active conferences.")
        return event_list("ConfbridgeListRooms", [{"Conference": room} for room in rooms])

    def _list_room(self, action: ReceivedAction) -> Answer:
        room = action["Conference"]
        members = self.members(room)
        if not members:
            return error("No Conference by that name found.")
        return event_list("ConfbridgeList", [self._member(*member, room) for member in members])

    # ---- events --------------------------------------------------------------------------------

    @staticmethod
    def _member(uniqueid: str, channel: str, room: str) -> dict[str, str]:
        where = {"Context": "conferences", "Exten": room}
        return {"Conference": room, "Channel": channel, "Uniqueid": uniqueid, **where}

    def _leg_gone(self, leg: PlayerLeg) -> None:
        if self.legs.pop(leg.uniqueid, None) is None:
            return
        for uniqueid, half in ((leg.uniqueid, "1"), (leg.join_id, "2")):
            channel = leg.channel[:-1] + half
            if half == "2" and leg.joined:
                self._tell("ConfbridgeLeave", self._member(uniqueid, channel, leg.room))
                self._end_if_empty(leg.room)
            self._tell("Hangup", {"Channel": channel, "Uniqueid": uniqueid, "Cause": "16"})

    def _end_if_empty(self, room: str) -> None:
        if not self.members(room):
            self._tell("ConfbridgeEnd", {"Conference": room})

    def _note_heard(self) -> None:
        rooms = {leg.room for leg in self.legs.values()}
        self.most_heard = max([self.most_heard, *(len(self.heard(room)) for room in rooms)])

    def _tell(self, event: str, fields: Fields) -> None:
        if event not in self.withheld:
            self._news.put_nowait((event, fields))

    async def _emit(self) -> None:
        """All events leave in the order they happened, behind the reply that is being written."""
        while True:
            event, fields = await self._news.get()
            await self.ami.emit(event, fields)

    def _do(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
