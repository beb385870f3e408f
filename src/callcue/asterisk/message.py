"""What Asterisk says, as frozen values: an ``AmiEvent`` or a ``Reply``.

panoramisk's own parser is not used. A repeated header makes its values lists, a repetition in
other letter case overwrites the first, and a dialplan's ``UserEvent(Cue,Event: Hangup)`` could so
forge an event or break its reader (``panoramisk.md`` 2, f and h). Here every value is a ``str``:

- ``Event``, ``Response``, ``ActionID`` and ``Message`` keep their **first** value. Asterisk writes
  its own headers before those a dialplan may add, so the first one is the true one.
- every other repeated header (``ChanVariable``, ``Variable``, ``Output``) keeps all its values,
  **joined by newlines**. A value cannot contain one, so nothing is lost: see ``values()``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_FIRST_WINS = frozenset({"event", "response", "actionid", "message"})
_SUCCESS = frozenset({"success", "follows", "goodbye"})


@dataclass(frozen=True, slots=True)
class _Message:
    """What events and replies have in common: headers by lower-cased name, and an arrival time."""

    name: str
    fields: Mapping[str, str]
    received_at: float
    """When its last byte arrived: seconds of ``time.monotonic()``."""

    def get(self, key: str, default: str = "") -> str:
        """The header's value, whatever the letter case of *key*; *default* when it is absent."""
        return self.fields.get(key.lower(), default)

    def values(self, key: str) -> list[str]:
        """Every value of a header that may be repeated, in the order of the wire."""
        joined = self.fields.get(key.lower())
        return [] if joined is None else joined.split("\n")

    @property
    def action_id(self) -> str:
        """The id of the action this belongs to, or ``""``."""
        return self.fields.get("actionid", "")


@dataclass(frozen=True, slots=True)
class AmiEvent(_Message):
    """Something that happened; ``name`` is the event's own name, such as ``Hangup``."""


@dataclass(frozen=True, slots=True)
class Reply(_Message):
    """The answer to one action; ``name`` is its ``Response`` word, such as ``Success``."""

    @property
    def ok(self) -> bool:
        """Whether Asterisk did, or began, what was asked."""
        return self.name.lower() in _SUCCESS

    @property
    def message(self) -> str:
        """Asterisk's own words about it, or ``""``."""
        return self.fields.get("message", "")


def parse_message(text: str, received_at: float) -> AmiEvent | Reply | None:
    """Read one message (headers parted by CRLF, no blank line); None when it is neither kind."""
    fields = _parse_headers(text)
    # Event first: an OriginateResponse event also carries a Response header.
    if event := fields.get("event"):
        return AmiEvent(event, fields, received_at)
    if response := fields.get("response"):
        return Reply(response, fields, received_at)
    return None


def _parse_headers(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        key = name.lower()
        if value[:1] == " ":
            value = value[1:]
        if key not in fields:
            fields[key] = value
        elif key not in _FIRST_WINS:
            # Lists first and one join at the end: adding strings would be quadratic in the
            # thousands of Output lines that a Command may answer with.
            repeated.setdefault(key, [fields[key]]).append(value)
    for key, values in repeated.items():
        fields[key] = "\n".join(values)
    return fields
