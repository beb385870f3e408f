"""What is kept of a password: any form that has this protocol; argon2 is ours."""

import secrets
from dataclasses import dataclass, field
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class StoredPassword(Protocol):
    """A password as somebody keeps it. Two of the same content are equal, and no repr shows it."""

    @property
    def slow(self) -> bool:
        """Whether `matches` takes long enough to be done in a thread."""

    @property
    def kind(self) -> str:
        """The same for all that cost the same."""

    def matches(self, password: str) -> bool:
        """Whether that is it. Never raises."""

    def decoy(self) -> "StoredPassword":
        """One that nothing matches, and that costs what this one does."""


@dataclass(frozen=True, slots=True)
class Argon2:
    """A hash as `callcue hash-password` makes it."""

    encoded: str = field(repr=False)

    @property
    def slow(self) -> bool:
        """See `StoredPassword.slow`."""
        return True

    @classmethod
    def of(cls, password: str) -> "Argon2":
        """A new hash of *password*. Slow."""
        return cls(PasswordHasher().hash(password))

    @property
    def kind(self) -> str:
        """See `StoredPassword.kind`."""
        return self.encoded.rsplit("$", 2)[0]

    def matches(self, password: str) -> bool:
        """See `StoredPassword.matches`. The cost is that of the hash, whatever ours is now."""
        try:
            return PasswordHasher().verify(self.encoded, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    def decoy(self) -> "Argon2":
        """See `StoredPassword.decoy`."""
        rest, _, digest = self.encoded.rpartition("$")
        return Argon2(f"{rest}${_other_text(digest)}")


def _other_text(digest: str) -> str:
    """Another end for a hash, as long. Nobody knows of what it would be the hash."""
    last = digest[-1:]  # its low bits are padding, which must stay as it is
    return secrets.token_hex(len(digest))[: max(0, len(digest) - 1)] + last
