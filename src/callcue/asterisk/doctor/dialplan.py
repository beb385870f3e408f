"""Are callcue's files there, are they this callcue's, and has Asterisk the modules they need?"""

from .evidence import Evidence
from .finding import Finding, mend, not_checked, ok
from .needs import APPLICATIONS, FUNCTIONS, PRESSES_KEYS

REVISION = "9d9f09e098fa"
"""Of the `callcue-player.conf` that belongs to this callcue: a checksum of what it does."""

FILE = "callcue-player.conf"
_TRIED = ("ControlPlayback", "ChanSpy", "BridgeAdd")
_READ = ("CUT", "IF", "DIALPLAN_EXISTS", "TIMEOUT")


def player(found: Evidence) -> Finding:
    """`callcue-player.conf` is included, and the right one."""
    copy = f"copy {FILE} of this callcue to Asterisk's configuration, then: dialplan reload"
    if found.extensions == frozenset():
        todo = f'add #include "{FILE}" to extensions.conf, then: dialplan reload'
        return mend("dialplan", f"{FILE} is not included", todo)
    if found.extensions is not None and "doctor" not in found.extensions:
        return mend("dialplan", f"{FILE} is older than this callcue", copy)
    if found.refused:
        return mend("dialplan", f"the probe was refused: {found.refused}", copy)
    if found.report is None:
        return not_checked("dialplan", "no report comes from it")
    revision = found.report.get("Revision")
    if revision != REVISION:
        said = f"{FILE} is of another callcue: {revision}, not {REVISION}"
        return mend("dialplan", said, copy)
    return ok("dialplan", f"{FILE} is this callcue's ({revision})")


def modules(found: Evidence) -> Finding:
    """All modules are loaded that the dialplan and the player use."""
    if not found.started or not found.names:
        return not_checked("modules", "no report comes from the dialplan")
    if found.report is None:  # it ends at its first step, or nobody reports
        ended = "Hangup" in found.names and not found.was_in_room
        return _load(["app_userevent"]) if ended and _is_ours(found) else _unknown()
    missing = _missing(found)
    return _load(missing) if missing else ok("modules", "all that callcue needs are loaded")


def _is_ours(found: Evidence) -> bool:
    return found.extensions is not None and "doctor" in found.extensions


def _unknown() -> Finding:
    return not_checked("modules", "no report comes from the dialplan")


def _missing(found: Evidence) -> list[str]:
    report = found.report
    assert report is not None
    lacking = {FUNCTIONS[name] for name in _READ if not report.get(name)}
    if not report.get("Clock"):
        lacking.add(FUNCTIONS["STRFTIME"])
    for application in _TRIED:
        tried = found.tried(application)
        if tried is not None and tried.get("Try") == "NOAPP":
            lacking.add(APPLICATIONS[application])
    if found.tried("ControlPlayback") is None:  # nothing follows the first TryExec
        lacking.add(APPLICATIONS["TryExec"])
    room = found.tried("ConfBridge")
    if room is not None and room.get("Try") == "NOAPP":
        lacking.add(APPLICATIONS["ConfBridge"])
    unset = {name for name, done in found.settable.items() if not done}
    if not found.records_calls:
        unset.discard("CDR_PROP")
    lacking |= {FUNCTIONS[name] for name in unset}
    if found.may("Redirect") and not found.may("PlayDTMF"):
        lacking.add(PRESSES_KEYS)
    return sorted(lacking)


def _load(missing: list[str]) -> Finding:
    said = f"not loaded: {', '.join(missing)}"
    return mend("modules", said, f"add to modules.conf, and load them: {_lines(missing)}")


def _lines(missing: list[str]) -> str:
    return ", ".join(f"load={name}.so" for name in missing)


def silence(found: Evidence) -> Finding:
    """What a leg plays until it is let in."""
    tried = found.tried("ControlPlayback")
    if tried is None or tried.get("Try") == "NOAPP":
        return not_checked("silence", "no report comes from the dialplan")
    if tried.get("Result") != "SUCCESS":
        todo = "install Asterisk's core sounds (silence/10), and load the format they are in"
        return mend("silence", "Asterisk cannot play its sound silence/10", todo)
    return ok("silence", "Asterisk plays its sound silence/10")


def room(found: Evidence) -> Finding:
    """A leg gets into a room, by the profile of `callcue-confbridge.conf`."""
    if found.was_in_room:
        return ok("rooms", "a leg gets into a room with the profile callcue_leg")
    tried = found.tried("ConfBridge")
    if tried is None or tried.get("Try") == "NOAPP":
        return not_checked("rooms", "ConfBridge was not run")
    todo = (
        'add #include "callcue-confbridge.conf" to confbridge.conf, then: module reload'
        " app_confbridge; if it is there, load=bridge_softmix.so and bridge_holding.so, and a"
        " timing module (res_timing_timerfd.so), in modules.conf"
    )
    return mend("rooms", "a leg does not get into a room with the profile callcue_leg", todo)
