"""What can become of an action. Each class answers "may I send it again?"."""


class LinkError(Exception):
    """Base of everything the link raises for a reason that lies with the peer or the network."""


class NotConnected(LinkError):
    """The action was never written. Sending it again is safe."""


class OutcomeUnknown(LinkError):
    """The action was written and no answer came. It must not be sent again: look its fate up."""


class ActionRefused(LinkError):
    """Asterisk answered with an error; nothing was done.

    ``action`` is the action's name, ``message`` Asterisk's own text.
    """

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"{action}: {message}")
        self.action = action
        self.message = message


class LoginRejected(LinkError):
    """Asterisk refused the credentials. Trying again soon would only feed fail2ban."""
