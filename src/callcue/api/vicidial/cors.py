"""CORS: which pages of other origins a browser lets read our answers. Off unless it is set."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import hdrs, web

ANY = "*"


@dataclass(frozen=True, slots=True)
class Cors:
    """What is allowed, as VICIdial's own settings for it have it."""

    origins: frozenset[str] = frozenset()
    """Empty: none. `*`: any."""
    methods: tuple[str, ...] = (hdrs.METH_GET, hdrs.METH_POST)
    headers: tuple[str, ...] = ()
    credentials: bool = False

    def of(self, request: web.BaseRequest) -> Mapping[str, str]:
        """The headers of the answer to that request."""
        if not self.origins:
            return {}
        origin = request.headers.get(hdrs.ORIGIN, "")
        if not origin or not self.origins & {ANY, origin}:
            return {hdrs.VARY: hdrs.ORIGIN}
        found: dict[str, str] = {
            hdrs.VARY: hdrs.ORIGIN,
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: ", ".join(self.methods),
        }
        if self.headers:
            found[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = ", ".join(self.headers)
        if self.credentials:
            found[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
        return found

    def answers(self, request: web.BaseRequest) -> bool:
        """Whether it is a browser that asks beforehand, and may ask."""
        return (
            request.method == hdrs.METH_OPTIONS
            and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
            and hdrs.ACCESS_CONTROL_ALLOW_ORIGIN in self.of(request)
        )
