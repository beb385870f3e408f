"""What makes a request the same as another one: its key, and what it asks for."""

import json
import re
from hashlib import sha256

from aiohttp import web

from . import refusals
from .body import read

KEY = "Idempotency-Key"

LONGEST_KEY = 255
KEY_PATTERN = "[!-~]([ -~]*[!-~])?"
"""Printable ASCII; a blank at either end would not arrive."""

_KEY = re.compile(KEY_PATTERN)


def key_of(request: web.Request) -> str | None:
    """The key that its client gave it, if any; with quotes, where it has them.

    Raises:
        Refused: 422, there are two, or it is none.

    """
    given = request.headers.getall(KEY, ())
    if not given:
        return None
    if len(given) > 1:
        raise refusals.invalid({f"$header.{KEY}": ["is there twice"]})
    if len(given[0]) > LONGEST_KEY or not _KEY.fullmatch(given[0]):
        why = f"must be 1 to {LONGEST_KEY} printable characters of ASCII"
        raise refusals.invalid({f"$header.{KEY}": [why]})
    return given[0]


async def fingerprint_of(request: web.Request) -> str:
    """SHA-256 of method, path, query and body, in hexadecimal.

    Neither the order of the query or of the fields of an object counts, nor blanks between them.

    Raises:
        Refused: 400, the body did not arrive whole.
        HTTPRequestEntityTooLarge: it is larger than the app allows.

    """
    query = sorted(request.query.items())
    asked = json.dumps([request.method, request.path, query]).encode()
    return sha256(asked + b"\n" + _meaning(await read(request))).hexdigest()


def _meaning(body: bytes) -> bytes:
    # Pairs and not a dict: a key that is there twice stays there twice.
    try:
        found = json.loads(
            body, object_pairs_hook=lambda pairs: {"object": sorted(pairs, key=repr)}
        )
        return json.dumps(found).encode()
    except (ValueError, RecursionError):
        return body  # it will be refused, and is only like itself
