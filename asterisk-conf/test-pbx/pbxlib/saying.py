"""What the script tells people: short lines on stderr, so that stdout stays for programs."""

import sys


class CannotHaveAsterisk(Exception):
    """Nothing on this machine can give us an Asterisk; the text says what is missing."""


class AsteriskFailed(Exception):
    """There is an Asterisk, but it did not come up; the text says why."""


def say(text: str) -> None:
    """Print one line for a person."""
    print(f"pbx: {text}", file=sys.stderr, flush=True)
