"""Access keys: random, known to us by their SHA-256 alone."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from time import time
from typing import Protocol
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
    expires: float | None = None
    """Seconds since 1970; None is never."""


class WrongKey(Exception):
    """No such key, or none any more."""


class KeysOutOfReach(Exception):
    """Nobody knows yet whether there is such a key."""


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


class KeySource(Protocol):
    """Where keys are looked up. Never waits."""

    def find(self, digest: str) -> AccessKey | None:
        """The key of that digest. Raises `KeysOutOfReach`."""

    def used(self, key: AccessKey) -> None:
        """Somebody has just come in with that key."""


class FixedKeys:
    """The keys of the settings. See `KeySource`."""

    def __init__(self, keys: Iterable[AccessKey]) -> None:
        self._keys: dict[str, AccessKey] = {}
        self.replace(keys)

    def replace(self, keys: Iterable[AccessKey]) -> None:
        """From now on there are these."""
        self._keys = {key.digest: key for key in keys}

    def find(self, digest: str) -> AccessKey | None:
        """See `KeySource.find`."""
        return self._keys.get(digest)

    def used(self, key: AccessKey) -> None:
        """See `KeySource.used`; the file has no place for it."""


class AccessKeys:
    """All keys of all workspaces."""

    def __init__(
        self, sources: Sequence[KeySource], lockout: Lockout, *, clock: Callable[[], float] = time
    ) -> None:
        """*sources*: the first that knows a key is right about it."""
        self._sources = sources
        self._lockout = lockout
        self._clock = clock

    def find(self, key: str, address: str) -> AccessKey:
        """The access key that *key* is.

        Raises:
            WrongKey: there is none, or it has expired, and the failure is counted.
            KeysOutOfReach: nobody knows whether there is one, and nothing is counted.
            TooManyWrongKeys: not even looked at.

        """
        try:
            source, found = self._match(digest(key))
        except KeysOutOfReach:
            self._not_locked(None, address)
            raise
        except WrongKey:
            self._not_locked(None, address)
            self._lockout.failed(None, address)
            raise
        name = f"key {found.digest}"
        self._not_locked(name, address)
        self._lockout.succeeded(name, address)
        source.used(found)
        return found

    def _match(self, presented: str) -> tuple[KeySource, AccessKey]:
        # A plain look-up: how long it takes tells of digests, and no key follows from those.
        for source in self._sources:
            found = source.find(presented)
            if found is None:
                continue
            if found.expires is not None and found.expires <= self._clock():
                raise WrongKey
            return source, found
        raise WrongKey

    def _not_locked(self, name: str | None, address: str) -> None:
        if locked := self._lockout.locked(name, address):
            raise TooManyWrongKeys(locked)
