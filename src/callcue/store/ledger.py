"""The record of playbacks in memory: the newest few thousand, and a log line for each step."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import structlog

from callcue.core.behind import behind
from callcue.core.playback import Playback
from callcue.core.types import PlaybackId

log = structlog.get_logger(__name__)


class MemoryLedger:
    """Implements `callcue.core.ports.Ledger`. What it keeps is gone with the process."""

    def __init__(self, keep: int = 10_000) -> None:
        """*keep*: how many ended playbacks can still be asked for."""
        self._keep = keep
        self._live: dict[PlaybackId, Playback] = {}
        self._ended: OrderedDict[PlaybackId, Playback] = OrderedDict()

    def accepted(self, playback: Playback) -> None:
        """Write down that it was accepted."""
        self._live[playback.id] = playback
        behind(_write_accepted, playback)

    def ended(self, playback: Playback) -> None:
        """Write down how it ended; a second end is a fault of ours and raises."""
        del self._live[playback.id]
        self._ended[playback.id] = playback
        self._drop_the_oldest()
        behind(_write_ended, playback)

    def changed(self, playback: Playback) -> None:
        """Nothing of it survives anyway."""

    async def kept(self, playback: Playback) -> bool:  # noqa: ARG002
        """Nothing of it survives anyway, and nothing that asks for it does."""
        return True

    async def recall(self, playback_id: PlaybackId) -> Playback | None:
        """There is no more than is at hand."""
        return self.find(playback_id)

    def unended(self) -> Sequence[Playback]:
        """Nobody was before us."""
        return ()

    def take_up(self, playbacks: Iterable[Playback]) -> None:
        """Know these from a record, oldest first."""
        for playback in playbacks:
            if playback.ended:
                self._ended[playback.id] = playback
            else:
                self._live[playback.id] = playback
        self._drop_the_oldest()

    def find(self, playback_id: PlaybackId) -> Playback | None:
        """A live playback, or one that ended and is still kept."""
        return self._live.get(playback_id) or self._ended.get(playback_id)

    def _drop_the_oldest(self) -> None:
        while len(self._ended) > self._keep:
            self._ended.popitem(last=False)


def _write_accepted(playback: Playback) -> None:
    log.info(
        "playback accepted",
        playback=str(playback.id),
        place=playback.place.name,
        media=playback.request.shown_media,
        asked_by=str(playback.request.asked_by),
    )


def _write_ended(playback: Playback) -> None:
    log.info(
        "playback ended",
        playback=str(playback.id),
        reason=str(playback.reason),
        detail=playback.detail,
        heard=playback.started_at is not None,
        request=playback.ended_in,
    )
