"""What the password of an unknown name is compared with: nothing tells that it is unknown."""

import secrets
from collections.abc import Iterable
from hashlib import blake2b

from .stored_passwords import Argon2, StoredPassword
from .users import ApiUser

KINDS = 16
"""So many kinds of passwords are imitated."""

_LIKE_OURS = Argon2(
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXRoaW5nLXNhbHR5c2E$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
).decoy()
"""As costly as the hashes that we make, and of nothing."""


class Decoys:
    """One of each kind that known users have."""

    def __init__(self, like: Iterable[StoredPassword] = ()) -> None:
        """*like*: passwords that some users have, where they are known beforehand."""
        self._secret = secrets.token_bytes(32)
        self._of_kind = {form.kind: form.decoy() for form in like}

    def form(self, user: ApiUser | None, name: str) -> StoredPassword:
        """The user's own password; for a name that is none, always the same decoy."""
        if user is not None:
            if user.password.kind not in self._of_kind and len(self._of_kind) < KINDS:
                self._of_kind[user.password.kind] = user.password.decoy()
            return user.password
        decoys = list(self._of_kind.values()) or [_LIKE_OURS]
        named = blake2b(name.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=1)
        return decoys[named.digest()[0] % len(decoys)]
