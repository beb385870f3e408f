"""Access keys: random, known to us by their SHA-256 alone."""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from .lockout import Lockout
from .rights import Right

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Who holds it may do, in that workspace, what the scopes say."""

    name: str
    workspace: UUID
    digest: str = field(repr=False)
    """SHA-256 of the key, in lower-case hexadecimal."""
    scopes: frozenset[Right]


class WrongKey(Exception):
    """No such key."""


class TooManyWrongKeys(Exception):
    """The address has tried too many; it may try again in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"locked for {seconds:.0f} s")
        self.seconds = seconds


def new_key() -> str:
    """A new access key, as random as can be."""
    return secrets.token_urlsafe(KEY_BYTES)


def digest(key: str) -> str:
    """What is kept of a key. A random key of 256 bits needs no slow hash."""
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class AccessKeys:
    """All keys of all workspaces."""

    def __init__(self, keys: Iterable[AccessKey], lockout: Lockout) -> None:
        self._keys = tuple(keys)
        self._lockout = lockout

    def find(self, key: str, address: str) -> AccessKey:
        """The access key that *key* is.

        Raises:
            WrongKey: there is none, and the failure is counted.
            TooManyWrongKeys: not even looked at.

        """
        found = self._match(digest(key))
        name = None if found is None else f"key {found.digest}"
        locked = self._lockout.locked(name, address)
        if locked:
            raise TooManyWrongKeys(locked)
        if found is None or name is None:
            self._lockout.failed(None, address)
            raise WrongKey
        self._lockout.succeeded(name, address)
        return found

    def _match(self, presented: str) -> AccessKey | None:
        found = None
        for key in self._keys:  # all of them, always: the time tells nothing
            if hmac.compare_digest(key.digest, presented):
                found = key
        return found
