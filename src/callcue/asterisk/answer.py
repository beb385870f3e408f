"""What a whole answer means: a reply, a list, or a refusal."""

from callcue.asterisk.errors import ActionRefused
from callcue.asterisk.message import AmiEvent, Reply
from callcue.asterisk.pending import Pending

# ConfbridgeListRooms says by way of an error that there are no rooms.
_EMPTY_LIST = "no active conferences"


def reply_of(name: str, answer: Pending) -> Reply:
    """The reply to the action *name*. Raises ``ActionRefused``."""
    reply: Reply | None = answer.reply
    # A list's end without a reply before it has never been seen; it is no success either.
    if reply is None or not reply.ok:
        raise ActionRefused(name, (reply.message or reply.name) if reply else "no reply")
    return reply


def items_of(name: str, answer: Pending) -> list[AmiEvent]:
    """The items of the list. Raises ``ActionRefused``, also for what is no whole list."""
    if answer.reply is not None and _EMPTY_LIST in answer.reply.message.lower():
        return []
    if not reply_of(name, answer).get("EventList"):
        raise ActionRefused(name, "answered, but not with a list")
    if answer.cancelled:
        raise ActionRefused(name, "the list was broken off")
    items: list[AmiEvent] = answer.items_received
    return items
