"""The two forms in which VICIdial keeps a password."""

import hmac
import re
import secrets
from base64 import b64encode
from dataclasses import dataclass, field

import bcrypt

from .beside import bcrypt_beside

SALT_BYTES = 16
HASH_LENGTH = 31
LONGEST = 72
"""Bytes that bcrypt looks at."""

CHEAPEST_OF_LIBRARY = 4
MOST_EXPENSIVE = 16
"""A cost beyond is a mistake in the table: it would be seconds for each login."""

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TO_BCRYPT = bytes.maketrans(_BASE64, _BCRYPT)
_HASH = re.compile(rf"[./A-Za-z0-9]{{{HASH_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class PlainPassword:
    """As it is. It compares as MySQL compares texts: without case, and without blanks behind."""

    stored: str = field(repr=False)

    @property
    def slow(self) -> bool:
        """Whether `matches` is to be asked in a thread."""
        return False

    @property
    def kind(self) -> str:
        """The same for all that cost the same."""
        return "plain"

    def decoy(self) -> "PlainPassword":
        """One that nothing matches, and that costs the same."""
        return PlainPassword(secrets.token_urlsafe(32))

    def matches(self, password: str) -> bool:
        """Whether it is that one. An empty one is nobody's."""
        wanted, given = _as_mysql(self.stored), _as_mysql(password)
        return bool(wanted) and hmac.compare_digest(wanted, given)


@dataclass(frozen=True, slots=True)
class VicidialHash:
    """bcrypt with one salt for the whole system, and only the last 31 characters of it kept."""

    stored: str = field(repr=False)
    key: str = field(repr=False)
    """`pass_key` of the system's settings: the 16 characters of the salt."""
    cost: int

    @property
    def slow(self) -> bool:
        """Whether `matches` is to be asked in a thread."""
        return True

    @property
    def kind(self) -> str:
        """The same for all that cost the same."""
        return f"vicidial {self.cost}"

    def decoy(self) -> "VicidialHash":
        """One that nothing matches, and that costs the same: of another salt, nobody's hash."""
        return VicidialHash(
            secrets.token_hex(HASH_LENGTH)[:HASH_LENGTH],
            secrets.token_hex(SALT_BYTES)[:SALT_BYTES],
            self.cost,
        )

    def matches(self, password: str) -> bool:
        """Whether it is that one; never, where the system's salt or the hash is none."""
        salt = self.key.encode("utf-8", "replace")
        if len(salt) != SALT_BYTES or not 0 <= self.cost <= MOST_EXPENSIVE:
            return False
        if not password or not _HASH.fullmatch(self.stored):
            return False
        found = _hash(password.encode("utf-8", "replace")[:LONGEST], salt, self.cost)
        return hmac.compare_digest(found, self.stored.encode())


def _hash(password: bytes, salt: bytes, cost: int) -> bytes:
    if cost < CHEAPEST_OF_LIBRARY:  # VICIdial's default is 2, which the library refuses
        return _in_bcrypt_base64(bcrypt_beside(password, salt, cost))
    settings = b"$2a$%02d$%s" % (cost, _in_bcrypt_base64(salt))
    return bcrypt.hashpw(password, settings)[-HASH_LENGTH:]


def _in_bcrypt_base64(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=").translate(_TO_BCRYPT)


def _as_mysql(text: str) -> bytes:
    return text.rstrip(" ").casefold().encode("utf-8", "replace")
