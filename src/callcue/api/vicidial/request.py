"""From an HTTP request to parameters: any method, query and form mixed, as PHP has it."""

import logging

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from .parameters import MOST_FIELDS, Fields, Parameters, last_of_each, parse, read

_log = logging.getLogger(__name__)

_BROKEN = (
    HttpProcessingError,
    web.RequestPayloadError,
    ValueError,
    LookupError,
    RuntimeError,
    AssertionError,
)
"""What aiohttp raises for a form that is none."""


async def parameters(request: web.Request) -> Parameters:
    """Read query and form. A form that is too long or broken counts as none, as in PHP."""
    return read(_query(request), await _form(request))


def _query(request: web.Request) -> Fields:
    # Not `request.query`: that has lost what was not UTF-8, and splits at semicolons too.
    raw = request.raw_path.partition("#")[0].partition("?")[2]
    return parse(raw.encode("utf-8", "surrogateescape"))


async def _form(request: web.Request) -> Fields:
    if request.method != hdrs.METH_POST:
        return {}
    try:
        match request.content_type:
            case "application/x-www-form-urlencoded":
                return parse(await request.read())
            case "multipart/form-data":
                return await _multipart(request)
    except web.HTTPRequestEntityTooLarge:
        _log.info("a form of more than 1 MiB was not read")
    except _BROKEN as error:
        # The text of the error may quote the form, so only its kind.
        _log.info("a broken form was not read: %s", type(error).__name__)
    return {}


async def _multipart(request: web.Request) -> Fields:
    pairs: list[tuple[str, str]] = []
    left = request.client_max_size
    reader = await request.multipart()
    for _ in range(MOST_FIELDS):
        part = await reader.next()
        if not isinstance(part, BodyPartReader):
            break
        data = await _read_at_most(part, left)
        left -= len(data)
        if part.name is not None and part.filename is None:
            pairs.append((part.name, data.decode("utf-8", "replace")))
    return last_of_each(pairs)


async def _read_at_most(part: BodyPartReader, size: int) -> bytearray:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > size:
            raise web.HTTPRequestEntityTooLarge(size, len(data))
    return data
