"""One player leg as Asterisk knows it: its two channels, and which of them are there."""

import asyncio
from dataclasses import dataclass, field

from callcue.asterisk import ids
from callcue.asterisk.joins import Join
from callcue.core.moment import Moment
from callcue.core.playback import Playback
from callcue.core.ports import LegEvent


@dataclass(slots=True)
class Leg:
    """A `Local` channel with a playback on it.

    Its ids are ours and derive from the playback's, so every action can name the channel before
    any event has been read, and a lost answer can be looked up.
    """

    playback: Playback
    join: Join
    """How it gets to those who are to hear it."""
    alive: set[str] = field(default_factory=set)
    """Unique ids of the halves that are there now."""
    at_hand: Moment = field(default_factory=Moment)
    """Its join half has said whether a channel that is alone can be brought to it."""
    able: bool = False
    """Whether it can."""
    parting: asyncio.TimerHandle | None = None
    """Runs while nobody listens to it, and somebody may yet come back."""
    muted: asyncio.TimerHandle | None = None
    """Runs while it is mute for its first frame."""
    joined: bool = False
    seen: Moment = field(default_factory=Moment)
    """Asterisk has made the channels: from here on they can be hung up."""
    gone: Moment = field(default_factory=Moment)
    began: tuple[int, float] | None = None
    """When it was where it reported last: by Asterisk's clock in ms, and by ours in seconds."""
    place: tuple[int, int, int] = (0, 0, 0)
    """Number, item and round it reported last."""
    opening: asyncio.TimerHandle | None = None
    """Runs while the first clip has been announced and may yet turn out not to be there."""
    announced: list[LegEvent] = field(default_factory=list)
    """What is reported once it has not."""
    detail: str = ""
    """Why it is about to go, where Asterisk has said so."""

    @property
    def player_half(self) -> str:
        """Unique id of the half that plays: every verb goes there."""
        return ids.player_half(self.playback.id)

    @property
    def join_half(self) -> str:
        """Unique id of the half that those hear who are to hear it."""
        return ids.join_half(self.playback.id)

    def stay_mute(self) -> None:
        """What plays will not be heard after all: a verb is on its way, or it plays anew."""
        if self.muted is not None:
            self.muted.cancel()
            self.muted = None
