"""The record, kept forever."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from callcue.core.playback import Playback
from callcue.core.types import PlaybackId


@dataclass
class FakeLedger:
    """Implements `callcue.core.ports.Ledger`, and insists on one end for each playback."""

    playbacks: dict[PlaybackId, Playback] = field(default_factory=dict)
    ends: list[Playback] = field(default_factory=list)
    left: list[Playback] = field(default_factory=list)
    """Of a service before this one."""

    def accepted(self, playback: Playback) -> None:
        assert playback.id not in self.playbacks
        self.playbacks[playback.id] = playback

    async def kept(self, playback: Playback) -> bool:
        assert playback.id in self.playbacks
        return True

    async def recall(self, playback_id: PlaybackId) -> Playback | None:
        return self.find(playback_id)

    def changed(self, playback: Playback) -> None:
        assert playback.id in self.playbacks
        assert playback not in self.ends, "of one that has ended nothing changes"

    def unended(self) -> Sequence[Playback]:
        return self.left

    def ended(self, playback: Playback) -> None:
        assert playback.reason is not None
        assert playback not in self.ends
        self.ends.append(playback)

    def find(self, playback_id: PlaybackId) -> Playback | None:
        return self.playbacks.get(playback_id)
