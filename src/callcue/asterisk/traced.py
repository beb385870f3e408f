"""One line in the log for every action: whose request it serves, on which playback, what it does.

Only names of our own making are shown: of other headers nobody knows what is in them.
"""

import logging
from collections.abc import Mapping

import structlog

from callcue.asterisk.action import HeaderValue
from callcue.asterisk.ids import JOIN_HALF, PLAYER_HALF

log = structlog.get_logger(__name__)

_level = logging.getLogger(__name__)
"""Asked first, whether anybody wants the line: structlog makes a logger before it looks."""

_OURS = (PLAYER_HALF, JOIN_HALF)
_CUE = "cue-"


def trace(name: str, action_id: str, headers: Mapping[str, HeaderValue]) -> None:
    """Tell of an action that is about to be written. The line has the request by itself."""
    if not _level.isEnabledFor(logging.DEBUG):
        return
    leg = headers.get("ChannelId") or headers.get("Channel")
    if not isinstance(leg, str) or not leg.startswith(_OURS):
        log.debug("action", action=name, action_id=action_id)
        return
    playback = leg.removeprefix(PLAYER_HALF).removeprefix(JOIN_HALF)
    verb = _verb(name, headers)
    log.debug("action", action=name, action_id=action_id, playback=playback, verb=verb)


def _verb(name: str, headers: Mapping[str, HeaderValue]) -> str:
    """What it does to the leg, in a word: `pause` for `cue-pause-3`."""
    if name == "Originate":
        return "play"
    if name == "Hangup":
        return "stop"
    told = headers.get("Exten") or headers.get("Variable")
    return str(told).removeprefix(_CUE).partition("-")[0] if told else name.lower()
