"""What was looked up is believed for a moment and no longer."""

import asyncio

import pytest

from callcue.vicidialdb.kept import Kept


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


async def test_given_an_answer_a_second_old_then_it_is_believed_no_more_whatever_happened() -> None:
    source = Source()
    first = await source.begin()
    source.answers[0].set_result(1)
    assert await first == 1
    source.now = 1.0
    second = await source.begin()
    source.answers[1].set_exception(OSError("away"))
    with pytest.raises(OSError, match="away"):
        await second


async def test_given_an_answer_that_comes_after_its_second_then_nobody_else_has_it() -> None:
    source = Source()
    first = await source.begin()
    source.now = 1.5
    source.answers[0].set_result(1)
    assert await first == 1
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
