"""Figures for Prometheus: `GET /metrics`."""

from collections.abc import Callable

from aiohttp import hdrs, web

from .bird.entrance import Entrance
from .bird.envelope import error_response
from .bird.refusals import Refused
from .rights import Right

_HEADERS = {
    hdrs.CONTENT_TYPE: "text/plain; version=0.0.4; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
}


class MetricsPage:
    """Shows them to who asks from this machine, and to operators from anywhere."""

    def __init__(self, text: Callable[[], bytes], entrance: Entrance) -> None:
        """*text*: all figures, as Prometheus reads them."""
        self._text = text
        self._entrance = entrance

    async def handle(self, request: web.Request) -> web.Response:
        """GET /metrics. Errors are in the form of the JSON API."""
        try:
            self._entrance.scope_unless_here(request, Right.OPERATOR)
        except Refused as refused:
            return error_response(refused.answer, refused.details)
        return web.Response(body=self._text(), headers=_HEADERS)
