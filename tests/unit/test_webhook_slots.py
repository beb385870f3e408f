"""However many want to send, each workspace has its share of the slots and no more."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from fakes.service import OTHER_WORKSPACE, WORKSPACE

from callcue.events.slots import AT_ONCE, OF_A_WORKSPACE, AllSlots


async def is_given(slot: Awaitable[None]) -> bool:
    """Whether it is, at once; else nobody waits for it any more."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await slot
            return True
    return False


async def test_given_a_workspace_that_has_its_share_then_it_waits_and_another_does_not() -> None:
    everyone = AllSlots()
    one, same, other = (everyone.of(of) for of in (WORKSPACE, WORKSPACE, OTHER_WORKSPACE))
    for _ in range(OF_A_WORKSPACE):
        await one.acquire()
    assert not await is_given(same.acquire())
    assert await is_given(other.acquire())
    one.release()
    assert await is_given(same.acquire())


async def test_given_all_are_taken_when_who_waits_gives_up_then_nothing_of_it_is_held() -> None:
    everyone = AllSlots()
    slots = everyone.of(WORKSPACE)
    for _ in range(AT_ONCE):
        await everyone._all.acquire()
    for _ in range(OF_A_WORKSPACE + 1):
        assert not await is_given(slots.acquire())
    everyone._all.release()
    assert await is_given(slots.acquire())
