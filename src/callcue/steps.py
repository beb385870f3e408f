"""A log line for what a playback is confirmed to have done, with the request that asked for it.

Its beginning and its end on record are the ledger's lines.
"""

import asyncio
from functools import partial

import structlog

from callcue.core.behind import behind
from callcue.core.occurrences import Occurrence
from callcue.core.playback import Playback
from callcue.core.states import Verb
from callcue.core.witness import Witness

_log = structlog.get_logger(__name__)

_DONE = {
    Verb.PAUSE: "playback paused",
    Verb.RESUME: "playback resumed",
    Verb.RESTART: "playback restarted",
    Verb.SEEK: "playback moved",
    Verb.VOLUME: "playback volume set",
}


class LoggedSteps:
    """Implements `callcue.core.witness.Witness`: writes, and passes on to the next."""

    def __init__(self, following: Witness) -> None:
        self._following = following

    def saw(self, playback: Playback, occurrence: Occurrence) -> None:
        """See `Witness.saw`."""
        self._following.saw(playback, occurrence)

    def started(self, playback: Playback, seconds: float) -> None:
        """See `Witness.started`."""
        self._following.started(playback, seconds)
        _write("playback started", playback, playback.asked_in)

    def obeyed(self, playback: Playback, verb: Verb, request: str) -> None:
        """See `Witness.obeyed`."""
        self._following.obeyed(playback, verb, request)
        _write(_DONE[verb], playback, request)

    def performed(self, verb: Verb, seconds: float) -> None:
        """See `Witness.performed`."""
        # Behind the answer, too, but not so long after it that figures would lag.
        asyncio.get_running_loop().call_soon(self._following.performed, verb, seconds)


def _write(event: str, playback: Playback, request: str) -> None:
    behind(partial(_log.info, event, playback=str(playback.id), request=request))
