"""The forms in which passwords are kept: argon2 (ours), bcrypt and plain text (VICIdial's)."""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Protocol

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

BCRYPT_READS = 72
"""Bytes of a password that bcrypt looks at; our library refuses more instead of cutting it off."""


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


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """A hash in the form `$2a$08$` and 53 characters more."""

    encoded: str = field(repr=False)

    @property
    def slow(self) -> bool:
        """See `StoredPassword.slow`."""
        return True

    @property
    def kind(self) -> str:
        """See `StoredPassword.kind`."""
        return self.encoded[:7]

    def matches(self, password: str) -> bool:
        """See `StoredPassword.matches`."""
        try:
            given = password.encode()[:BCRYPT_READS]
            return bcrypt.checkpw(given, self.encoded.encode())
        except ValueError:  # no hash, or no text
            return False

    def decoy(self) -> "Bcrypt":
        """See `StoredPassword.decoy`."""
        return Bcrypt(self.encoded[:29] + _other_text(self.encoded[29:]))


@dataclass(frozen=True, slots=True)
class Plain:
    """The password itself. VICIdial compares these without case."""

    text: str = field(repr=False)

    @property
    def slow(self) -> bool:
        """See `StoredPassword.slow`."""
        return False

    @property
    def kind(self) -> str:
        """See `StoredPassword.kind`."""
        return "plain"

    def matches(self, password: str) -> bool:
        """See `StoredPassword.matches`. In a time that tells nothing; an empty one never does."""
        kept, given = (_folded(text) for text in (self.text, password))
        return hmac.compare_digest(kept, given) and bool(kept)

    def decoy(self) -> "Plain":
        """See `StoredPassword.decoy`."""
        return Plain(secrets.token_urlsafe(32))


def _folded(text: str) -> bytes:
    return text.casefold().encode("utf-8", "surrogatepass")


def _other_text(digest: str) -> str:
    """Another end for a hash, as long and of characters that both forms have. Nobody knows of
    what it would be the hash.
    """
    last = digest[-1:]  # its low bits are padding, which must stay as it is
    return secrets.token_hex(len(digest))[: max(0, len(digest) - 1)] + last
