"""From an HTTP request to parameters: any method, query and form mixed, as PHP has it."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import ClientError, hdrs, web

from .multipart import boundary_of, read_multipart
from .parameters import Fields, Parameters, clean, is_cut_off, last_of_each, parse, read

_log = logging.getLogger(__name__)

LARGEST_FORM = 1024 * 1024
"""Bytes of a form that is read. PHP has such a bound too, and reads nothing of a larger one."""

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_END_OF_TYPE = re.compile("[;, ]")

_FORM: web.RequestKey[object] = web.RequestKey("form", object)
"""Where a request keeps the form that was read of it."""

IsOurs = Callable[[str], bool]
"""Whether a function of that name is answered here."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request, as far as it had to be read."""

    asked: Parameters = field(default_factory=Parameters)
    clear: bool = True
    """Whether PHP can find no other function in it than we did."""


@dataclass(frozen=True, slots=True)
class _Form:
    fields: Fields = field(default_factory=dict)
    clear: bool = True


def everything(_: str) -> bool:
    """No function is answered elsewhere."""
    return True


class BodyIsGone(Exception):
    """The body was read and not kept, because it is too long or did not arrive whole."""


def body_that_was_read(request: web.BaseRequest) -> bytes | None:
    """The whole body, or None if it was not touched.

    Raises:
        BodyIsGone: there is no more of it.

    """
    if _FORM not in request:
        return None
    body = request[_FORM]
    if not isinstance(body, bytes):
        raise BodyIsGone
    return body


async def parameters(request: web.Request) -> Parameters:
    """Read query and form, and nothing else matters."""
    return (await receive(request)).asked


async def receive(
    request: web.Request, is_ours: IsOurs = everything, largest: int = LARGEST_FORM
) -> Received:
    """Read query and form. A form that is too long or broken counts as none, as in PHP.

    Where the query alone tells that the function is not ours, the body is left as it is.
    """
    raw = target(request).partition("?")[2].encode("utf-8", "surrogateescape")
    query, cut_off = parse(raw), is_cut_off(raw)
    function = query.get("function")
    if function is not None and not is_ours(clean("function", function)):
        return Received(read(query, {}), clear=not cut_off)
    form = await _form(request, largest)
    return Received(read(query, form.fields), form.clear and not cut_off)


def target(request: web.BaseRequest) -> str:
    """Path and query as they came.

    Not `request.query`: that has lost what was not UTF-8, and splits at semicolons too.
    """
    raw = request.raw_path.partition("#")[0]
    if raw.startswith("/"):
        return raw
    return "/" + raw.partition("://")[2].partition("/")[2]


async def _form(request: web.Request, largest: int) -> _Form:
    kinds = request.headers.getall(hdrs.CONTENT_TYPE, [])
    kind = _END_OF_TYPE.split(kinds[0])[0].lower() if kinds else ""
    if request.method != hdrs.METH_POST or kind not in (_URLENCODED, _MULTIPART):
        return _Form(clear=len(kinds) < 2 or request.method != hdrs.METH_POST)
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        return _Form(clear=False)  # PHP reads it as it is; what stands before PHP may not
    body = request[_FORM] = await _read(request, largest)
    if body is None:
        return _Form(clear=False)
    if kind == _URLENCODED:
        return _Form(parse(body), len(kinds) == 1 and not is_cut_off(body))
    boundary = boundary_of(kinds[0])
    if boundary is None:
        return _Form(clear=len(kinds) == 1)
    found = read_multipart(body, boundary)
    return _Form(last_of_each(found.pairs), len(kinds) == 1 and found.clear)


async def _read(request: web.Request, largest: int) -> bytes | None:
    """The whole body, or None."""
    body = bytearray()
    if (request.content_length or 0) <= largest:
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > largest:
                    break
            else:
                return bytes(body)
        except (web.RequestPayloadError, ClientError, ConnectionError, ValueError) as error:
            # The text of the error may quote the form, so only its kind.
            _log.info("a broken form was not read: %s", type(error).__name__)
            return None
    _log.info("a form of more than %d bytes was not read", largest)
    return None
