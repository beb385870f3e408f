"""What the API tells those who count. Nobody need listen; whoever does never waits or raises."""

from enum import StrEnum
from typing import Protocol

from aiohttp import web

from callcue.core.states import Verb


class TurnedAway(StrEnum):
    """Why a request was not looked at any further."""

    WRONG_LOGIN = "wrong_login"
    LOCKED_OUT = "locked_out"
    LOGINS_BUSY = "logins_busy"
    """Too many logins wait to be looked at."""
    WRONG_ADDRESS = "wrong_address"
    """The user may not come from there."""
    NOT_ALLOWED = "not_allowed"
    """The key lacks the scope, or the user the function."""
    TOO_OFTEN = "too_often"
    """The key, or the user, asks more often than it may."""
    BODY_TOO_LARGE = "body_too_large"
    TOO_MUCH = "too_much"
    """So much waits already that no more is taken."""


class Turnstile(Protocol):
    """Counts those who were turned away."""

    def turned_away(self, why: TurnedAway) -> None:
        """One more."""


class CommandCount(Protocol):
    """Counts the commands of one dialect."""

    def accepted(self, verb: Verb) -> None:
        """It will be carried out."""

    def confirmed(self, verb: Verb) -> None:
        """It has been carried out."""

    def refused(self, verb: Verb, error: Exception) -> None:
        """It was not, and why."""


class RequestCount(Protocol):
    """Counts requests by their route."""

    def answered(self, request: web.Request, status: int) -> None:
        """One more; a *status* of 500 where there was no answer."""


class Uncounted:
    """Implements them all, and counts nothing."""

    def turned_away(self, why: TurnedAway) -> None:
        """See `Turnstile.turned_away`."""

    def accepted(self, verb: Verb) -> None:
        """See `CommandCount.accepted`."""

    def confirmed(self, verb: Verb) -> None:
        """See `CommandCount.confirmed`."""

    def refused(self, verb: Verb, error: Exception) -> None:
        """See `CommandCount.refused`."""

    def answered(self, request: web.Request, status: int) -> None:
        """See `RequestCount.answered`."""
