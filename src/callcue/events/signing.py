"""Signatures of messages, as Standard Webhooks has them: HMAC-SHA256 over id, time and body.

    verify(secret, request.headers, await request.read())

says for a receiver in Python whether callcue has sent it, and lately.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from time import time

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

PREFIX = "whsec_"
"""Of every secret; base64 follows."""
TOLERANCE_SECONDS = 300.0
"""So far a message's time may be from the receiver's: an older one may be somebody's copy."""

_VERSION = "v1,"


class WrongSignature(Exception):
    """The message is not to be believed; the text says why."""


def key_of(secret: str) -> bytes:
    """The bytes that *secret* stands for. Raises `ValueError`: it is none; it is not repeated."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a secret begins with {PREFIX}")
    try:
        return b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"behind {PREFIX} a secret is base64") from None


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature. *timestamp*: seconds since 1970. Raises `ValueError`: see `key_of`."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return _VERSION + b64encode(hmac.digest(key_of(secret), signed, sha256)).decode()


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance: float = TOLERANCE_SECONDS,
    clock: Callable[[], float] = time,
) -> str:
    """The id of a message that was signed with *secret*; the same one may come more than once.

    *headers* by names in lower case or in any, as the receiver's framework has them; *body* as it
    came, byte for byte; *tolerance* in seconds. Raises `WrongSignature`, and `ValueError`: see
    `key_of`.
    """
    found = {name.lower(): value for name, value in headers.items()}
    message_id, written = found.get(ID, ""), found.get(TIMESTAMP, "")
    if not (message_id and written.isascii() and written.isdecimal() and len(written) < 16):
        raise WrongSignature("it has no id, or no time")
    if abs(clock() - int(written)) > tolerance:
        raise WrongSignature("its time is too far from ours")
    right = sign(secret, message_id, int(written), body).encode()
    given = found.get(SIGNATURE, "").encode(errors="replace").split(b" ")
    if not any(hmac.compare_digest(right, one) for one in given):
        raise WrongSignature("no signature is that of the secret")
    return message_id
