"""Has our AMI user the rights that callcue needs? Each is known by what it lets come or be done."""

from collections.abc import Iterator

from .events import of_calls, variables_come
from .evidence import Evidence
from .finding import Finding, mend, not_checked, ok

WRITE = {
    "call": ("Redirect", "Setvar", "Hangup", "Getvar", "Status"),
    "originate": ("Originate",),
    "reporting": ("CoreSettings", "ShowDialPlan"),
}
"""Which actions show that a right is there: `ListCommands` has those that the user may send."""


def check(found: Evidence) -> Iterator[Finding]:
    """Those to write, then those to read."""
    for right, actions in WRITE.items():
        yield _write(found, right, actions)
    yield _system(found)
    yield _read(found, "call", bool(of_calls(found.names)), "what channels and rooms do")
    yield _user(found)
    yield _read(found, "dialplan", variables_come(found), "VarSet")


def _write(found: Evidence, right: str, actions: tuple[str, ...]) -> Finding:
    check = f"write={right}"
    if found.permitted is None:
        return not_checked(check, "Asterisk does not say what our AMI user may do")
    missing = [action for action in actions if not found.may(action)]
    if missing:
        said = f"our AMI user may not send {', '.join(missing)}"
        return mend(check, said, _add("write", right))
    return ok(check, "granted")


def _system(found: Evidence) -> Finding:
    if found.booted:
        return ok("read=system", "Asterisk says that it has fully booted")
    said = "Asterisk never says that it has fully booted"
    return mend("read=system", said, f"{_add('read', 'system')}; or wait until it has")


def _user(found: Evidence) -> Finding:
    """No report can also mean that the dialplan did not come so far; `dialplan` speaks of that."""
    reports = "UserEvent" in found.names
    if not reports and not (found.was_in_room or found.was_listened_to):
        return not_checked("read=user", "the player dialplan did not get so far")
    return _read(found, "user", reports, "what the player dialplan says")


def _read(found: Evidence, right: str, comes: bool, what: str) -> Finding:
    check = f"read={right}"
    if not found.started:
        return not_checked(check, "the probe was not started")
    if comes:
        return ok(check, f"Asterisk reports {what}")
    if not found.names and not found.applications:
        return not_checked(check, "the probe left no trace at all")
    todo = f"{_add('read', right)}; if it is there, its eventfilter lines are wrong"
    return mend(check, f"Asterisk does not report {what}", todo)


def _add(line: str, right: str) -> str:
    return f"add {right} to {line}= of our user in manager.conf, then: manager reload"
