"""How the fake talks: actions in, messages out. Written by hand, so as to share no bug with us."""

import asyncio
from collections.abc import Mapping, Sequence

GREETING = b"Asterisk Call Manager/9.0.0\r\n"

Fields = Mapping[str, str | Sequence[str]]
"""One message: header to value, or to several values for a repeated header."""
Answer = Fields | Sequence[Fields] | None
"""What an action is answered with: a reply, a reply and events, or silence."""


# Where an item's event is not named as the action that asks for it.
_ITEM_EVENTS = {"CoreShowChannels": "CoreShowChannel", "BridgeList": "BridgeListItem"}


class ReceivedAction(dict[str, str]):
    """An action as it came: headers by the name they were sent with.

    A repeated header keeps its last value here; all of them, in order, are in ``headers``, and the
    ``Variable: NAME=value`` ones also in ``variables``.
    """

    def __init__(self, headers: Sequence[tuple[str, str]]) -> None:
        super().__init__(headers)
        self.headers = list(headers)
        assignments = (value for name, value in headers if name.lower() == "variable")
        pairs = (assignment.partition("=") for assignment in assignments)
        self.variables = {name: value for name, equals, value in pairs if equals}

    @property
    def name(self) -> str:
        return self.get("Action", "")

    @property
    def id(self) -> str:
        return self.get("ActionID", "")


async def hear(reader: asyncio.StreamReader) -> ReceivedAction:
    """The next action. Raises ``EOFError`` when the client is gone."""
    raw = await reader.readuntil(b"\r\n\r\n")  # IncompleteReadError is an EOFError
    lines = raw.decode().split("\r\n")
    parted = (line.partition(":") for line in lines if line)
    return ReceivedAction([(name, value.strip()) for name, _, value in parted])


def say(fields: Fields) -> bytes:
    """A message as bytes, with the blank line that ends it."""
    lines = []
    for name, value in fields.items():
        values = [value] if isinstance(value, str) else value
        lines += [f"{name}: {one}" for one in values]
    return "\r\n".join([*lines, "", ""]).encode()


def answered_to(action: ReceivedAction, answer: Answer) -> list[Fields]:
    """The messages of *answer*; those of the action itself carry its id, second in line."""
    if answer is None:
        return []
    messages = [answer] if isinstance(answer, Mapping) else answer
    return [_with_id(message, action.id) for message in messages]


def _with_id(message: Fields, action_id: str) -> Fields:
    if not action_id or "ActionID" in message or message.get("Event") == "FullyBooted":
        return message
    (first, value), *others = message.items()
    return {first: value, "ActionID": action_id, **dict(others)}


def success(message: str = "") -> Fields:
    return {"Response": "Success", "Message": message}


def error(message: str) -> Fields:
    return {"Response": "Error", "Message": message}


def event_list(name: str, items: Sequence[Fields], *, end: str = "Complete") -> list[Fields]:
    """A whole list answer to the action *name*; *end* may also be ``Cancelled``."""
    started = {"Response": "Success", "EventList": "start", "Message": "A list will follow"}
    listed = [{"Event": _ITEM_EVENTS.get(name, name), **item} for item in items]
    ended = {"Event": f"{name}Complete", "EventList": end, "ListItems": str(len(items))}
    return [started, *listed, ended]
