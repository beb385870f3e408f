"""The bridges there are: of what sort each is, and which channels are in it."""

from dataclasses import dataclass, field
from typing import Self

from callcue.asterisk.message import AmiEvent

CONFBRIDGE = "ConfBridge"
BASIC = "basic"
"""The type of the bridges that `Dial`, `Queue` and transfers make."""


@dataclass(slots=True)
class BridgeKind:
    """One bridge, as Asterisk describes it."""

    id: str
    type: str
    technology: str
    creator: str
    channels: dict[str, str] = field(default_factory=dict)
    """Unique id to name of all that are in it, whoever they are."""

    @classmethod
    def of(cls, event: AmiEvent) -> Self:
        """What an event or the item of a list says of a bridge."""
        return cls(
            event.get("BridgeUniqueid"),
            event.get("BridgeType"),
            event.get("BridgeTechnology"),
            event.get("BridgeCreator"),
        )

    @property
    def is_conference(self) -> bool:
        """Whether it is the inside of a `ConfBridge` room."""
        return self.creator == CONFBRIDGE

    @property
    def is_talk(self) -> bool:
        """Whether its parties talk to each other; else they are parked, or an application's."""
        return self.type == BASIC and self.technology != "holding_bridge"


class Bridges:
    """All bridges that somebody is in."""

    def __init__(self) -> None:
        """Nobody is in any."""
        self._by_id: dict[str, BridgeKind] = {}

    def get(self, bridge_id: str) -> BridgeKind | None:
        """That bridge, while somebody is in it."""
        return self._by_id.get(bridge_id)

    def enter(self, kind: BridgeKind, uniqueid: str, name: str) -> None:
        """A channel is in that bridge, which is of the sort that was said last."""
        known = self._by_id.get(kind.id)
        if known is not None:
            kind.channels |= known.channels
        kind.channels[uniqueid] = name
        self._by_id[kind.id] = kind

    def leave(self, bridge_id: str, uniqueid: str) -> None:
        """A channel has left it."""
        kind = self._by_id.get(bridge_id)
        if kind is None:
            return
        kind.channels.pop(uniqueid, None)
        if not kind.channels:
            del self._by_id[bridge_id]
