"""Events of one call go out one by one and in order; those of others do not wait for them."""

import tracemalloc
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from callcue.events.order import CallOrder


def test_given_one_call_then_one_after_the_other() -> None:
    order = CallOrder()
    for number in (1, 2, 3):
        order.add(number, ["a"])
    assert [order.is_first(number) for number in (1, 2, 3)] == [True, False, False]
    assert order.remove(1) == [2]
    assert order.remove(2) == [3]
    assert order.remove(3) == []


def test_given_other_calls_then_nobody_waits() -> None:
    order = CallOrder()
    order.add(1, ["a"])
    order.add(2, ["b"])
    order.add(3, [])
    assert all(order.is_first(number) for number in (1, 2, 3))


def test_given_an_event_of_two_calls_then_it_waits_for_both_and_both_for_it() -> None:
    order = CallOrder()
    order.add(1, ["a"])
    order.add(2, ["b"])
    order.add(3, ["a", "b"])
    order.add(4, ["b", "b"])
    assert order.remove(1) == []
    assert order.remove(2) == [3]
    assert order.remove(3) == [4]


def test_given_one_is_taken_out_of_the_middle_then_those_behind_it_go_on_waiting() -> None:
    order = CallOrder()
    for number in (1, 2, 3):
        order.add(number, ["a"])
    assert order.remove(2) == []
    assert not order.is_first(3)
    assert order.remove(1) == [3]


def test_given_events_of_many_calls_then_they_take_little_memory() -> None:
    order, calls = CallOrder(), [[str(uuid4()) for _ in range(21)] for _ in range(200)]
    tracemalloc.start()
    for number, keys in enumerate(calls):
        order.add(number, keys)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(calls) < 6_000  # bytes


KEYS = st.frozensets(st.sampled_from("abcd"), max_size=3)


@given(st.lists(st.one_of(KEYS, st.integers(0, 30)), max_size=60))
def test_given_any_course_then_first_is_who_shares_no_call_with_an_earlier_one(
    course: list[frozenset[str] | int],
) -> None:
    """A set is added, a number is which of those that are there goes."""
    order, there = CallOrder(), dict[int, frozenset[str]]()

    def are_first() -> set[int]:
        return {
            number
            for number, keys in there.items()
            if not any(keys & others for other, others in there.items() if other < number)
        }

    for number, step in enumerate(course):
        before = are_first()
        if isinstance(step, frozenset):
            order.add(number, step)
            there[number] = step
        elif there:
            gone = sorted(there)[step % len(there)]
            del there[gone]
            assert set(order.remove(gone)) == are_first() - before
        assert {number for number in there if order.is_first(number)} == are_first()
        assert len(order) == len(there)
    for number in list(there):
        order.remove(number)
    assert not any(vars(order).values())  # nothing is left behind
