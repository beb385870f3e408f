"""The parameters of a request, read as PHP reads them and cleaned as api.php cleans them.

The odd rules are the wire contract: the query goes before the form, of a parameter given twice
the last counts, `name[]` is a list and so counts as not given, and what a parameter may not hold
vanishes silently.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from urllib.parse import unquote_to_bytes

MOST_FIELDS = 1000
"""As many parameters as PHP reads as it is delivered; the rest is cut off."""

LONGEST_NAME = 100
"""Of a user, an agent, or an agent's other name. Nobody has a longer one, in the settings, the
store or VICIdial: none is looked up, and so none is kept anywhere."""

_QUOTES = re.compile(r"""['";\\]""")
_KEPT = {
    "user": re.compile(r"[^A-Za-z0-9_-]"),
    "agent_user": re.compile(r"[^A-Za-z0-9_-]"),
    "password": re.compile(r"[^A-Za-z0-9.+/=_-]"),
    "function": re.compile(r"[^A-Za-z0-9_-]"),
    "value": re.compile(r"[^A-Za-z0-9_|-]"),
    "source": re.compile(r"[^A-Za-z0-9]"),
    "stage": _QUOTES,
    "dial_override": re.compile(r"[^A-Z]"),
    "alt_user": re.compile(r"[^A-Za-z0-9]"),
    "lead_id": re.compile(r"[^0-9]"),
    "format": re.compile(r"[^A-Za-z0-9]"),
    "close_window_link": re.compile(r"[^A-Za-z0-9_-]"),
}
"""What is taken away from each; with what stays, no name leads out of its field."""

_PHP_NAME = re.compile(r"[ .[]")
_ABOVE_ZERO = re.compile(r"0*[1-9]")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The cleaned parameters; what was not given is empty."""

    user: str = ""
    password: str = ""
    source: str = ""
    function: str = ""
    agent_user: str = ""
    alt_user: str = ""
    value: str = ""
    stage: str = ""
    dial_override: str = ""
    lead_id: str = ""
    format: str = ""
    close_window_link: str = ""

    def __repr__(self) -> str:
        return f"Parameters(function={self.function!r}, stage={self.stage!r})"

    @property
    def overrides(self) -> bool:
        """Whether what plays may be replaced."""
        return self.dial_override == "Y"

    @property
    def wants_link(self) -> bool:
        """Whether a link that closes the window shall follow the answer."""
        return _ABOVE_ZERO.match(self.close_window_link) is not None


Fields = Mapping[str, str]


def read(query: Fields, form: Fields) -> Parameters:
    """Clean the parameters of a request."""
    cleaned = {}
    for field in fields(Parameters):
        name = "pass" if field.name == "password" else field.name
        cleaned[field.name] = clean(name, query[name] if name in query else form.get(name, ""))
    return Parameters(**cleaned)


def clean(name: str, raw: str) -> str:
    """Take away what the parameter of that name may not hold."""
    return _KEPT["password" if name == "pass" else name].sub("", raw)


def parse(encoded: bytes) -> Fields:
    """Take `a=b&c=d` apart: the last of a name counts, a list counts as not given."""
    pairs = (part.partition(b"=") for part in _parts(encoded)[:MOST_FIELDS])
    return last_of_each((_decoded(name), _decoded(value)) for name, _, value in pairs)


def is_cut_off(encoded: bytes) -> bool:
    """Whether there is more than PHP reads. How much that is, its settings may say otherwise."""
    return len(_parts(encoded)) > MOST_FIELDS


def last_of_each(pairs: Iterable[tuple[str, str]]) -> Fields:
    """Of each name the last value, unless that is one of a list."""
    kept: dict[str, str] = {}
    for raw, value in pairs:
        name, is_list = _named(raw)
        if is_list:
            kept.pop(name, None)
        elif name:
            kept[name] = value
    return kept


def _parts(encoded: bytes) -> list[bytes]:
    return [part for part in encoded.split(b"&", 2 * MOST_FIELDS) if part]


def _named(raw: str) -> tuple[str, bool]:
    """The name that PHP gives it, and whether it is one of a list.

    A name ends at a zero byte. A bracket begins a list only where it is closed.
    """
    name = raw.partition("\0")[0].lstrip(" ")
    outer, _, inner = name.partition("[")
    if outer and "]" in inner:
        return _PHP_NAME.sub("_", outer), True
    return _PHP_NAME.sub("_", name), False


def _decoded(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "replace")
