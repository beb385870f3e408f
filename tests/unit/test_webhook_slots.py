"""Requests to all receivers: how many, how many of a workspace, how soon one after the other."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

import pytest
from fakes.service import OTHER_WORKSPACE, WORKSPACE

from callcue.events import slots
from callcue.events.slots import AT_ONCE, OF_A_WORKSPACE, AllSlots


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """None begins later for another's sake."""
    monkeypatch.setattr(slots, "APART_SECONDS", 0.0)


async def is_given(slot: Awaitable[None]) -> bool:
    """Whether it is, at once; else nobody waits for it any more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await slot
            return True
    return False


@pytest.mark.usefixtures("at_once")
async def test_given_a_workspace_that_has_its_share_then_it_waits_and_another_does_not() -> None:
    everyone = AllSlots()
    one, same, other = (everyone.of(of) for of in (WORKSPACE, WORKSPACE, OTHER_WORKSPACE))
    for _ in range(OF_A_WORKSPACE):
        await one.acquire()
    assert not await is_given(same.acquire())
    assert await is_given(other.acquire())
    one.release()
    assert await is_given(same.acquire())


@pytest.mark.usefixtures("at_once")
async def test_given_all_are_taken_when_who_waits_gives_up_then_nothing_of_it_is_held() -> None:
    everyone = AllSlots()
    slots = everyone.of(WORKSPACE)
    for _ in range(AT_ONCE):
        await everyone.acquire()
    for _ in range(OF_A_WORKSPACE + 1):
        assert not await is_given(slots.acquire())
    everyone.release()
    assert await is_given(slots.acquire())


async def test_given_many_who_ask_then_they_begin_apart_and_one_alone_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slots, "APART_SECONDS", 0.05)
    everyone, clock = AllSlots(), asyncio.get_running_loop().time
    began = clock()
    await everyone.acquire()
    assert clock() - began < 0.05
    await asyncio.gather(*(everyone.acquire() for _ in range(4)))
    # The timers of an event loop are as fine as its clock.
    assert clock() - began >= 4 * 0.05 * 0.9


async def test_given_one_whose_turn_comes_later_when_it_gives_up_then_its_slot_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everyone = AllSlots()
    await everyone.acquire()
    monkeypatch.setattr(slots, "APART_SECONDS", 60.0)
    for _ in range(AT_ONCE - 2):
        everyone._next = 0.0
        await everyone.acquire()
    assert not await is_given(everyone.acquire())
    everyone._next = 0.0
    await everyone.acquire()
    assert everyone._free.locked()
