"""The form of a signing secret: `whsec_` and base64, as Standard Webhooks has it."""

import base64
import re
import secrets

SECRET_PATTERN = (
    r"^whsec_([A-Za-z0-9+/]{4}){8,20}"
    r"([A-Za-z0-9+/]{4}([A-Za-z0-9+/]{2}==)?|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
)
"""All that may stand there and nothing else: clients are told it as it is."""
SECRET_FORM = "must be whsec_ and the base64 of 24 to 64 random bytes"
NEW_BYTES = 32

_SECRET = re.compile(SECRET_PATTERN)


def is_secret(text: str) -> bool:
    """Whether *text* can be one."""
    return _SECRET.match(text) is not None and not text.endswith("\n")


def new_secret() -> str:
    """A new one, as random as can be."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(NEW_BYTES)).decode()
