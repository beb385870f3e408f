"""Is it alive, is it ready: for supervisors and load balancers, open to everybody."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from aiohttp import hdrs, web

from .bird.answers import Published

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


class Live(Published):
    """It runs."""

    status: Literal["live"]
    version: str


class AsteriskReadiness(Published):
    """How one Asterisk is."""

    ready: bool
    phase: str
    """Where the link to it is, in a word."""
    reason: str
    """Why it is not ready."""


class Ready(Published):
    """Whether an Asterisk answers, and of each how it is."""

    status: Literal["ready", "not ready"]
    asterisk: dict[str, AsteriskReadiness]
    """By the name it has in the settings."""


class Health:
    """The two questions."""

    def __init__(self, readiness: Callable[[], Mapping[str, Readiness]], version: str) -> None:
        """*readiness*: of each Asterisk, by its name."""
        self._readiness = readiness
        self._version = version

    async def live(self, _: web.Request) -> web.Response:
        """GET /health/live: 200 for as long as we run."""
        body = {"status": "live", "version": self._version}
        return web.json_response(body, headers=_NEVER_KEPT)

    async def ready(self, _: web.Request) -> web.Response:
        """GET /health/ready: 200 only while an Asterisk is there and known.

        One of several that is away leaves the others at work, so it is told and nothing more.
        """
        found = self._readiness()
        ready = any(server.ready for server in found.values())
        body = {
            "status": "ready" if ready else "not ready",
            "asterisk": {
                name: {"ready": server.ready, "phase": server.phase, "reason": server.reason}
                for name, server in found.items()
            },
        }
        return web.json_response(body, status=200 if ready else 503, headers=_NEVER_KEPT)
