"""What is not answered here: to the real VICIdial, if nothing of ours could be hidden in it."""

import posixpath
import re
from typing import Protocol
from urllib.parse import unquote

from aiohttp import hdrs, web
from multidict import CIMultiDict

from . import replies, wire
from .cors import Cors
from .exchange import PassedOn, UpstreamFailed
from .functions import Said
from .request import Received, target
from .upstream import Upstream

_API = re.compile(r"(?:.*/)?agc/api(?:\.[^/]*)?(?:/.*)?", re.IGNORECASE)
"""Paths that a web server may lead to api.php."""
_OTHERS = re.compile(r"/(?:agc|vicidial)/.*")


UNCLEAR = "its parameters can be read in more than one way, or are too long"
"""Why a request is not passed on."""


class Elsewhere:
    """Passes on functions of api.php that are not ours."""

    def __init__(self, upstream: Upstream, cors: Cors) -> None:
        self._upstream = upstream
        self._cors = cors
        self.largest_form = upstream.limits.largest_form

    async def answer(self, request: web.Request, received: Received) -> PassedOn | Said:
        """The answer from there, or why there is none."""
        if not leads_to_api(request):
            raise web.HTTPNotFound
        asked = received.asked
        if not received.clear:
            return Said(replies.not_upstream(wire.NOT_PASSED_ON, asked, UNCLEAR))

        def extra(headers: CIMultiDict[str]) -> None:
            if hdrs.ACCESS_CONTROL_ALLOW_ORIGIN not in headers:
                headers.extend(self._cors.of(request))

        try:
            return await self._upstream.pass_on(request, extra)
        except UpstreamFailed as failed:
            return Said(replies.not_upstream(wire.UPSTREAM_UNAVAILABLE, asked, str(failed)))


class Answers(Protocol):
    """The handler of api.php."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""


class OtherPaths:
    """Passes on the other pages of `/agc/` and `/vicidial/`.

    A page that has a handler of its own may come here with what that does not answer, even after it
    has read the form.
    """

    def __init__(self, upstream: Upstream, api: Answers) -> None:
        """*api* answers whatever may lead to api.php, however it is written."""
        self._upstream = upstream
        self._api = api
        self.largest_form = upstream.limits.largest_form

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if leads_to_api(request):
            return await self._api.handle(request)
        if not _OTHERS.fullmatch(_resolved(request)):
            raise web.HTTPNotFound
        try:
            return await self._upstream.pass_on(request)
        except UpstreamFailed as failed:
            raise web.HTTPBadGateway(text=f"VICIdial server unavailable: {failed}\n") from None


def leads_to_api(request: web.Request) -> bool:
    """Whether that path, once a web server has resolved it, may be api.php."""
    return _API.fullmatch(_resolved(request)) is not None


def _resolved(request: web.Request) -> str:
    path = unquote(target(request).partition("?")[0])
    slash = "/" if path.endswith("/") else ""
    return "/" + posixpath.normpath(path).lstrip("/") + slash
