"""Short signed addresses of our own clips, for an Asterisk that shares no folder with us.

Asterisk sends no credentials, so the address itself is one: it names a clip and a moment after
which it is worth nothing, and has a signature that nobody else can make. Below 300 characters,
since AMI drops the end of a long line.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .clips import is_digest

PREFIX = "/clips"
GOOD_FOR = 86_400
"""Seconds, rounded up to the next of these: the same clip has the same address for a while, so that
Asterisk's own cache knows it."""

_MOMENT = re.compile(r"[0-9]{1,12}")
_KEY_BYTES = 32
_OWNER_ONLY = 0o600


class ClipUrls:
    """Makes and checks them."""

    def __init__(self, key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock

    def path(self, folder: str, digest: str) -> str:
        """The path of that clip: `/clips/FOLDER/UNTIL-SIGNATURE/DIGEST.sln`."""
        until = (int(self._clock()) // GOOD_FOR + 2) * GOOD_FOR
        return f"{PREFIX}/{folder}/{until}-{self._signature(folder, digest, until)}/{digest}.sln"

    def is_good(self, folder: str, digest: str, ticket: str) -> bool:
        """Whether *ticket* is one for that clip, and still is."""
        moment, _, signature = ticket.partition("-")
        if not _MOMENT.fullmatch(moment) or not is_digest(digest):
            return False
        wanted = self._signature(folder, digest, int(moment))
        same = signature.isascii() and hmac.compare_digest(signature, wanted)
        return same and int(moment) > self._clock()

    def _signature(self, folder: str, digest: str, until: int) -> str:
        said = f"{folder}/{digest}/{until}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()[:32]


def kept_key(file: Path) -> bytes:
    """The key in *file*, made the first time: an address outlives a restart of the service.

    Raises `OSError`: the file cannot be read or made.
    """
    with suppress(FileNotFoundError):
        key = file.read_bytes()
        if len(key) == _KEY_BYTES:
            return key
    key = secrets.token_bytes(_KEY_BYTES)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(_OWNER_ONLY)
    file.chmod(_OWNER_ONLY)
    file.write_bytes(key)
    return key
