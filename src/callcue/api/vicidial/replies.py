"""Every answer: which words of `wire` they take, and which fields."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from callcue.core import errors

from . import wire
from .parameters import Parameters

LONGEST_REASON = 120

_UNSAFE_IN_A_FIELD = re.compile(r"[\s|\x00-\x1f\x7f-\x9f\u2028\u2029<>&]+")

OF_ERROR: dict[type[errors.CallcueError], str] = {
    errors.CallNotFound: wire.NO_SESSION_DATA,
    errors.AgentNotLoggedIn: wire.NOT_LOGGED_IN,
    errors.NothingPlaying: wire.NOTHING_PLAYING,
    errors.AlreadyPlaying: wire.ALREADY_PLAYING,
    errors.QueueFull: wire.QUEUE_FULL,
    errors.AudioStoreFull: wire.NOT_STARTED,
    errors.AudioStoreBusy: wire.NOT_STARTED,
    errors.RecordUnavailable: wire.NOT_STARTED,
    errors.CannotPlayHere: wire.NOT_STARTED,
    errors.TooManyCommands: wire.TOO_MANY_COMMANDS,
    errors.TooManySessions: wire.TOO_MANY_COMMANDS,
    errors.ClipFailed: wire.NOT_STARTED,
    errors.ClipNotFound: wire.FILE_NOT_FOUND,
    errors.OutOfRange: wire.NOT_VALID,
    errors.AsteriskUnavailable: wire.UNAVAILABLE,
    errors.StopRemembered: wire.UNAVAILABLE,
    errors.NotStarted: wire.NOT_STARTED,
    errors.ServiceEnding: wire.NOT_STARTED,
    errors.NotConfirmed: wire.UNAVAILABLE,
}
"""The line of every error of the core. A test holds it complete."""


@dataclass(frozen=True, slots=True)
class Replies:
    """The answers to one request."""

    asked: Parameters
    who: str
    """The last field: the agent, or whom the settings say."""
    conference: str = ""
    server: str = ""
    """The address of the Asterisk."""

    def say(self, line: str, **more: str) -> str:
        """Fill a line of `wire` in."""
        asked = self.asked
        return line.format(
            function=asked.function,
            value=asked.value,
            stage=asked.stage,
            dial_override=asked.dial_override,
            alt_user=asked.alt_user,
            who=self.who,
            conference=self.conference,
            server=self.server,
            **more,
        )

    def refuse(self, error: errors.CallcueError) -> str:
        """The line of an error of the core; of its base's, where it has none of its own."""
        line = next((OF_ERROR[kind] for kind in type(error).mro() if kind in OF_ERROR), wire.FAULT)
        return self.say(line, reason=in_one_field(str(error)))


def in_one_field(text: str) -> str:
    """*text* without anything that ends a field or a line, and not too long."""
    return _UNSAFE_IN_A_FIELD.sub(" ", text).strip()[:LONGEST_REASON]


def version(build: str) -> str:
    """What callcue is, in VICIdial's form, because clients take it apart."""
    now = time.time()
    date = datetime.fromtimestamp(now, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return wire.VERSION.format(build=build, date=date, epoch=int(now))


def invalid_source(source: str) -> str:
    """A source of less than two characters."""
    return wire.INVALID_SOURCE.format(source=source)


def invalid_login(user: str, word: str, *, auth: int = 0) -> str:
    """Neither the password nor whether there is such a user comes back.

    *auth*: 1 for who is right and may not use this API.
    """
    return wire.INVALID_LOGIN.format(user=user, auth=auth, auth_api=0, word=word)


def no_permission(asked: Parameters, group: str) -> str:
    """The user is right, the function is not the user's."""
    return wire.NO_PERMISSION.format(
        value=asked.value, user=asked.user, function=asked.function, group=group
    )


def no_permission_here(asked: Parameters, group: str) -> str:
    """The same for `webserver`, which has a line of its own."""
    return wire.NO_PERMISSION_FOR_WEBSERVER.format(
        user=asked.user, function=asked.function, group=group
    )


def coffee(function: str) -> str:
    """We are a teapot."""
    return wire.COFFEE.format(function=function)


def not_upstream(line: str, asked: Parameters, reason: str) -> str:
    """A function of somebody else that could not be handed to them."""
    return line.format(
        reason=in_one_field(reason), function=asked.function, agent_user=asked.agent_user
    )
