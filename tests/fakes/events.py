"""AMI events as values, with the fields that Asterisk sends."""

from uuid import uuid4

from callcue.asterisk.message import AmiEvent


def event(name: str, **fields: str) -> AmiEvent:
    """An event of that name, which has just arrived."""
    return AmiEvent(name, {key.lower(): value for key, value in fields.items()}, 0.0)


def channel(uniqueid: str, name: str = "", **more: str) -> dict[str, str]:
    """What every event says of the channel it is about."""
    return {"Channel": name or f"PJSIP/{uniqueid}-00000001", "Uniqueid": uniqueid, **more}


def born(uniqueid: str, name: str = "", **more: str) -> AmiEvent:
    return event("Newchannel", **channel(uniqueid, name, **more))


def hung_up(uniqueid: str) -> AmiEvent:
    return event("Hangup", **channel(uniqueid))


def bridge(bridge_id: str, **more: str) -> dict[str, str]:
    """What every event says of a bridge; it is one of `Dial`'s."""
    return {
        "BridgeUniqueid": bridge_id,
        "BridgeType": "basic",
        "BridgeTechnology": "simple_bridge",
        "BridgeCreator": "<unknown>",
        **more,
    }


CONFBRIDGE = {
    "BridgeType": "base",
    "BridgeTechnology": "softmix",
    "BridgeCreator": "ConfBridge",
}
"""The bridge that is the inside of a room."""


def enters(uniqueid: str, bridge_id: str, name: str = "", **more: str) -> AmiEvent:
    return event("BridgeEnter", **channel(uniqueid, name), **bridge(bridge_id, **more))


def leaves(uniqueid: str, bridge_id: str, name: str = "") -> AmiEvent:
    return event("BridgeLeave", **channel(uniqueid, name), **bridge(bridge_id))


def joins(uniqueid: str, room: str, name: str = "", **more: str) -> AmiEvent:
    return event("ConfbridgeJoin", **channel(uniqueid, name, Conference=room, **more))


def parts(uniqueid: str, room: str, name: str = "") -> AmiEvent:
    return event("ConfbridgeLeave", **channel(uniqueid, name, Conference=room))


def says(uniqueid: str, variable: str, value: str) -> AmiEvent:
    return event("VarSet", **channel(uniqueid), Variable=variable, Value=value)


def status(uniqueid: str, name: str = "", bridge_id: str = "", **more: str) -> AmiEvent:
    """One item of the list that `Status` answers."""
    return event("Status", **channel(uniqueid, name, BridgeID=bridge_id, **more))


def spies(spyer: str, spyee: str, *, start: bool = True) -> AmiEvent:
    """`ChanSpy` has begun, or is over."""
    fields = {"SpyerUniqueid": spyer, "SpyerChannel": f"Local/{spyer};2"}
    fields |= {"SpyeeUniqueid": spyee, "SpyeeChannel": f"PJSIP/{spyee}-00000001"}
    return event("ChanSpyStart" if start else "ChanSpyStop", **fields)


def a_leg() -> str:
    """The unique id of the join half of some player leg."""
    return f"callcue-j-{uuid4()}"
