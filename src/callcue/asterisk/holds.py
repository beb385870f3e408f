"""A call on hold, in the one sort of bridge in which nobody would hear a clip then.

For a spy, Asterisk makes a native RTP bridge a simple one, and on the way takes the held party off
hold: its music ends, no audio flows until the hold is over, and so no clip is heard either. In a
bridge that is simple already the music plays on and the clip is heard with it.
"""

from callcue.asterisk.directory import Directory
from callcue.asterisk.errors import ActionRefused, LinkError
from callcue.asterisk.link import Link
from callcue.core.errors import AsteriskUnavailable, CannotPlayHere
from callcue.core.types import Bridge

NATIVE = "native_rtp"


async def check_not_held(link: Link, directory: Directory, place: Bridge) -> None:
    """Let a spy in, unless it would end the music of a hold.

    Raises:
        CannotPlayHere: it would.
        AsteriskUnavailable: nobody is there to ask.

    """
    if not directory.is_held(place.id):
        return
    try:
        bridges = await link.collect("BridgeList")
    except ActionRefused:
        raise CannotPlayHere("the call is on hold") from None
    except LinkError as error:
        raise AsteriskUnavailable(str(error)) from error
    # What it was when somebody entered is not what it is now: only the list tells.
    technology = {
        bridge.get("BridgeUniqueid"): bridge.get("BridgeTechnology") for bridge in bridges
    }
    if technology.get(place.id) == NATIVE:
        raise CannotPlayHere("the call is on hold in a native RTP bridge, whose music would end")
