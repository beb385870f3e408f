"""A record of every answer, for those who have to know who did what. Never a password."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .parameters import Parameters

LONGEST_FIELD = 255
LONGEST_REASON = 500
PAGE_BEGINS = "/"

_RESULT = re.compile(r"([A-Z]+): ")
_PASSED_ON = re.compile(r"[A-Z]+: (?:(?! - )[^|:<\n\x00-\x1f])*")


@dataclass(frozen=True, slots=True)
class Answered:
    """One request and what was answered."""

    at: datetime
    """When the request came; UTC."""
    user: str
    agent: str
    function: str
    """Of a page that was passed on its path, which begins with a slash as no function does."""
    stage: str
    value: str
    result: str
    """The word that the answer begins with: SUCCESS, NOTICE, ERROR, VERSION; else empty, or the
    HTTP status of what was passed on."""
    reason: str
    """The whole answer, its lines joined by ` / `, cut off at 500 characters."""
    source: str
    address: str
    seconds: float
    """From the request to the answer."""

    @property
    def is_page(self) -> bool:
        """Whether it is one of the many pages of a screen, and no answer of an API."""
        return self.function.startswith(PAGE_BEGINS)


class Record(Protocol):
    """Somewhere answers are written down."""

    def wrote(self, answered: Answered) -> None:
        """Take one. Never waits and never raises: an answer is not held up by its record."""


class NoRecord:
    """Nothing is written down."""

    def wrote(self, answered: Answered) -> None:
        """See `Record.wrote`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The half of a record that is known before the answer."""

    at: datetime
    parameters: Parameters
    address: str

    def answered(self, text: str, seconds: float) -> Answered:
        """The record of an answer of ours."""
        result = _RESULT.match(text)
        reason = " / ".join(text.strip("\n").split("\n"))
        return self._with(result[1] if result else "", reason, seconds)

    def passed_on(self, status: int, begin: str, seconds: float) -> Answered:
        """The record of an answer that was not ours, of which *begin* is the first of its text.

        VICIdial's own answer to a wrong password repeats it, so only the words are kept that come
        before the first field.
        """
        words = _PASSED_ON.match(begin)
        if words is None:
            return self._with(str(status), "passed on", seconds)
        text, password = words[0].strip(), self.parameters.password
        if password and password in text:
            text = text.partition(":")[0]
        return self._with(text.partition(":")[0], f"passed on: {text}", seconds)

    def page(self, status: int, reason: str, seconds: float) -> Answered:
        """The record of a page that was passed on: nothing of its text, which may be anything."""
        return self._with(str(status), reason, seconds)

    def _with(self, result: str, reason: str, seconds: float) -> Answered:
        asked = self.parameters
        return Answered(
            at=self.at,
            user=asked.user[:LONGEST_FIELD],
            agent=asked.agent_user[:LONGEST_FIELD],
            function=asked.function[:LONGEST_FIELD],
            stage=asked.stage[:LONGEST_FIELD],
            value=asked.value[:LONGEST_FIELD],
            result=result,
            reason=reason[:LONGEST_REASON],
            source=asked.source[:LONGEST_FIELD],
            address=self.address,
            seconds=seconds,
        )
