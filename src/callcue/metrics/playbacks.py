"""Playbacks and their times, as the core tells of them."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from callcue.core.occurrences import Occurrence
from callcue.core.playback import Playback
from callcue.core.ports import Ledger
from callcue.core.states import Verb
from callcue.core.types import EndReason, PlaybackId

from . import figures

BUCKETS = (
    *(0.001, 0.002, 0.003, 0.005, 0.0075),
    *(0.01, 0.015, 0.02, 0.03, 0.05),
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
"""Seconds. A verb takes a few ms, a PLAY some twenty; all that is above 2 s is an error."""

_PLAYS = (Verb.PLAY, Verb.OVERRIDE)


class Times:
    """Implements `callcue.core.witness.Witness`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        seconds = figures.COMMAND_SECONDS.histogram(registry, BUCKETS)
        self._of = {verb: seconds.labels(verb.value) for verb in Verb if verb not in _PLAYS}
        self._heard = figures.HEARD_SECONDS.histogram(registry, BUCKETS)

    def saw(self, playback: Playback, occurrence: Occurrence) -> None:
        """See `Witness.saw`."""

    def started(self, _playback: Playback, seconds: float) -> None:
        """See `Witness.started`."""
        self._heard.observe(seconds)

    def obeyed(self, playback: Playback, verb: Verb, request: str) -> None:
        """See `Witness.obeyed`."""

    def performed(self, verb: Verb, seconds: float) -> None:
        """See `Witness.performed`."""
        self._of[verb].observe(seconds)


class CountedLedger:
    """Implements `callcue.core.ports.Ledger`: the one that is given, with its ends counted."""

    def __init__(self, ledger: Ledger, registry: CollectorRegistry) -> None:
        self._ledger = ledger
        counter = figures.ENDED.counter(registry)
        self._ended = {reason: counter.labels(reason.value) for reason in EndReason}

    def accepted(self, playback: Playback) -> None:
        """See `Ledger.accepted`."""
        self._ledger.accepted(playback)

    async def kept(self, playback: Playback) -> bool:
        """See `Ledger.kept`."""
        return await self._ledger.kept(playback)

    async def recall(self, playback_id: PlaybackId) -> Playback | None:
        """See `Ledger.recall`."""
        return await self._ledger.recall(playback_id)

    def changed(self, playback: Playback) -> None:
        """See `Ledger.changed`."""
        self._ledger.changed(playback)

    def unended(self) -> Sequence[Playback]:
        """See `Ledger.unended`."""
        return self._ledger.unended()

    def ended(self, playback: Playback) -> None:
        """See `Ledger.ended`."""
        self._ledger.ended(playback)
        if playback.reason is not None:
            self._ended[playback.reason].inc()

    def find(self, playback_id: PlaybackId) -> Playback | None:
        """See `Ledger.find`."""
        return self._ledger.find(playback_id)
