"""Why nobody was asked: what a client has named may not, or cannot, be reached."""

from enum import StrEnum


class Cause(StrEnum):
    """The one reason, whichever part met it."""

    INVALID_URL = "invalid_url"
    REFUSED_ADDRESS = "refused_address"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"


class NotReached(Exception):
    """Nothing was sent, for this cause.

    *detail* is for people. Of a URL it names the host at most: a path, a query string or user
    info may be somebody's secret, and details end up in logs and answers.
    """

    def __init__(self, cause: Cause, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else str(cause))
        self.cause = cause
        self.detail = detail

    def in_words(self) -> str:
        """For who asked: `refused address: hooks.example is not public`."""
        cause = self.cause.value.replace("_", " ")
        return f"{cause}: {self.detail}" if self.detail else cause
