"""What the link to one Asterisk counts. Plain numbers: who wants them comes and looks."""

from dataclasses import dataclass


@dataclass(slots=True)
class LinkCounts:
    """Since the start, over all connections."""

    ups: int = 0
    """How often the link came up."""
    rejections: int = 0
    """Logins that Asterisk refused."""
    taken: int = 0
    """Events that were read."""
    ignored: int = 0
    """Events that nobody wanted, dropped unread."""
    lost: int = 0
    """Events that waited when their connection ended."""
    overflows: int = 0
    """Connections that were ended because too many events waited."""


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """How a link is at this moment."""

    phase: str
    seconds: float
    """Since when it is in that phase."""
    counts: LinkCounts
    in_flight: int = 0
    """Actions that wait for their answer."""
    queued: int = 0
    """Events and answers that wait to be delivered."""
