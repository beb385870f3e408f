"""How often somebody may ask: a bucket of requests that fills by itself, for each who asks.

Only those who have shown who they are have a bucket. Before that a request would empty another's,
and anybody could keep an agent's screen out by asking in its name; wrong logins are limited by
`lockout`.

A stop is the one request whose refusal does harm by itself: a clip plays on into a call. So what
stops draws on the common bucket while there is something in it, and then on a second one, as
large, that nothing else draws on: whoever has asked for too much can always still stop it.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from .counts import TurnedAway, Turnstile, Uncounted

REMEMBERED = 10_000
"""So many buckets are kept of each sort; beyond, the longest unused begins full again."""

_ROUNDING = 1e-6
"""Seconds by which sums of intervals may be off."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket that holds *burst* requests, and gets *per_second* of them back each second."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of everybody, and of those who have one of their own, by their names."""

    usual: Rate
    own: Mapping[str, Rate] = field(default_factory=dict)

    def of(self, name: str) -> Rate:
        """That one's rate."""
        return self.own.get(name, self.usual)


class TooOften(Exception):
    """The bucket is empty; in so many whole seconds there is something in it again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class Buckets:
    """A bucket for each who asks. It is known by the moment at which it is full again."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, who: str, rate: Rate) -> float:
        """Take one request out: 0; where there is none, the seconds until there is."""
        now = self._clock()
        interval, whole = 1 / rate.per_second, rate.burst / rate.per_second
        # Not emptier than empty: it may have been a larger one before a reload.
        empty_for = min(max(self._full_at.get(who, now) - now, 0.0), whole)
        left = empty_for + interval - whole
        refused = left > _ROUNDING
        self._full_at[who] = now + (empty_for if refused else empty_for + interval)
        self._full_at.move_to_end(who)
        if len(self._full_at) > REMEMBERED:
            self._full_at.popitem(last=False)
        return left if refused else 0.0


class Paces:
    """Lets requests of one sort of credential through, or not."""

    def __init__(
        self,
        rates: Rates,
        count: Turnstile | None = None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._rates = rates
        self._count = count or Uncounted()
        self._common = Buckets(clock)
        self._stops = Buckets(clock)

    def replace(self, rates: Rates) -> None:
        """From now on these count. What is in a bucket stays in it, as far as it holds that."""
        self._rates = rates

    def let_in(self, who: str, name: str, *, stops: bool = False) -> None:
        """Count one request.

        *who* has the bucket, *name* is what the settings call it. *stops*: it ends a clip.

        Raises:
            TooOften: it is to be refused, and is counted as turned away.

        """
        rate = self._rates.of(name)
        left = self._common.take(who, rate)
        if left and stops:
            left = self._stops.take(who, rate)
        if left:
            self._count.turned_away(TurnedAway.TOO_OFTEN)
            raise TooOften(max(1, ceil(left)))
