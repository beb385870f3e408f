"""The oldest deliveries of one webhook that wait, and which of them is to be sent next."""

import heapq
from collections.abc import Iterable
from typing import Self

from .order import CallOrder
from .webhook import Delivery


class Window:
    """Some deliveries by the ids of their events. Those of one call are given out one by one.

    When each is due is said by a clock that nobody sets: so not by that of the record.
    """

    def __init__(self, sent: Iterable[int] = ()) -> None:
        """*sent*: which are on their way, whether they are put in here or not."""
        self._all: dict[int, Delivery] = {}
        self._due: dict[int, float] = {}
        """Of those that have failed."""
        self._sent: set[int] = set(sent)
        self._order = CallOrder()
        self._ready: list[int] = []
        self._later: list[tuple[float, int]] = []

    def __len__(self) -> int:
        """How many there are, those on their way included."""
        return len(self._all)

    def put(self, delivery: Delivery, due: float | None = None) -> None:
        """One more, younger than all that are there; it waits until *due*."""
        number, event = delivery.event.id, delivery.event
        self._all[number] = delivery
        if due is not None:
            self._due[number] = due
        self._order.add(number, {str(event.playback), *event.body["callIds"]})
        self._line_up(number)

    def next_due(self) -> float | None:
        """From when on `take` gives one; None: not before another is done."""
        if self._ready:
            return 0.0
        return self._later[0][0] if self._later else None

    def take(self, now: float) -> Delivery | None:
        """The oldest that may be sent, which is on its way from here on."""
        while self._later and self._later[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1])
        if not self._ready:
            return None
        number = heapq.heappop(self._ready)
        self._due.pop(number, None)
        self._sent.add(number)
        return self._all[number]

    def done(self, delivery: Delivery) -> None:
        """It was taken, or is dead: those behind it may go."""
        number = delivery.event.id
        self._sent.discard(number)
        self._due.pop(number, None)
        if self._all.pop(number, None) is not None:
            for first in self._order.remove(number):
                self._line_up(first)

    def again(self, delivery: Delivery, due: float) -> None:
        """It has failed and waits until *due*; those behind it wait too."""
        number = delivery.event.id
        self._sent.discard(number)
        if number in self._all:
            self._all[number] = delivery
            self._due[number] = due
            self._line_up(number)

    def hasten(self, moment: float) -> None:
        """Nothing that failed before that moment, by the clock of the record, waits any longer."""
        for number in list(self._due):
            if (self._all[number].tried or 0.0) < moment:
                del self._due[number]
        waited, self._later = self._later, []
        for _, number in waited:
            self._line_up(number)

    def drop(self, made_until: float) -> list[Delivery]:
        """Take out what was made then or before, but for those on their way."""
        old = [
            delivery
            for number, delivery in self._all.items()
            if delivery.made <= made_until and number not in self._sent
        ]
        for delivery in old:
            self.done(delivery)
        self._ready = [number for number in self._ready if number in self._all]
        self._later = [(due, number) for due, number in self._later if number in self._all]
        heapq.heapify(self._ready)
        heapq.heapify(self._later)
        return old

    def anew(self) -> Self:
        """An empty one to be filled again, which does not give out what is on its way."""
        return type(self)(self._sent)

    def _line_up(self, number: int) -> None:
        if number in self._sent or not self._order.is_first(number):
            return
        if number in self._due:
            heapq.heappush(self._later, (self._due[number], number))
        else:
            heapq.heappush(self._ready, number)
