"""Do Asterisk's clock and ours agree? Positions after a lost link, and logs, rely on it."""

from .evidence import Evidence
from .finding import Finding, mend, not_checked, ok

TOLERATED = 1.0
"""Seconds."""


def check(found: Evidence) -> Finding:
    """Asterisk has said its time somewhere between our asking and our hearing it."""
    said = found.report.get("Clock") if found.report is not None else ""
    if not said.isdigit():
        return not_checked("clock", "Asterisk does not say what time it is")
    theirs = int(said) / 1000
    ahead = theirs - min(max(theirs, found.asked_at), found.heard_at)
    if abs(ahead) < TOLERATED:
        return ok("clock", "Asterisk's and ours agree")
    way = "ahead of" if ahead > 0 else "behind"
    todo = "keep both machines on time (chrony, systemd-timesyncd)"
    return mend("clock", f"Asterisk's is {abs(ahead):.1f} s {way} ours", todo)
