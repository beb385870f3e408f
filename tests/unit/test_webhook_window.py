"""Whatever comes and goes: no two of one call are on their way, none is forgotten or doubled."""

from uuid import UUID

from fakes.service import WORKSPACE
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from callcue.core.types import PlaybackId
from callcue.events.event import Event
from callcue.events.webhook import Delivery
from callcue.events.window import Window

WEBHOOK = UUID(int=1)
FAR = 1e9


def delivery(number: int, calls: frozenset[str]) -> Delivery:
    body = {"type": "started", "callIds": sorted(calls)}
    event = Event(number, WORKSPACE, PlaybackId(UUID(int=number)), body)
    return Delivery(WEBHOOK, event, made=0.0)


class AnyCourse(RuleBasedStateMachine):
    """What may happen to a window, and beside it what is to be in it."""

    @initialize()
    def begins(self) -> None:
        self.window = Window()
        self.now = 1.0
        self.there: dict[int, frozenset[str]] = {}
        self.sent: dict[int, Delivery] = {}
        self.replayed: set[int] = set()
        self.next = 1000

    @rule(calls=st.frozensets(st.sampled_from("abc"), max_size=2))
    def comes(self, calls: frozenset[str]) -> None:
        self.next += 1
        self.window.put(delivery(self.next, calls))
        self.there[self.next] = calls

    @rule()
    def one_is_taken_up(self) -> None:
        due = self.window.next_due()
        found = self.window.take(self.now)
        if found is None:
            assert due is None or due > self.now
            return
        number = found.event.id
        mine = self.there[number]
        earlier = [n for n, calls in self.there.items() if n < number and calls & mine]
        assert not earlier
        assert number not in self.sent
        self.sent[number] = found

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def one_is_done(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.sent)))
        self.window.done(self.sent.pop(number))
        del self.there[number]

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), seconds=st.floats(0.1, 100))
    def one_has_failed(self, data: st.DataObject, seconds: float) -> None:
        number = data.draw(st.sampled_from(sorted(self.sent)))
        del self.sent[number]
        self.window.again(delivery(number, self.there[number]), self.now + seconds)

    @rule(seconds=st.floats(0, 60))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def the_receiver_is_back(self) -> None:
        self.window.hasten(FAR)

    @rule()
    def all_is_read_anew(self) -> None:
        self.window = self.window.anew()
        for number, calls in self.there.items():
            self.window.put(delivery(number, calls))

    @rule(calls=st.frozensets(st.sampled_from("abc"), max_size=2))
    def an_old_one_is_replayed(self, calls: frozenset[str]) -> None:
        number = 1000 - len(self.replayed) - 1
        self.replayed.add(number)
        self.there = dict(sorted({**self.there, number: calls}.items()))
        self.all_is_read_anew()

    @rule()
    def the_receiver_was_down_for_too_long(self) -> None:
        dropped = {one.event.id for one in self.window.drop(made_until=0.0)}
        assert dropped == self.there.keys() - self.sent.keys()
        self.there = {number: self.there[number] for number in self.sent}

    @invariant()
    def as_many_are_there(self) -> None:
        assert len(self.window) == len(self.there)

    def teardown(self) -> None:
        """All that is left can be sent, in order."""
        if not hasattr(self, "window"):
            return
        for number in list(self.sent):
            self.window.done(self.sent[number])
            del self.there[number]
        while found := self.window.take(FAR):
            self.window.done(found)
            del self.there[found.event.id]
        assert not self.there


TestAnyCourse = AnyCourse.TestCase
