"""A whole fake Asterisk for callcue: its manager, player legs, clips, and faults to order.

It knows at any moment what everybody really hears (see `Switch`); a test compares that with what
callcue reports.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Self

from .belief import Belief
from .fake import FakeAmi
from .party import BESIDE
from .player_leg import PlayerLeg
from .speech import Answer, ReceivedAction, error, event_list, success
from .switch import Switch

PLAYER, PROBE = "callcue-player", "callcue-probe"
WITHOUT_A_KEY = 0.1
"""Seconds for which `ChanSpy` waits for a key before it looks for its channel."""
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


class FakePbx(Switch):
    """``async with FakePbx() as pbx:``; ``pbx.ami`` is the manager port it answers on.

    ``fates``: what becomes of the next Originates, in their order; then all are answered.
    ``join_result``: what `ConfBridge` says at once instead of letting the leg in.
    ``admits``: while it is not set, no leg gets in; one for a room streams, and is heard by nobody.
    ``able``: whether a leg beside says that Asterisk has what it takes.
    ``no_dialplan``: places ("context,exten,priority") that do not exist.
    """

    def __init__(self, clips: Mapping[str, int] | None = None) -> None:
        super().__init__()
        self.ami = FakeAmi(Belief())
        self.clips = dict(CLIPS if clips is None else clips)
        self.fates: list[Fate] = []
        self.join_result: str | None = None
        self.admits = asyncio.Event()
        self.admits.set()
        self.able = True
        self.no_dialplan: set[str] = set()
        self.hangup_takes = 0.002
        """Seconds a leg is still heard after its Hangup was answered, as in Asterisk."""
        self.probes = 0
        self._gates: dict[str, asyncio.Event] = {}
        self._keys: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        for name, handler in self._handlers().items():
            self.ami.on(name, self._gated(name, handler))

    def _handlers(self) -> dict[str, Callable[[ReceivedAction], Answer]]:
        return {
            "Originate": self._originate,
            "Redirect": self._redirect,
            "Hangup": self._hangup,
            "Setvar": self._setvar,
            "Status": self._status,
            "Getvar": self._getvar,
            "ShowDialPlan": self._show_dialplan,
            "PlayDTMF": self._press,
            "BridgeList": lambda _: event_list("BridgeList", self.bridges()),
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

    # ---- what the tester makes happen ----------------------------------------------------------

    def finish_item(self, target: str) -> None:
        """What plays there, a clip or the gap before it, is over now."""
        self.leg(target).finish_item()
        self._note_heard()

    def kill_leg(self, target: str) -> None:
        """The leg dies and leaves no last word."""
        self.leg(target).die()

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
            variables=dict(action.variables),
            clips=self.clips,
            tell=self._tell,
            hang_up=self._leg_gone,
        )
        assert action["Channel"] == f"Local/{leg.way}@callcue-join/n"
        self.legs[leg.uniqueid] = leg
        self._keys[leg.join_id] = asyncio.Event()
        for uniqueid, channel in ((leg.uniqueid, leg.channel), (leg.join_id, leg.join_channel)):
            self._tell("Newchannel", {"Channel": channel, "Uniqueid": uniqueid})
        if runs:
            self._do(self._run_leg(leg, action))

    async def _run_leg(self, leg: PlayerLeg, action: ReceivedAction) -> None:
        """The join half gets in while the player half starts to play, or waits for that."""
        self._originate_response(action, "Success")
        if leg.way != "room":
            leg.begin(action["Exten"])
        if self.join_result or (leg.way == "room" and not self.members(leg.room)):
            self._refuse_leg(leg, self.join_result or "EMPTY")
            return
        if not self.admits.is_set() and leg.way == "room":
            leg.begin(action["Exten"])
        await self.admits.wait()
        if leg.spies:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._keys[leg.join_id].wait(), WITHOUT_A_KEY)
        if leg.uniqueid not in self.legs:
            return
        if leg.way == "beside":
            self._join_says(leg, "CallcueAtHand", Able="yes" if self.able else "no")
        elif result := self.join(leg):
            self._refuse_leg(leg, result)
            return
        if not leg.running:
            leg.begin(action["Exten"])
        self._note_heard()

    def _refuse_leg(self, leg: PlayerLeg, result: str) -> None:
        if not leg.spies:
            self._join_says(leg, "CallcueJoin", Result=result)
        leg.die()

    def _join_says(self, leg: PlayerLeg, what: str, **more: str) -> None:
        self._tell("UserEvent", {**leg.join_fields, "UserEvent": what, **more})

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
        channel, context, exten = action["Channel"], action["Context"], action["Exten"]
        if channel in self.legs and context == PLAYER:
            self.legs[channel].redirect(exten)
        elif channel in self.parties and context == BESIDE:
            self.redirect_party(channel, context, exten)
        else:
            return error(f"Channel does not exist: {channel}")
        return success("Redirect successful")

    def _hangup(self, action: ReceivedAction) -> Answer:
        leg = self.legs.get(action["Channel"])
        if leg is None:
            return error("No such channel")
        asyncio.get_running_loop().call_later(self.hangup_takes, leg.die)
        return success("Channel Hungup")

    def _setvar(self, action: ReceivedAction) -> Answer:
        channel, name, value = action["Channel"], action["Variable"], action["Value"]
        if channel in self.legs:
            leg = self.legs[channel]
            leg.set_function(name, value) if "(" in name else leg.set_variable(name, value)
        elif channel in self.parties:
            self.set_variable(channel, name, value)
        else:
            return error("No such channel")
        return success("Variable Set")

    def _getvar(self, action: ReceivedAction) -> Answer:
        if action["Channel"] not in self.parties:
            return error("No such channel")
        # Only this one is asked for: who has a dialplan of its own has such a timeout.
        assert action["Variable"] == "TIMEOUT(response)", action["Variable"]
        return {**success("Result will follow"), "Variable": action["Variable"], "Value": "10.000"}

    def _show_dialplan(self, action: ReceivedAction) -> Answer:
        """The steps of one extension: what the channels there are doing."""
        where = (action["Context"], action["Extension"])
        steps = [
            {"Priority": party.priority, "Application": party.application}
            for party in self.parties.values()
            if (party.context, party.exten) == where
            and ",".join((*where, party.priority)) not in self.no_dialplan
        ]
        return event_list("ListDialplan", steps) if steps else error("Did not find extension")

    def _press(self, action: ReceivedAction) -> Answer:
        """Received by the join half itself, so that nobody hears it."""
        key = self._keys.get(action["Channel"])
        if key is None or action.get("Receive") != "true":
            return error("Channel not found")
        key.set()
        return success("DTMF successfully queued")

    def _status(self, action: ReceivedAction) -> Answer:
        asked = [name for name in action.get("Variables", "").split(",") if name]
        items = {
            leg.uniqueid: ({"Channel": leg.channel, "Uniqueid": leg.uniqueid}, leg.status())
            for leg in self.legs.values()
        }
        items |= {
            party.uniqueid: (party.status(), party.variables) for party in self.parties.values()
        }
        if "Channel" in action:
            if action["Channel"] not in items:
                return error("No such channel")
            items = {action["Channel"]: items[action["Channel"]]}
        return event_list(
            "Status",
            [
                {**fields, "Variable": [f"{name}={has.get(name, '')}" for name in asked]}
                for fields, has in items.values()
            ],
        )

    def _list_rooms(self, _action: ReceivedAction) -> Answer:
        rooms = sorted({party.room for party in self.parties.values() if party.room})
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

    async def _emit(self) -> None:
        """All events leave in the order they happened, behind the reply that is being written."""
        while True:
            event, fields = await self._news.get()
            await self.ami.emit(event, fields)

    def _do(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
