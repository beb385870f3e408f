"""All that was seen of one Asterisk, before anybody judges it."""

from dataclasses import dataclass, field

from callcue.asterisk.message import AmiEvent

REPORT = "CallcueDoctor"
"""The user events of the extension `doctor` in `callcue-probe`."""


@dataclass(slots=True)
class Evidence:
    """Filled in step by step; what was never got at keeps its first value."""

    booted: bool = False
    permitted: frozenset[str] | None = None
    """The AMI actions that our user may send, in small letters."""
    version: str = ""
    records_calls: bool = True
    """Whether Asterisk writes CDRs at all."""
    extensions: frozenset[str] | None = None
    """Of `callcue-probe`; none if there is no such context."""
    refused: str = ""
    """Why the probe was not started."""
    started: bool = False
    asked_at: float = 0.0
    """Our clock, in s, before the probe was started."""
    heard_at: float = 0.0
    """Our clock when its first report came."""
    events: list[AmiEvent] = field(default_factory=list)
    """About the probe's own channels and its room."""
    applications: dict[str, str] = field(default_factory=dict)
    """What the halves of the probe do: `see` and `hear`."""
    hung_up: bool = False
    """Whether its end is over; else it goes by its own time limit."""
    settable: dict[str, bool] = field(default_factory=dict)
    """Functions of the dialplan that were set, and whether Asterisk has them."""

    def may(self, action: str) -> bool:
        """Whether our user may send that action; yes where nobody could say."""
        return self.permitted is None or action.lower() in self.permitted

    @property
    def names(self) -> frozenset[str]:
        """Which events have come."""
        return frozenset(event.name for event in self.events)

    @property
    def report(self) -> AmiEvent | None:
        """The first report of the dialplan."""
        return next((event for event in self._reports() if event.get("Revision")), None)

    def tried(self, what: str) -> AmiEvent | None:
        """The report of one application or sound."""
        return next((event for event in self._reports() if event.get("Tried") == what), None)

    @property
    def was_in_room(self) -> bool:
        """Whether the probe got into its room, whoever says so."""
        seen = self.names & {"ConfbridgeJoin", "ConfbridgeLeave", "ConfbridgeEnd", "BridgeEnter"}
        return bool(seen) or self.applications.get("see") == "ConfBridge"

    @property
    def was_listened_to(self) -> bool:
        """Whether its other half listened to it, whoever says so."""
        seen = self.names & {"ChanSpyStart", "ChanSpyStop"}
        return bool(seen) or self.applications.get("hear") == "ChanSpy"

    def _reports(self) -> list[AmiEvent]:
        return [event for event in self.events if event.get("UserEvent") == REPORT]
