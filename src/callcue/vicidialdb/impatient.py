"""Answers that few questions are about and many requests need: a failure is believed, too."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic

from .database import TOO_LATE, OutOfReach
from .kept import LONGEST_SECONDS, Kept, Key, Value

REST_SECONDS = LONGEST_SECONDS
"""After a failure nobody asks for so long: it is believed as long as an answer, and no longer."""

FIRST_SECONDS, SHORT_SECONDS = 1.0, 0.1
"""How long a question is waited for at most, and when the one before was not answered."""

A_MOMENT_AGO = "it did not answer a moment ago"


class Impatient(Generic[Key, Value]):
    """As `Kept`, for those who must not wait for a database that is away, each of them anew."""

    def __init__(
        self,
        look_up: Callable[[Key], Awaitable[Value]],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._kept = Kept(self._ask, clock=clock)
        self._rests_until: dict[Key, float] = {}

    async def get(self, key: Key) -> Value:
        """The answer, as old as `Kept` has it. Raises `OutOfReach`: there is none now."""
        until = self._rests_until.get(key)
        if until is not None and self._clock() < until:
            raise OutOfReach(A_MOMENT_AGO)
        try:
            async with asyncio.timeout(FIRST_SECONDS if until is None else SHORT_SECONDS):
                return await self._kept.get(key)
        except OutOfReach:
            self._rests_until[key] = self._clock() + REST_SECONDS
            raise
        except TimeoutError:
            self._rests_until[key] = self._clock() + REST_SECONDS
            raise OutOfReach(TOO_LATE) from None

    async def _ask(self, key: Key) -> Value:
        """Also of use to the next when it comes too late for those who asked."""
        value = await self._look_up(key)
        self._rests_until.pop(key, None)
        return value
