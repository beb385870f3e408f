"""Which Asterisk it is, and what an older one lacks."""

import re

from .evidence import Evidence
from .finding import Finding, mend, not_checked, ok

OLDEST = 16
_NAMED_FILTERS = {18: 26, 20: 11, 21: 6, 22: 1}
_GOOD_JUMPS = {20: 16, 21: 11, 22: 6}
"""From which minor version of each branch on; newer branches have it from their beginning."""


def knows_named_filters(version: str) -> bool:
    """Whether it understands the eventfilter lines of `callcue-manager.conf`."""
    return _has(version, _NAMED_FILTERS)


def check(found: Evidence) -> Finding:
    """callcue is heard on 16 and on 22."""
    if not found.version:
        return not_checked("version", "Asterisk does not say which it is")
    if _parts(found.version)[0] < OLDEST:
        said = f"Asterisk {found.version} is older than {OLDEST}: callcue was never run beside it"
        return mend("version", said, f"bring it to {OLDEST}.28 or later; 22 is the best known")
    lacks = []
    if not knows_named_filters(found.version):
        lacks.append("its event filter is callcue-manager.conf.16")
    if not _has(found.version, _GOOD_JUMPS):
        lacks.append("a verb can get lost in a jump of the dialplan, and is sent again")
    return ok("version", "; ".join([f"Asterisk {found.version}", *lacks]))


def _has(version: str, since: dict[int, int]) -> bool:
    major, minor = _parts(version)
    return minor >= since[major] if major in since else major > max(since)


def _parts(version: str) -> tuple[int, int]:
    """Major and minor: of `22.10.1+dfsg`, of `certified/20.7-cert2`. What is none is the newest."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (999, 0)
