"""From bytes to a JSON object, strictly: what two readers could read differently is refused."""

import json
from typing import Any, NoReturn

from aiohttp import hdrs, web

from . import refusals


async def json_object(request: web.Request) -> dict[str, Any]:
    """Read the body.

    Raises:
        Refused: 415 for another type, 400 for what is not one clean JSON object.
        HTTPRequestEntityTooLarge: it is larger than the app allows.

    """
    charset = (request.charset or "utf-8").lower()
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise refusals.unsupported_media_type()
    if request.content_type != "application/json" or charset not in ("utf-8", "utf8"):
        raise refusals.unsupported_media_type()
    found = _parse(await read(request))
    if not isinstance(found, dict):
        raise refusals.invalid_json("it is not an object")
    return found


async def read(request: web.Request) -> bytes:
    """The body as it came.

    Raises:
        Refused: 400, it did not arrive whole.
        HTTPRequestEntityTooLarge: it is larger than the app allows.

    """
    try:
        return await request.read()
    except (web.RequestPayloadError, ConnectionError):  # the second: the client has gone
        raise refusals.invalid_json("it did not arrive whole") from None


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError:
        raise refusals.invalid_json("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise refusals.invalid_json(f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise refusals.invalid_json("it is nested too deeply") from None
    except ValueError:  # a number of thousands of digits
        raise refusals.invalid_json("it holds what JSON does not know") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise refusals.invalid_json("a key is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise refusals.invalid_json(f"{name} is no number of JSON")
