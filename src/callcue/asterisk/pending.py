"""An action on its way, and the answer gathered for it.

panoramisk decides by event *names* when an answer is whole: a list that ends in another way hangs
for ever, one with an item named ``...Complete`` ends early, an Originate without ``Async`` kills
the link (``panoramisk.md`` 2). The two questions it asks of an action are answered here instead.
"""

from panoramisk.actions import Action

from callcue.asterisk.action import Headers
from callcue.asterisk.message import AmiEvent, Reply

_ENDS = frozenset({"complete", "cancelled"})


class Pending(Action):  # type: ignore[misc]  # panoramisk is untyped
    """One action in flight. ``future`` resolves to None once ``answer_is_whole`` was delivered.

    ``reply`` and, for a list, ``items`` and ``cancelled`` hold the answer.
    """

    def __init__(self, headers: Headers, *, wants_list: bool) -> None:
        # All of them here: panoramisk answers '' for an attribute nobody has set.
        self.wants_list = wants_list
        self.reply: Reply | None = None
        self.items_received: list[AmiEvent] = []
        self.cancelled = False
        self.answer_is_whole = False
        self._headers = headers
        super().__init__(headers)

    @property
    def id(self) -> str:
        """The ActionID; panoramisk's own looks for it in two dictionaries, several times a send."""
        found = self._headers["ActionID"]
        assert isinstance(found, str)
        return found

    action_id = id  # noqa: A003 - panoramisk asks for both

    def __str__(self) -> str:
        # In the order of the headers: panoramisk sorts them for each send.
        lines = []
        for name, value in self._headers.items():
            values = value if isinstance(value, list) else (value,)
            lines += [f"{name}: {text}" for text in values]
        return "\r\n".join([*lines, "\r\n"])

    def __repr__(self) -> str:
        # panoramisk logs actions that it fails to send, and a Login holds the secret.
        return f"<Pending {self['Action']} {self['ActionID']}>"

    def accepts(self, message: AmiEvent | Reply) -> bool:
        """Whether a message with our id is part of the answer.

        An OriginateResponse has it too, and is news for everyone, not the answer.
        """
        return self.wants_list or isinstance(message, Reply)

    def add_message(self, message: AmiEvent | Reply) -> bool:
        """Take one message of the answer; True when it was the last."""
        if isinstance(message, Reply):
            self.reply = message
            starts_list = message.ok and message.get("EventList").lower() == "start"
            self.answer_is_whole = not (self.wants_list and starts_list)
        elif (mark := message.get("EventList").lower()) in _ENDS:
            self.cancelled = mark == "cancelled"
            self.answer_is_whole = True
        else:
            self.items_received.append(message)
        return self.answer_is_whole

    def settle(self) -> None:
        """Wake the sender; the answer is whole."""
        if not self.future.done():
            self.future.set_result(None)

    def fail(self, error: Exception) -> None:
        """Wake the sender with *error*; there will be no answer."""
        if not self.future.done():
            self.future.set_exception(error)
