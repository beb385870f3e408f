"""A database that is away is not waited for by everybody, and nothing old stands in for it."""

import asyncio

import pytest

from callcue.vicidialdb import impatient
from callcue.vicidialdb.database import OutOfReach
from callcue.vicidialdb.impatient import Impatient


class Source:
    """A database that answers, refuses, or hangs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.says: int | None = None
        self.hangs: asyncio.Event | None = None
        self.impatient = Impatient(self._look_up, clock=lambda: self.now)

    async def get(self) -> int:
        async with asyncio.timeout(5):
            return await self.impatient.get("a")

    async def is_away(self) -> bool:
        try:
            await self.get()
        except OutOfReach:
            return True
        return False

    async def _look_up(self, _: str) -> int:
        self.asked += 1
        if self.hangs is not None:
            await self.hangs.wait()
        if self.says is None:
            raise OutOfReach("away")
        return self.says


async def test_given_an_answer_when_the_database_goes_away_then_nothing_older_than_a_second() -> (
    None
):
    source = Source()
    source.says = 1
    assert await source.get() == 1
    source.says, source.now = None, 0.999
    assert await source.get() == 1
    source.now = 1.0
    assert await source.is_away()


async def test_given_a_failure_then_it_is_believed_for_a_second_and_no_longer() -> None:
    source = Source()
    assert await source.is_away()
    source.says, source.now = 1, 0.999
    assert await source.is_away()
    assert source.asked == 1
    source.now = 1.0
    assert await source.get() == 1


async def test_given_the_first_question_then_it_is_waited_for_longer_than_those_behind_it() -> None:
    source = Source()
    source.says, source.hangs = 1, asyncio.Event()
    first = asyncio.create_task(source.get())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asyncio.shield(first)
    source.hangs.set()
    assert await first == 1


async def test_given_a_database_whose_own_limit_is_long_then_a_second_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(impatient, "FIRST_SECONDS", 0.01)
    source = Source()
    source.hangs = asyncio.Event()
    assert await source.is_away()
    assert await source.is_away()
    assert source.asked == 1


async def test_given_a_database_that_hangs_still_then_nobody_waits_long() -> None:
    source = Source()
    assert await source.is_away()
    source.hangs, source.now = asyncio.Event(), 1.0
    assert await source.is_away()  # without an answer, and the source never gives one
    # What comes too late for who asked is known to the next, while it is young enough.
    source.says = 2
    source.hangs.set()
    async with asyncio.timeout(5):
        while await source.is_away():
            await asyncio.sleep(0)
    assert source.asked == 2
    source.says, source.now = None, 2.0
    assert await source.is_away()
