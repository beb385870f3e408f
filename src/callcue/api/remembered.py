"""Logins that were right, for a minute: the next one needs no hash.

They are kept under a keyed hash whose key this process made up and never shows.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from .users import ApiUser

REMEMBERED_SECONDS = 60.0
RENEWED_SECONDS = 20.0
"""A login that is used so shortly before it is forgotten is judged anew meanwhile: who works all
day never waits for a hash again."""
MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Right:
    """A login that was right, and what its user was then."""

    until: float
    user: ApiUser


class Remembered:
    """Right logins by their mark, and no password."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, _Right] = OrderedDict()

    def mark(self, name: str, password: str) -> bytes:
        """The same for the same login, and nothing can be told from it."""
        message = f"{name}\0{password}".encode("utf-8", "surrogatepass")
        # A keyed BLAKE2b is a MAC by itself, at a tenth of what an HMAC costs.
        return blake2b(message, key=self._secret, digest_size=32).digest()

    def seconds_left(self, mark: bytes, user: ApiUser | None) -> float:
        """How long it will still be known; 0 and less if it is not, or the user has changed."""
        right = self._right.get(mark)
        if right is None or user is None or _what_counts(right.user) != _what_counts(user):
            return 0.0
        return right.until - self._clock()

    def keep(self, mark: bytes, user: ApiUser) -> None:
        """It was right just now."""
        self._right[mark] = _Right(self._clock() + REMEMBERED_SECONDS, user)
        self._right.move_to_end(mark)
        while len(self._right) > MOST:
            self._right.popitem(last=False)


def _what_counts(user: ApiUser) -> tuple[object, ...]:
    return user.name, user.password, user.active, user.level, user.addresses
