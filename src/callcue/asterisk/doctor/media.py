"""Does this Asterisk get at callcue's clips?"""

from dataclasses import dataclass

from .evidence import Evidence
from .finding import Finding, mend, not_checked, ok

TRIED = "CALLCUE_CLIP_1"


@dataclass(frozen=True, slots=True)
class Sample:
    """A clip that lies where callcue's clips lie, while somebody looks for it."""

    sound: str
    """What this Asterisk calls it; empty if there is none."""
    todo: str = ""
    """What to do if Asterisk does not see it."""
    finding: Finding | None = None
    """Why there is none."""


def check(found: Evidence, sample: Sample) -> Finding:
    """It plays a clip that was just put there."""
    if sample.finding is not None:
        return sample.finding
    tried = found.tried(TRIED)
    if tried is None or tried.get("Try") == "NOAPP":
        return not_checked("media", "no report comes from the dialplan")
    if tried.get("Result") != "SUCCESS":
        return mend("media", f"Asterisk cannot play a clip of ours ({_short(sample)})", sample.todo)
    return ok("media", f"Asterisk plays a clip of ours ({_short(sample)})")


def _short(sample: Sample) -> str:
    """A signed address is a credential: only where it leads."""
    scheme, slashes, rest = sample.sound.partition("://")
    return f"{scheme}{slashes}{rest.partition('/')[0]}" if slashes else sample.sound
