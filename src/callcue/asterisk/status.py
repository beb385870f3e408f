"""What the link says about itself, and how patient it is."""

import enum
import time
from dataclasses import dataclass, field


class Phase(enum.Enum):
    """Where the link is. Only UP means that the owner's picture of Asterisk is current."""

    CONNECTING = "connecting"
    SYNCING = "syncing"  # logged in; the owner takes its snapshot, events already flow
    UP = "up"
    REJECTED = "rejected"  # the login was refused; the next try comes late
    DOWN = "down"  # not connected; the next try comes soon


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """``reason``: plain words why it is not up, kept while connecting anew, empty once it is up.

    ``since`` is in seconds of ``time.monotonic()``.
    """

    phase: Phase
    reason: str = ""
    since: float = field(default_factory=time.monotonic)

    @property
    def ready(self) -> bool:
        """Whether the owner may trust what it knows of Asterisk."""
        return self.phase is Phase.UP


@dataclass(frozen=True, slots=True)
class LinkTimings:
    """Every patience of the link, in seconds."""

    connect: float = 5.0
    login: float = 5.0
    booted: float = 5.0
    """How long to wait for FullyBooted, which not every AMI user is sent."""
    filter: float = 2.0
    quiet: float = 4.0
    """Ping after so long without a byte ..."""
    patience: float = 4.0
    """... and give up after so long without an answer: a dead peer is found within the sum."""
    clock: float = 5.0
    """Ping after so long also in the midst of traffic, for the time it is there."""
    first_retry: float = 0.25
    longest_retry: float = 15.0
    rejected_retry: float = 60.0
    stable: float = 10.0
    """Up for so long, and the next loss is retried at once instead of ever more slowly."""
