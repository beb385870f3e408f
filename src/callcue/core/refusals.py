"""How often something was refused because a bound was reached: names and numbers, for who looks."""

from enum import StrEnum


class Bound(StrEnum):
    """Every bound whose refusals are counted. `docs/operators.md` has their sizes."""

    CONNECTIONS = "connections"
    """A newcomer, where as many HTTP connections are open as may be, and none of them is idle."""
    IDLE_CONNECTIONS = "idle_connections"
    """The connection that was idle for longest, closed for a newcomer."""
    CONNECTIONS_PER_ADDRESS = "connections_per_address"
    SLOW_HEAD = "slow_head"
    """A client that did not bring a whole request head in time."""
    LARGE_HEAD = "large_head"
    SLOW_BODY = "slow_body"
    SLOW_READER = "slow_reader"
    """A client that does not fetch its answer."""
    LARGE_BODY = "large_body"
    SESSIONS = "sessions"
    """A command for one call more than may have a session."""
    COMMANDS = "commands"
    """A command that would wait behind too many others of its call."""
    QUEUE = "queue"
    """A playback that would wait behind too many others of its call."""
    IDEMPOTENCY_KEYS = "idempotency_keys"
    """A request with a key, while as many are known of its workspace as may be."""
    STREAMS = "streams"
    """One who wants to be told of events, while as many listen as may."""
    SLOW_LISTENER = "slow_listener"
    """One who listens to events and does not read them: cut off, and can go on from there."""
    SOUNDS = "sounds"
    """A clip for which the audio store has no room."""
    UPLOADS = "uploads"
    """A clip that came while too many others were on their way into the audio store."""
    ACTIONS = "actions"
    """A command to Asterisk behind too many others that have no answer yet."""
    EVENTS = "events"
    """The events that waited to be looked at: thrown away, and all read anew."""
    MESSAGES = "messages"
    """A message of Asterisk that never ended: the link is cut, and all read anew."""


class Refusals:
    """Counts them. One for the whole service; for one thread."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(Bound, 0)

    def count(self, bound: Bound) -> None:
        """Once more."""
        self._counts[bound] += 1

    def counts(self) -> dict[str, int]:
        """Since the start, by the name of the bound; those that nobody met yet too."""
        return {bound.value: count for bound, count in self._counts.items()}
