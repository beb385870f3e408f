"""The legs that are out, and what Asterisk says of them, passed on in the core's words."""

import asyncio
from collections.abc import Callable

import structlog

from callcue.asterisk.ids import player_half
from callcue.asterisk.joins import Way
from callcue.asterisk.leg import Leg
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.reports import leg_events
from callcue.asterisk.server_clock import ServerClock
from callcue.core.playback import Playback
from callcue.core.ports import LegEvent, LegListener
from callcue.core.states import Event
from callcue.core.types import Milliseconds

log = structlog.get_logger(__name__)

EVENTS = frozenset(
    {
        "Newchannel",
        "Hangup",
        "UserEvent",
        "OriginateResponse",
        "ConfbridgeJoin",
        "BridgeEnter",
        "BridgeLeave",
        "ChanSpyStart",
        "ChanSpyStop",
    }
)
"""The AMI events a leg lives on."""

OWN_USER_EVENTS = "Callcue"
"""How the names of all begin that the player dialplan sends."""

AGAIN = 0.5
"""Seconds for a channel that listens to come back to it: a key it presses breaks it off."""

OPENING = 0.003
"""Seconds after which an announced clip is taken to be open; a missing one fails within one ms."""


class Legs:
    """Finds the leg that an event is about, and reports what it means."""

    def __init__(
        self,
        clock: ServerClock,
        *,
        on_muted: Callable[[Leg, Milliseconds], None],
        on_spying: Callable[[Leg], None],
        on_waiting: Callable[[Leg], None],
    ) -> None:
        """*clock*: that of the Asterisk they are on.

        *on_muted*: a leg waits to be opened; it may play so much longer.

        *on_spying*: the join half is there, and is about to look for whom to spy on.
        *on_waiting*: a leg that waited for its join half may begin.
        """
        self._clock = clock
        self._on_muted = on_muted
        self._on_spying = on_spying
        self._on_waiting = on_waiting
        self._by_half: dict[str, Leg] = {}
        self._barging: dict[str, Leg] = {}
        """Legs that barge into a call of two, by the id of its bridge."""
        self.report: LegListener = lambda _playback, _event: None

    def report_to(self, listener: LegListener) -> None:
        """Name the one who is told what legs report."""
        self.report = listener

    def __len__(self) -> int:
        """How many are out."""
        return len(set(map(id, self._by_half.values())))

    def add(self, leg: Leg) -> Leg:
        """Listen for this one from here on."""
        self._by_half[leg.player_half] = self._by_half[leg.join_half] = leg
        if leg.join.way is Way.BARGE:
            self._barging[leg.playback.place.name] = leg
        return leg

    def of(self, playback: Playback) -> Leg | None:
        """The leg of that playback, while it is out."""
        return self._by_half.get(player_half(playback.id))

    def on_event(self, event: AmiEvent) -> None:
        """Take in one AMI event; those of other channels are not ours."""
        if event.name == "BridgeLeave":
            self._left(event)
            return
        leg = self._leg_of(event)
        if leg is None:
            return
        match event.name:
            case "Newchannel":
                self._born(leg, event.get("Uniqueid"))
            case "Hangup":
                leg.alive.discard(event.get("Uniqueid"))
                self.check_gone(leg, Event.LEG_GONE)
            case "OriginateResponse":
                self._originate_response(leg, event)
            case "ConfbridgeJoin" if event.get("Uniqueid") == leg.join_half:
                self._joined(leg)
            case "BridgeEnter" if leg.join.way is Way.MEMBER:
                self._entered(leg, event)
            case "ChanSpyStart" if _is_its_way_in(leg, event):
                self._joined(leg)
            case "ChanSpyStop" if _is_its_way_in(leg, event):
                self._listening_ended(leg)
            case "UserEvent":
                self._user_event(leg, event)

    def _born(self, leg: Leg, half: str) -> None:
        leg.alive.add(half)
        leg.seen.set()
        if half == leg.join_half and leg.join.spies:
            self._on_spying(leg)

    def _originate_response(self, leg: Leg, event: AmiEvent) -> None:
        # A Failure while halves are alive is the echo of a leg that hangs up: Hangups follow.
        if event.get("Response") == "Failure" and not leg.gone.is_set():
            leg.detail = leg.detail or "Asterisk could not start the player leg"
            self.check_gone(leg, Event.NOT_STARTED)

    def _leg_of(self, event: AmiEvent) -> Leg | None:
        """Whose event it is: of one of its halves, also as the one that spies or is spied on."""
        for header in ("Uniqueid", "SpyerUniqueid", "SpyeeUniqueid"):
            leg = self._by_half.get(event.get(header))
            if leg is not None:
                return leg
        return None

    def _joined(self, leg: Leg) -> None:
        if leg.parting is not None:  # a key pressed by one who listens; it goes on
            leg.parting.cancel()
            leg.parting = None
        if leg.joined:
            return
        leg.joined = True
        if leg.join.waits:
            self._on_waiting(leg)
        self.report(leg.playback, LegEvent(Event.JOINED))

    def _entered(self, leg: Leg, event: AmiEvent) -> None:
        """A bridge is found by a channel in it, and that may have just moved: is it the one?"""
        if event.get("BridgeUniqueid") == leg.playback.place.name:
            self._joined(leg)
        else:
            detail = "the call has moved to another bridge"
            self.report(leg.playback, LegEvent(Event.JOIN_FAILED, detail=detail))

    def _left(self, event: AmiEvent) -> None:
        """`ChanSpy` goes on in the ear of a side that has left, also when others have come."""
        leg = self._barging.get(event.get("BridgeUniqueid"))
        if leg is not None and event.get("Uniqueid") in leg.join.both:
            self._parted(leg)

    def _listening_ended(self, leg: Leg) -> None:
        """Nobody hears it any more: at once where it spies, else if they do not come back."""
        if leg.join.spies:
            self._parted(leg)
            return
        loop = asyncio.get_running_loop()
        leg.parting = loop.call_later(AGAIN, self._parted, leg)

    def _parted(self, leg: Leg) -> None:
        # Its own end also ends the spying: Asterisk says so between the ends of its halves.
        if leg.player_half in leg.alive and leg.playback.reason is None:
            detail = "the call has moved or ended"
            self.report(leg.playback, LegEvent(Event.TARGET_MOVED, detail=detail))

    def _user_event(self, leg: Leg, event: AmiEvent) -> None:
        match event.get("UserEvent"):
            case "CallcueLeg" if event.get("Uniqueid") == leg.player_half:
                self._leg_reported(leg, event)
            case "CallcueJoin" if event.get("Uniqueid") == leg.join_half:
                self._thrown_out(leg, event.get("Result"))
            case "CallcueAtHand" if event.get("Uniqueid") == leg.join_half:
                leg.able = event.get("Able") == "yes"
                leg.at_hand.set()

    def _leg_reported(self, leg: Leg, event: AmiEvent) -> None:
        try:
            left = event.get("Left")
            muted_for = Milliseconds(int(left)) if left else None
            events = leg_events(leg, event, self._clock)
        except (ValueError, OverflowError):
            # Whoever may send a UserEvent may say that; it means nothing.
            log.warning("a leg's report makes no sense", playback=str(leg.playback.id))
            return
        if muted_for is not None:
            self._on_muted(leg, muted_for)
        self._leg_reports(leg, events)

    def _thrown_out(self, leg: Leg, result: str) -> None:
        if leg.joined and leg.join.way is not Way.ROOM:
            self._parted(leg)
            return
        detail = f"the {'room' if leg.join.way is Way.ROOM else 'call'} did not keep the player"
        self.report(leg.playback, LegEvent(Event.JOIN_FAILED, detail=f"{detail}: {result}"))

    def _leg_reports(self, leg: Leg, events: list[LegEvent]) -> None:
        """Pass reports on; that the first clip streams, only once it has survived its opening.

        The leg announces a clip before Asterisk opens it, and a ms later it may have failed.
        """
        first = not leg.announced and not leg.playback.streaming
        if first and any(event.kind is Event.STREAMING for event in events):
            leg.announced = events
            loop = asyncio.get_running_loop()
            leg.opening = loop.call_later(OPENING, self._opened, leg)
            return
        if leg.opening is not None:
            leg.opening.cancel()
            if all(event.kind is not Event.CLIP_FAILED for event in events):
                self._opened(leg)
        for event in events:
            self.report(leg.playback, event)

    def _opened(self, leg: Leg) -> None:
        leg.opening = None
        for event in leg.announced:
            self.report(leg.playback, event)

    def check_gone(self, leg: Leg, kind: Event) -> None:
        """Report *kind*, once no half of the leg is left."""
        if not leg.alive:
            self.forget(leg)
            self.report(leg.playback, LegEvent(kind, detail=leg.detail))

    def forget(self, leg: Leg) -> None:
        """It is gone, and who waits for that is told."""
        self._by_half.pop(leg.player_half, None)
        self._by_half.pop(leg.join_half, None)
        if self._barging.get(leg.playback.place.name) is leg:
            del self._barging[leg.playback.place.name]
        for timer in (leg.opening, leg.parting, leg.muted):
            if timer is not None:
                timer.cancel()
        leg.seen.set()
        leg.at_hand.set()
        leg.gone.set()


def _is_its_way_in(leg: Leg, event: AmiEvent) -> bool:
    """Whether that `ChanSpy` is how the leg is heard; a supervisor may listen in on a leg too."""
    spyer, spyee = event.get("SpyerUniqueid"), event.get("SpyeeUniqueid")
    if leg.join.way is Way.BESIDE:
        return (spyer, spyee) == (leg.join.party, leg.join_half)
    return leg.join.spies and spyer == leg.join_half
