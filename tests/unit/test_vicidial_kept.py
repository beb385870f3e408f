"""What was looked up is believed for a moment and no longer."""

import asyncio

import pytest

from callcue.vicidialdb.database import OutOfReach
from callcue.vicidialdb.kept import Kept, Lasting


class Source:
    """Counts the questions; each waits until `answer` is called."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.answers: list[asyncio.Future[int]] = []
        self.kept = Kept(self._look_up, clock=lambda: self.now)

    async def _look_up(self, key: str) -> int:
        self.asked.append(key)
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]

    async def begin(self, key: str = "a") -> asyncio.Task[int]:
        """Ask, and come back when the question is on its way."""
        task = asyncio.create_task(self.kept.get(key))
        for _ in range(3):
            await asyncio.sleep(0)
        return task


async def test_given_an_answer_when_asked_within_a_second_then_it_is_the_same() -> None:
    source = Source()
    first = await source.begin()
    source.answers[0].set_result(1)
    assert await first == 1
    source.now = 0.999
    assert await source.kept.get("a") == 1
    assert source.asked == ["a"]


async def test_given_a_slow_answer_then_the_second_counts_from_the_question() -> None:
    source = Source()
    first = await source.begin()
    source.now = 0.9
    source.answers[0].set_result(1)
    assert await first == 1
    source.now = 1.0
    second = await source.begin()
    source.answers[1].set_result(2)
    assert await second == 2


async def test_given_many_who_ask_at_once_then_one_question_for_each_key() -> None:
    source = Source()
    tasks = [await source.begin(key) for key in "aabab"]
    assert source.asked == ["a", "b"]
    source.answers[0].set_result(1)
    source.answers[1].set_result(2)
    assert await asyncio.gather(*tasks) == [1, 1, 2, 1, 2]


async def test_given_a_question_that_hangs_then_who_comes_a_second_later_asks_anew() -> None:
    source = Source()
    first = await source.begin()
    source.now = 1.0
    second = await source.begin()
    source.answers[1].set_result(2)
    assert await second == 2
    source.answers[0].set_result(1)
    assert await first == 1


async def test_given_one_who_gives_up_then_the_others_are_answered() -> None:
    source = Source()
    first, second = await source.begin(), await source.begin()
    first.cancel()
    source.answers[0].set_result(1)
    assert await second == 1


async def test_given_a_failure_then_all_who_wait_have_it_and_the_next_asks_anew() -> None:
    source = Source()
    tasks = [await source.begin(), await source.begin()]
    source.answers[0].set_exception(OSError("away"))
    for task in tasks:
        with pytest.raises(OSError, match="away"):
            await task
    again = await source.begin()
    source.answers[1].set_result(1)
    assert await again == 1


class Seldom:
    """A database that answers, refuses, or hangs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.says: int | None = None
        self.hangs: asyncio.Event | None = None
        self.lasting = Lasting(self._look_up, clock=lambda: self.now)

    async def _look_up(self, _: str) -> int:
        self.asked += 1
        if self.hangs is not None:
            await self.hangs.wait()
        if self.says is None:
            raise OutOfReach("away")
        return self.says


async def test_given_an_answer_that_lasts_when_out_of_reach_then_the_last_one_known() -> None:
    source = Seldom()
    source.says = 1
    assert await source.lasting.get("a") == 1
    source.says, source.now = None, 1.0
    assert await source.lasting.get("a") == 1
    source.now = 1.9
    assert await source.lasting.get("a") == 1
    assert source.asked == 2  # a failure is believed for a second
    source.says, source.now = 2, 2.0
    assert await source.lasting.get("a") == 2


async def test_given_nothing_ever_known_when_out_of_reach_then_that_and_soon() -> None:
    source = Seldom()
    for _ in range(3):
        with pytest.raises(OutOfReach):
            await source.lasting.get("a")
    assert source.asked == 1


async def test_given_a_database_that_hangs_still_then_it_is_not_waited_for_again() -> None:
    source = Seldom()
    source.says = 1
    assert await source.lasting.get("a") == 1
    source.says, source.now = None, 1.0
    assert await source.lasting.get("a") == 1
    source.hangs, source.now = asyncio.Event(), 2.0
    async with asyncio.timeout(5):
        assert await source.lasting.get("a") == 1
    # What comes too late is known from then on.
    source.says = 2
    source.hangs.set()
    async with asyncio.timeout(5):
        while await source.lasting.get("a") != 2:
            await asyncio.sleep(0)
    assert source.asked == 3
