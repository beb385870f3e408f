"""What was just looked up is believed for a moment, and what is being looked up is waited for."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

LONGEST_SECONDS = 1.0
"""Counted from the moment the question is sent: nobody who asks later is told its answer."""

MOST = 10_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Answers by their key: one question on its way for each, and no failure is kept."""

    def __init__(
        self,
        look_up: Callable[[Key], Awaitable[Value]],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._answers: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._asking: dict[Key, tuple[float, asyncio.Task[Value]]] = {}

    async def get(self, key: Key) -> Value:
        """The answer, at most `LONGEST_SECONDS` old. Raises what the look-up raises."""
        now = self._clock()
        if key in self._answers and now < self._answers[key][0]:
            return self._answers[key][1]
        until, asking = self._asking.get(key, (0.0, None))
        if asking is None or now >= until:
            until = now + LONGEST_SECONDS
            asking = asyncio.create_task(self._ask(key, until))
            self._asking[key] = until, asking
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
