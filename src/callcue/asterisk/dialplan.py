"""Into a room by the extension that VICIdial's own dialplan has for audio, instead of ours.

VICIdial writes into the dialplan of each of its servers one extension for every conference by
which audio gets in. A leg that joins there needs nothing of ours in front of the room: neither a
context nor a user profile.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from callcue.asterisk.directory import Directory
from callcue.asterisk.joins import Join, Way
from callcue.core.errors import CannotPlayHere
from callcue.core.types import Place

AUDIO_PREFIX = "47378217"
"""What VICIdial dials before the number of a conference, to play something into it."""

DEFAULT_CONTEXT = "default"
"""Where VICIdial's dialplan is, unless the operator has put it elsewhere."""

_VICIDIAL_ROOM = re.compile(r"[0-9]{6,20}")
_CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,40}")

RoomContext = Callable[[str], Awaitable[str]]
"""The context of that server's dialplan, as things are now. Raises `CannotPlayHere`."""


def is_context(text: str) -> bool:
    """Whether *text* may be the name of a context; it ends up in the name of a channel."""
    return _CONTEXT.fullmatch(text) is not None


async def through_dialplan(
    join: Join, place: Place, directory: Directory, context_of: RoomContext
) -> Join:
    """The same join, by VICIdial's extension where it is into a room that has one.

    Raises:
        CannotPlayHere: the context is unknown, or the extension would open an empty room.

    """
    if join.way is not Way.ROOM or not _VICIDIAL_ROOM.fullmatch(place.name):
        return join
    if not directory.parties(place):
        raise CannotPlayHere("nobody is in the room")
    context = await context_of(place.server)
    if not is_context(context):
        raise CannotPlayHere("the context of VICIdial's dialplan has no usable name")
    return replace(join, through=f"{AUDIO_PREFIX}{place.name}@{context}")
