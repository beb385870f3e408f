"""Requests to all receivers together: how many, and how soon one after the other."""

import asyncio

import pytest

from callcue.events import slots
from callcue.events.slots import AT_ONCE, Slots


async def test_given_many_who_ask_then_they_begin_apart_and_one_alone_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slots, "APART_SECONDS", 0.05)
    free, clock = Slots(), asyncio.get_running_loop().time
    began = clock()
    await free.acquire()
    assert clock() - began < 0.05
    await asyncio.gather(*(free.acquire() for _ in range(4)))
    # The timers of an event loop are as fine as its clock.
    assert clock() - began >= 4 * 0.05 * 0.9


async def test_given_as_many_as_may_be_then_the_next_waits_and_who_gives_up_takes_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slots, "APART_SECONDS", 0.0)
    free = Slots()
    for _ in range(AT_ONCE):
        await free.acquire()
    late = asyncio.create_task(free.acquire())
    await asyncio.sleep(0.01)
    assert not late.done()
    free.release()
    await late
    monkeypatch.setattr(slots, "APART_SECONDS", 60.0)
    free.release()
    await free.acquire()
    free.release()
    impatient = asyncio.create_task(free.acquire())
    await asyncio.sleep(0.01)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    assert not free._free.locked()
