"""What a check comes to."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """One word a check."""

    OK = "ok"
    MEND = "mend"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Never holds a secret."""

    check: str
    verdict: Verdict
    said: str
    """What was found, in plain words."""
    todo: str = ""
    """What to do about it, where there is something to mend."""


def ok(check: str, said: str) -> Finding:
    """All well."""
    return Finding(check, Verdict.OK, said)


def mend(check: str, said: str, todo: str) -> Finding:
    """Something is wrong, and this is what to do."""
    return Finding(check, Verdict.MEND, said, todo)


def not_checked(check: str, why: str) -> Finding:
    """Nobody knows, because of something else."""
    return Finding(check, Verdict.NOT_CHECKED, why)
