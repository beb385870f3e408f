"""What was just looked up is believed for a moment, and what is being looked up is waited for."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from .database import OutOfReach

LONGEST_SECONDS = 1.0
"""Counted from the moment the question is sent: nobody is told anything older."""

SHORT_SECONDS = 0.1
"""How long a question is waited for when the one before was not answered."""

MOST = 10_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Answers by their key: one question on its way for each, and no failure is kept."""

    def __init__(
        self,
        look_up: Callable[[Key], Awaitable[Value]],
        *,
        seconds: float = LONGEST_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._clock = clock
        self._answers: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._asking: dict[Key, tuple[float, asyncio.Task[Value]]] = {}

    async def get(self, key: Key) -> Value:
        """The answer, at most so many seconds old. Raises what the look-up raises."""
        now = self._clock()
        if key in self._answers and now < self._answers[key][0]:
            return self._answers[key][1]
        until, asking = self._asking.get(key, (0.0, None))
        if asking is None or now >= until:
            asking = asyncio.create_task(self._ask(key, now + self._seconds))
            self._asking[key] = now + self._seconds, asking
            asking.add_done_callback(lambda task: self._asked(key, task))
        # Who gives up waiting does not take the answer from the others.
        return await asyncio.shield(asking)

    async def _ask(self, key: Key, until: float) -> Value:
        value = await self._look_up(key)
        self._answers[key] = until, value
        self._answers.move_to_end(key)
        while len(self._answers) > MOST:
            self._answers.popitem(last=False)
        return value

    def _asked(self, key: Key, task: asyncio.Task[Value]) -> None:
        if key in self._asking and self._asking[key][1] is task:
            del self._asking[key]
        if not task.cancelled():
            task.exception()  # who waited has it; who went away shall not be told of it later


class Lasting(Generic[Key, Value]):
    """Answers that hardly ever change, to few questions: the last one known is better than none.

    A database out of reach is not waited for by everybody: after a failure nobody asks for a
    second, and then nobody waits long.
    """

    def __init__(
        self,
        look_up: Callable[[Key], Awaitable[Value]],
        *,
        seconds: float = LONGEST_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._look_up = look_up
        self._seconds = seconds
        self._clock = clock
        self._kept = Kept(self._ask, seconds=seconds, clock=clock)
        self._known: dict[Key, Value] = {}
        self._rests_until: dict[Key, float] = {}

    async def get(self, key: Key) -> Value:
        """The answer; while there is none, the last one. Raises `OutOfReach`: there never was."""
        until = self._rests_until.get(key)
        if until is not None and self._clock() < until:
            return self._last_known(key)
        try:
            async with asyncio.timeout(None if until is None else SHORT_SECONDS):
                return await self._kept.get(key)
        except (OutOfReach, TimeoutError):
            self._rests_until[key] = self._clock() + self._seconds
            return self._last_known(key)

    def _last_known(self, key: Key) -> Value:
        if key not in self._known:
            raise OutOfReach("it did not answer a moment ago")
        return self._known[key]

    async def _ask(self, key: Key) -> Value:
        """Also of use to the next when it comes too late for those who asked."""
        value = self._known[key] = await self._look_up(key)
        self._rests_until.pop(key, None)
        return value
