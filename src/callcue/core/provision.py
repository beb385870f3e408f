"""Gets one playback its clips: those it begins with, and the others while it is heard."""

import asyncio
import logging

from .errors import CallcueError
from .playback import Playback
from .ports import Ledger, MediaLibrary, Player
from .supply import Supply
from .types import Missing, SoundName

_log = logging.getLogger(__name__)


class Provision:
    """Puts clips into `Playback.clips` as they come. Close it when the playback has ended."""

    def __init__(
        self,
        playback: Playback,
        *,
        media: MediaLibrary,
        player: Player,
        ledger: Ledger,
        missing: Missing,
    ) -> None:
        """Begin to fetch what the playback has not. *missing*: see `Limits.missing`."""
        self._playback = playback
        self._player = player
        self._ledger = ledger
        self._missing = missing
        self._supply = Supply(media, playback.request.media)
        self._late = _lacking(playback)

    @property
    def complete(self) -> bool:
        """Whether the leg was sent with all there is."""
        return not self._late

    async def first(self) -> None:
        """Wait for the first item; for the first good one, where others are left out.

        Raises:
            CallcueError: there is none.

        """
        playback, count = self._playback, len(self._playback.request.media)
        playback.clips = [None] * count
        for index in range(count):
            fault = await self._take(index)
            if fault is None:
                break
            if self._missing is Missing.ENDS or index == count - 1:
                raise fault
        await self._supply.at_hand()
        for index in range(count):
            if playback.clips[index] is None and self._supply.arrived(index):
                await self._take(index)
        self._late = _lacking(playback)
        self._ledger.changed(playback)

    async def rest(self) -> None:
        """Hand the leg what was not there when it was sent, each as soon as it comes."""
        await asyncio.gather(*(self._hand(index) for index in self._late))

    async def _hand(self, index: int) -> None:
        await self._take(index)
        self._ledger.changed(self._playback)
        try:
            await self._player.supply(self._playback, index)
        except CallcueError as error:  # after a lost link it is handed all of them again
            _log.warning("item %s of playback %s: %s", index + 1, self._playback.id, error)

    async def _take(self, index: int) -> CallcueError | None:
        """Take one clip over as soon as it is there; if it cannot be had, why."""
        playback = self._playback
        try:
            playback.clips[index] = await self._supply.clip(index)
        except CallcueError as error:
            playback.clips[index], playback.faults[index] = self._missing, error
            return error
        return None

    def close(self) -> None:
        """Nobody waits for the rest any more."""
        self._supply.close()


def clips_of(playback: Playback) -> list[SoundName]:
    """What it has of clips, each once for each name: two names may mean the same clip."""
    clips = dict(zip(playback.request.media, playback.clips, strict=False)).values()
    return [clip for clip in clips if isinstance(clip, str)]


def _lacking(playback: Playback) -> tuple[int, ...]:
    """Indices of the clips that are still on their way."""
    return tuple(index for index, clip in enumerate(playback.clips) if clip is None)
