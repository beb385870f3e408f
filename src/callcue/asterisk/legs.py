"""The legs that are out, and what Asterisk says of them, passed on in the core's words."""

import asyncio
from collections.abc import Callable

from callcue.asterisk.leg import Leg, player_half
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.reports import leg_events
from callcue.core.playback import Playback
from callcue.core.ports import LegEvent, LegListener
from callcue.core.states import Event
from callcue.core.types import Milliseconds

EVENTS = frozenset({"Newchannel", "Hangup", "UserEvent", "ConfbridgeJoin", "OriginateResponse"})
"""The AMI events a leg lives on."""

OPENING = 0.005
"""Seconds after which an announced clip is taken to be open; a missing one fails within one ms."""


class Legs:
    """Finds the leg that an event is about, and reports what it means."""

    def __init__(self, *, on_muted: Callable[[Leg, Milliseconds], None]) -> None:
        """*on_muted*: a leg waits to be opened; it may play so much longer."""
        self._on_muted = on_muted
        self._by_half: dict[str, Leg] = {}
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
        return leg

    def of(self, playback: Playback) -> Leg | None:
        """The leg of that playback, while it is out."""
        return self._by_half.get(player_half(playback.id))

    def on_event(self, event: AmiEvent) -> None:
        """Take in one AMI event; those of other channels are not ours."""
        leg = self._by_half.get(event.get("Uniqueid"))
        if leg is None:
            return
        match event.name:
            case "Newchannel":
                leg.alive.add(event.get("Uniqueid"))
                leg.seen.set()
            case "Hangup":
                leg.alive.discard(event.get("Uniqueid"))
                self.check_gone(leg, Event.LEG_GONE)
            case "OriginateResponse":
                self._originate_response(leg, event)
            case "ConfbridgeJoin":
                self._joined(leg, event)
            case "UserEvent":
                self._user_event(leg, event)

    def _originate_response(self, leg: Leg, event: AmiEvent) -> None:
        # A Failure while halves are alive is the echo of a leg that hangs up: Hangups follow.
        if event.get("Response") == "Failure" and not leg.gone.is_set():
            leg.detail = leg.detail or "Asterisk could not start the player leg"
            self.check_gone(leg, Event.NOT_STARTED)

    def _joined(self, leg: Leg, event: AmiEvent) -> None:
        if event.get("Uniqueid") == leg.join_half:
            self.report(leg.playback, LegEvent(Event.JOINED, at=event.received_at))

    def _user_event(self, leg: Leg, event: AmiEvent) -> None:
        match event.get("UserEvent"):
            case "CallcueLeg" if event.get("Uniqueid") == leg.player_half:
                if event.get("Left"):
                    self._on_muted(leg, Milliseconds(int(event.get("Left"))))
                self._leg_reports(leg, leg_events(leg, event))
            case "CallcueJoin" if event.get("Uniqueid") == leg.join_half:
                detail = f"the room did not keep the player: {event.get('Result')}"
                self.report(leg.playback, LegEvent(Event.JOIN_FAILED, detail=detail))

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
        if leg.opening is not None:
            leg.opening.cancel()
        leg.seen.set()
        leg.gone.set()
