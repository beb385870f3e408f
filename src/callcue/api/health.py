"""Is it alive, is it ready: for supervisors and load balancers, open to everybody."""

from collections.abc import Callable
from typing import Protocol

from aiohttp import hdrs, web

_NEVER_KEPT = {hdrs.CACHE_CONTROL: "no-store"}


class Readiness(Protocol):
    """What the Asterisk side says of itself."""

    @property
    def ready(self) -> bool:
        """Whether commands can be carried out."""

    @property
    def phase(self) -> str:
        """Where the link is: one word."""

    @property
    def reason(self) -> str:
        """Why it is not ready, in plain words; never a secret."""


class Health:
    """The two questions."""

    def __init__(self, readiness: Callable[[], Readiness], version: str) -> None:
        self._readiness = readiness
        self._version = version

    async def live(self, _: web.Request) -> web.Response:
        """GET /health/live: 200 for as long as we run."""
        body = {"status": "live", "version": self._version}
        return web.json_response(body, headers=_NEVER_KEPT)

    async def ready(self, _: web.Request) -> web.Response:
        """GET /health/ready: 200 only while Asterisk is there and known."""
        found = self._readiness()
        body = {
            "status": "ready" if found.ready else "not ready",
            "phase": found.phase,
            "reason": found.reason,
        }
        return web.json_response(body, status=200 if found.ready else 503, headers=_NEVER_KEPT)
