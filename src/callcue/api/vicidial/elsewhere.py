"""What is not answered here: to the real VICIdial, if nothing of ours could be hidden in it."""

import posixpath
import re
import time
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import unquote

from aiohttp import hdrs, web
from multidict import CIMultiDict

from callcue.api.address import ClientAddress

from . import replies, wire
from .cors import Cors
from .exchange import PassedOn, UpstreamFailed
from .functions import Said
from .parameters import Parameters, clean, parse
from .record import Asked, NoRecord, Record
from .request import Received, target
from .upstream import Upstream

_API = re.compile(r"(?:.*/)?agc/api(?:\.[^/]*)?(?:/.*)?", re.IGNORECASE)
"""Paths that a web server may lead to api.php."""
_OTHERS = re.compile(r"/(?:agc|vicidial)/.*")
_PAGE = re.compile(r"[^?&;=#]+")
"""As much of a path as cannot be a query that was written as if it were none."""

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
    """Passes on the other pages of `/agc/` and `/vicidial/`."""

    def __init__(
        self, upstream: Upstream, api: Answers, address: ClientAddress, record: Record | None = None
    ) -> None:
        """*api* answers whatever may lead to api.php, however it is written."""
        self._upstream = upstream
        self._api = api
        self._address = address
        self._record = record or NoRecord()
        self.largest_form = upstream.limits.largest_form

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        if leads_to_api(request):
            return await self._api.handle(request)
        began = time.perf_counter()
        asked = Asked(datetime.now(UTC), page_asked_for(request), self._address.of(request))

        def wrote(status: int, reason: str) -> None:
            self._record.wrote(asked.page(status, reason, time.perf_counter() - began))

        try:
            answer = await self.pass_on(request)
        except UpstreamFailed as failed:
            reason = f"VICIdial server unavailable: {failed}"
            wrote(web.HTTPBadGateway.status_code, reason)
            raise web.HTTPBadGateway(text=f"{reason}\n") from None
        wrote(answer.status, "passed on")
        return answer

    async def pass_on(self, request: web.Request) -> PassedOn:
        """The answer from there. A page that has a handler of its own may come here with what that
        does not answer, even after it has read the form; what is answered is its to record.

        Raises:
            UpstreamFailed: there is none.
            HTTPNotFound: the path leads out of the two folders.

        """
        if not _OTHERS.fullmatch(_resolved(request)):
            raise web.HTTPNotFound
        return await self._upstream.pass_on(request)


def page_asked_for(request: web.Request) -> Parameters:
    """What is on record of a page: the path as its function, the method as its stage.

    Of the query only who asks, for whom and from where; of the body nothing: it is not read.
    """
    query = parse(target(request).partition("?")[2].encode("utf-8", "surrogateescape"))
    given = {name: clean(name, query.get(name, "")) for name in ("user", "agent_user", "source")}
    page = _PAGE.match(_resolved(request))
    return Parameters(**given, function=page[0] if page else "", stage=request.method)


def leads_to_api(request: web.Request) -> bool:
    """Whether that path, once a web server has resolved it, may be api.php."""
    return _API.fullmatch(_resolved(request)) is not None


def _resolved(request: web.Request) -> str:
    path = unquote(target(request).partition("?")[0])
    slash = "/" if path.endswith("/") else ""
    return "/" + posixpath.normpath(path).lstrip("/") + slash
