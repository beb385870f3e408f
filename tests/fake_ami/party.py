"""A channel that is somebody's, and what Asterisk says of it."""

from dataclasses import dataclass, field

from .speech import Fields

UP = "6"
"""The state of a channel that is answered."""

BESIDE = "callcue-beside"

ROOMS = "conferences"
"""The context of those who are in a room."""


@dataclass
class Party:
    """In a room, in a bridge, or alone in its dialplan."""

    uniqueid: str
    channel: str
    context: str
    exten: str
    priority: str = "1"
    application: str = "Wait"
    state: str = UP
    room: str = ""
    bridge: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, str]:
        """What every event about it has."""
        return {
            "Channel": self.channel,
            "Uniqueid": self.uniqueid,
            "ChannelState": self.state,
            "Context": self.context,
            "Exten": self.exten,
            "Priority": self.priority,
        }

    @property
    def bridge_id(self) -> str:
        """Of the bridge it is in; also a room is one, inside."""
        return inside(self.room) if self.room else self.bridge

    @property
    def listens_to(self) -> str:
        """The playback it was taken out of its dialplan for."""
        return self.exten.removeprefix("to-") if self.context == BESIDE else ""

    def go(self, context: str, exten: str, priority: str, application: str) -> None:
        """Be there in the dialplan, doing that."""
        self.context, self.exten, self.priority = context, exten, priority
        self.application = application

    def status(self) -> dict[str, str]:
        """As an item of `Status` says it."""
        return {**self.fields, "Application": self.application, "BridgeID": self.bridge_id}


def inside(room: str) -> str:
    """The id of the bridge that a room is inside."""
    return f"inside-{room}"


def bridge_fields(bridge_id: str, channels: int) -> Fields:
    """What every event about a bridge has, that many being in it."""
    conference = bridge_id.startswith(inside(""))
    simple = not conference and channels <= 2
    return {
        "BridgeUniqueid": bridge_id,
        "BridgeType": "base" if conference else "basic",
        "BridgeTechnology": "simple_bridge" if simple else "softmix",
        "BridgeCreator": "ConfBridge" if conference else "<unknown>",
        "BridgeNumChannels": str(channels),
    }
