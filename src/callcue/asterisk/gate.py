"""What is worth reading of all that Asterisk sends: found out by a look at its bytes.

A look costs a tenth of reading. Only what is certainly of no use is kept out: whoever reads what
comes through looks again.
"""

import re
from collections.abc import Collection, Mapping

Telling = Mapping[str, re.Pattern[bytes]]
"""Names of events that come in great numbers, each with what is found in one that matters."""

_EVENT = b"Event: "
_ACTION_ID = b"\r\nActionID: "


class Gate:
    """Lets replies through, and of the events those that are wanted."""

    def __init__(self, wanted: Collection[str], telling: Telling) -> None:
        """*wanted*: names of events; of those in *telling* not every one."""
        self._wanted = frozenset(name.encode() for name in wanted)
        self._telling = {name.encode(): pattern for name, pattern in telling.items()}

    def passes(self, message: bytes, *, awaits_items: bool) -> bool:
        """Whether to read it. While an answer is awaited, any event may be an item of it."""
        if not message.startswith(_EVENT):
            return True
        name, _, _ = message[len(_EVENT) :].partition(b"\r\n")
        if name in self._wanted:
            pattern = self._telling.get(name)
            if pattern is None or pattern.search(message):
                return True
        return awaits_items and _ACTION_ID in message


def user_events(beginning: str) -> Telling:
    """Of those that a dialplan sends only these, by how their names begin."""
    return {"UserEvent": re.compile(rf"\r\nUserEvent: {re.escape(beginning)}".encode())}


def variables(names: Collection[str]) -> Telling:
    """Of the variables that are set only these; marks before a name say who inherits it."""
    either = "|".join(map(re.escape, names))
    return {"VarSet": re.compile(rf"\r\nVariable: _*(?:{either})(?:\r\n|\Z)".encode())}
