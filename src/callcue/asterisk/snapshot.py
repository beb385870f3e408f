"""One look at all channels, bridges and rooms of an Asterisk, taken after each login."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callcue.asterisk.bridges import BridgeKind
from callcue.asterisk.errors import ActionRefused
from callcue.asterisk.ids import is_player_half
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent

AGENT = "CALLCUE_AGENT"
CALL_ID = "CALLCUE_CALL_ID"
"""The channel variables that say whose a channel is, and which call."""
TAG = "CALLCUE_TAG"
"""The one that says what sort of call it is, where the settings name no others."""

BESIDE = "callcue-beside"
"""The context where a channel is for as long as it hears us alone."""
BACK = "CALLCUE_BACK"
"""The channel variable that says where it goes back to: context/exten/priority."""

OWNER = "CALLCUE_OWNER"
"""The channel variable of a leg that says which callcue sent it."""

_UNSET = "(null)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that there was when it was taken."""

    channels: list[AmiEvent]
    """One `Status` a channel, with the variables above."""
    bridges: Mapping[str, BridgeKind]
    """By their id; nobody is in them yet."""
    members: list[AmiEvent]
    """The members of all rooms."""

    def bridge(self, bridge_id: str) -> BridgeKind:
        """That bridge; one of no sort at all where it came or went while we looked."""
        return self.bridges.get(bridge_id) or BridgeKind(bridge_id, "", "", "")

    def legs_of(self, owner: str) -> list[str]:
        """The player halves of the legs that this callcue sent."""
        return [
            channel.get("Uniqueid")
            for channel in self.channels
            if is_player_half(channel.get("Uniqueid"))
            and self.variables(channel).get(OWNER) == owner
        ]

    @staticmethod
    def variables(status: AmiEvent) -> Mapping[str, str]:
        """Those variables of a channel that are set."""
        pairs = (line.partition("=")[::2] for line in status.values("Variable"))
        return {name: value for name, value in pairs if value not in ("", _UNSET)}


async def take_snapshot(link: Link, tags: Sequence[str] = ()) -> Snapshot:
    """Ask for all that there is; of the channels these variables too.

    Raises:
        LinkError: Asterisk does not answer.

    """
    members: list[AmiEvent] = []
    for room in await link.collect("ConfbridgeListRooms"):
        try:
            members += await link.collect("ConfbridgeList", {"Conference": room.get("Conference")})
        except ActionRefused:  # the room has closed since
            continue
    kinds = [BridgeKind.of(item) for item in await link.collect("BridgeList")]
    variables = ",".join((AGENT, CALL_ID, BACK, OWNER, *tags))
    channels = await link.collect("Status", {"Variables": variables})
    return Snapshot(channels, {kind.id: kind for kind in kinds}, members)
