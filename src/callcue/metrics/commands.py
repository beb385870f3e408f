"""Commands and refusals, as the dialects tell of them."""

import re

from prometheus_client import CollectorRegistry, Counter

from callcue.api.counts import TurnedAway
from callcue.core.errors import QueueFull, TooManyCommands
from callcue.core.states import Verb

from . import figures

ACCEPTED, CONFIRMED, FAULT = "accepted", "confirmed", "fault"

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Refusals:
    """Implements `callcue.api.counts.Turnstile`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = figures.REFUSALS.counter(registry)
        self._of = {why: counter.labels(why.value) for why in TurnedAway}

    def turned_away(self, why: TurnedAway) -> None:
        """See `Turnstile.turned_away`."""
        self._of[why].inc()


class Commands:
    """Implements `callcue.api.counts.CommandCount` for one dialect."""

    def __init__(self, counter: Counter, dialect: str, refusals: Refusals) -> None:
        self._counter = counter
        self._dialect = dialect
        self._refusals = refusals
        self._of: dict[tuple[Verb, str | type[Exception]], Counter] = {}
        """What has been looked up once: labels cost more than to count does."""

    def accepted(self, verb: Verb) -> None:
        """See `CommandCount.accepted`."""
        self._count(verb, ACCEPTED)

    def confirmed(self, verb: Verb) -> None:
        """See `CommandCount.confirmed`."""
        self._count(verb, CONFIRMED)

    def refused(self, verb: Verb, error: Exception) -> None:
        """See `CommandCount.refused`."""
        self._count(verb, type(error))
        if isinstance(error, TooManyCommands | QueueFull):
            self._refusals.turned_away(TurnedAway.TOO_MUCH)

    def _count(self, verb: Verb, result: str | type[Exception]) -> None:
        child = self._of.get((verb, result))
        if child is None:
            word = result if isinstance(result, str) else name_of(result)
            child = self._of[verb, result] = self._counter.labels(self._dialect, verb.value, word)
        child.inc()


def name_of(error: type[Exception]) -> str:
    """`nothing_playing` for `NothingPlaying`. What is not of our own making is a fault."""
    if not error.__module__.startswith("callcue."):
        return FAULT
    return _HUMP.sub("_", error.__name__).lower()
