"""For how long an answer of an origin may be used without asking again: `Cache-Control`."""

import re
from dataclasses import dataclass

_AGE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class FreshnessLimits:
    """How far an origin's word goes. All in seconds."""

    usual: float = 60.0
    """Where it says nothing, or less: a clip is played often, and within a minute not anew."""
    least: float = 1.0
    """Where it forbids keeping: long enough for the callers of one moment."""
    most: float = 3600.0


def fresh_seconds(cache_control: str, limits: FreshnessLimits) -> float:
    """What *cache_control*, all such headers in one, makes of the usual time."""
    said = {}
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        said[name.strip()] = value.strip().strip('"')
    if "no-store" in said or "no-cache" in said:
        return min(limits.least, limits.usual)
    age = said.get("max-age", "")
    if not _AGE.fullmatch(age):
        return limits.usual
    return max(limits.usual, min(float(age), limits.most))
