"""One look at all rooms of an Asterisk, taken after each login."""

from collections.abc import Mapping
from dataclasses import dataclass

from callcue.asterisk.errors import ActionRefused
from callcue.asterisk.link import Link
from callcue.asterisk.message import AmiEvent

VARIABLES = ("CALLCUE_AGENT", "CALLCUE_CALL_ID")
"""The channel variables that say whose a channel is, and which call."""

_UNSET = "(null)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The members of all rooms, and the variables of their channels."""

    members: list[AmiEvent]
    variables: list[tuple[str, Mapping[str, str]]]
    """Unique id, and name to value of those of `VARIABLES` that are set."""


async def take_snapshot(link: Link) -> Snapshot:
    """Ask for all rooms and their members.

    Raises:
        LinkError: Asterisk does not answer.

    """
    members: list[AmiEvent] = []
    for room in await link.collect("ConfbridgeListRooms"):
        try:
            members += await link.collect("ConfbridgeList", {"Conference": room.get("Conference")})
        except ActionRefused:  # the room has closed since
            continue
    # Of all channels: one that says whose it is may be about to enter a room.
    statuses = await link.collect("Status", {"Variables": ",".join(VARIABLES)})
    return Snapshot(members, [(s.get("Uniqueid"), _variables(s)) for s in statuses])


def _variables(status: AmiEvent) -> dict[str, str]:
    pairs = (line.partition("=")[::2] for line in status.values("Variable"))
    return {name: value for name, value in pairs if value not in ("", _UNSET)}
