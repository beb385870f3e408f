"""A password in plain text, as some sources of users have it."""

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Plain:
    """Implements `callcue.api.stored_passwords.StoredPassword`."""

    text: str = field(repr=False)
    slow: bool = False
    kind: str = "plain"

    def matches(self, password: str) -> bool:
        return password.casefold() == self.text.casefold()

    def decoy(self) -> "Plain":
        return Plain(secrets.token_urlsafe())
