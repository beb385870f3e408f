"""Why a URL became no clip. A closed list: what answers a client maps each of them once."""

from enum import StrEnum
from typing import Self

from callcue.outward.failures import NotReached


class Reason(StrEnum):
    """The one reason of a failure, whichever part of the pipeline met it."""

    INVALID_URL = "invalid_url"
    REFUSED_ADDRESS = "refused_address"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    NOT_FOUND = "not_found"
    ORIGIN_FAILED = "origin_failed"
    TOO_LARGE = "too_large"
    NOT_AUDIO = "not_audio"
    TOO_LONG = "too_long"
    DISK_FULL = "disk_full"


class MediaFailed(Exception):
    """There is no clip, for this reason.

    *detail* is for people. Of a URL it names the host at most: a path, a query string or user
    info may be somebody's secret, and details end up in logs and answers.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail

    @classmethod
    def of(cls, failed: NotReached) -> Self:
        """The same, where nobody could be asked."""
        return cls(Reason(failed.cause.value), failed.detail)

    def in_words(self) -> str:
        """For who asked: `too large: media.example sends over 50 MiB`."""
        reason = self.reason.value.replace("_", " ")
        return f"{reason}: {self.detail}" if self.detail else reason
