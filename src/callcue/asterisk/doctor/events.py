"""Does its event filter let through what callcue needs, and keep out what it does not?"""

from callcue.asterisk.message import AmiEvent
from callcue.asterisk.snapshot import AGENT, CALL_ID, TAG

from .evidence import Evidence
from .finding import Finding, mend, not_checked, ok
from .version import knows_named_filters

WANTED = frozenset(
    {
        "UserEvent",
        "Newchannel",
        "Hangup",
        "OriginateResponse",
        "ConfbridgeJoin",
        "ConfbridgeLeave",
        "ConfbridgeEnd",
        "BridgeEnter",
        "BridgeLeave",
        "ChanSpyStart",
        "ChanSpyStop",
        "VarSet",
    }
)
"""What the probe causes of what callcue needs. Hold, Unhold and Rename only phones do."""

UNWANTED = frozenset({"Newexten", "Newstate", "LocalBridge", "NewConnectedLine", "DialBegin"})
"""What it causes besides, many times as much."""

AT_ITS_END = frozenset({"Hangup", "ConfbridgeLeave", "BridgeLeave", "ConfbridgeEnd", "ChanSpyStop"})
"""What comes when the probe goes."""

_IN_ROOM = frozenset(
    {"ConfbridgeJoin", "ConfbridgeLeave", "ConfbridgeEnd", "BridgeEnter", "BridgeLeave"}
)
_LISTENING = frozenset({"ChanSpyStart", "ChanSpyStop"})
_VARIABLES = frozenset({AGENT, CALL_ID, TAG})

_COPY = "take the eventfilter lines of {file} as they are, then: manager reload"


def of_calls(names: frozenset[str]) -> frozenset[str]:
    """Those that need `read=call`."""
    return names & (WANTED - {"UserEvent", "VarSet"})


def comes(found: Evidence) -> Finding:
    """All that callcue needs comes. Of a class that does not come at all `rights` speaks."""
    if not found.started:
        return not_checked("events", "the probe was not started")
    due = WANTED - {"VarSet"}
    due -= frozenset() if found.was_in_room else _IN_ROOM
    due -= frozenset() if found.was_listened_to else _LISTENING
    due -= frozenset() if found.hung_up else AT_ITS_END
    if "UserEvent" not in found.names:
        due -= {"UserEvent"}
    if not of_calls(found.names):
        due -= of_calls(due)
    missing = sorted(due - found.names)
    variables = {event.get("Variable").lstrip("_") for event in found.events if _is_set(event)}
    if variables:
        missing += [f"VarSet of {name}" for name in sorted(_VARIABLES - variables)]
    if not due and not variables:
        return not_checked("events", "none comes")
    if missing:
        said = f"these do not come: {', '.join(missing)}"
        return mend("events", said, _copy(found))
    return ok("events", "what callcue needs comes")


def stays_away(found: Evidence) -> Finding:
    """What callcue does not need is not sent."""
    if not found.started:
        return not_checked("filter", "the probe was not started")
    if not found.names:
        return not_checked("filter", "no event comes")
    flood = sorted(found.names & UNWANTED)
    strange = {event.get("Variable") for event in found.events if _is_set(event)}
    if {name.lstrip("_") for name in strange} - _VARIABLES:
        flood.append("VarSet of other variables")
    if not flood:
        return ok("filter", "what callcue does not need is not sent")
    said = f"callcue is sent events of every call that it does not need: {', '.join(flood)}"
    return mend("filter", said, _copy(found))


def variables_come(found: Evidence) -> bool:
    """Whether `VarSet` comes at all."""
    return any(_is_set(event) for event in found.events)


def _is_set(event: AmiEvent) -> bool:
    return event.name == "VarSet"


def _copy(found: Evidence) -> str:
    modern = not found.version or knows_named_filters(found.version)
    old = "callcue-manager.conf.16 (of this version, as callcue-manager.conf)"
    return _COPY.format(file="callcue-manager.conf" if modern else old)
