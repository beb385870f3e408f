"""HTTP requests by the pattern of their route: never by a path, which anybody can make up."""

from aiohttp import web
from aiohttp.abc import AbstractMatchInfo
from aiohttp.web_urldispatcher import AbstractRoute
from prometheus_client import CollectorRegistry, Counter

from callcue.api.counts import TurnedAway, Turnstile

from . import figures

NO_ROUTE = "none"
ANY = "*"
"""The method of a route that takes any, and of requests without a route."""

_TOO_LARGE = 413


class Requests:
    """Implements `callcue.api.counts.RequestCount`."""

    def __init__(self, registry: CollectorRegistry, refusals: Turnstile) -> None:
        self._counter = figures.REQUESTS.counter(registry)
        self._refusals = refusals
        self._of: dict[tuple[AbstractRoute | None, int], Counter] = {}

    def answered(self, request: web.Request, status: int) -> None:
        """See `RequestCount.answered`."""
        match: AbstractMatchInfo = request.match_info
        route = match.route if isinstance(match, web.UrlMappingMatchInfo) else None
        if route is not None and route.resource is None:
            route = None  # aiohttp's own for what it finds nowhere; a new one each time
        child = self._of.get((route, status // 100))
        if child is None:
            child = self._of[route, status // 100] = self._labelled(route, status // 100)
        child.inc()
        if status == _TOO_LARGE:
            self._refusals.turned_away(TurnedAway.BODY_TOO_LARGE)

    def _labelled(self, route: AbstractRoute | None, family: int) -> Counter:
        method, pattern = ANY, NO_ROUTE
        if route is not None and route.resource is not None:
            method, pattern = route.method, route.resource.canonical
        return self._counter.labels(method, pattern, f"{family}xx")
