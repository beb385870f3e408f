"""The table of routes over nothing: for what it says, not for what it does."""

import inspect
from typing import Any

from callcue.api import routes


class _Anything:
    def __getattr__(self, name: str) -> Any:
        return self


def every_route() -> list[routes.Route]:
    """Every route that there can be: whatever the module has a function for, a new one too."""
    nothing: Any = _Anything()
    makers = [make for name, make in vars(routes).items() if name.endswith("_routes")]
    return [
        route
        for make in makers
        for route in make(*(nothing for _ in inspect.signature(make).parameters))
    ]


def table() -> list[routes.Route]:
    """Every route that clients know, in the order in which they are described."""
    nothing: Any = _Anything()
    return [
        *routes.bird_routes(nothing, nothing, nothing, nothing),
        *routes.media_routes(nothing, nothing, nothing),
        *routes.webhook_routes(nothing, nothing, nothing),
        *routes.sound_routes(nothing),
        *routes.health_routes(nothing),
        *routes.metrics_routes(nothing),
        *routes.description_routes(nothing),
        *routes.operator_routes(nothing),
        *routes.vicidial_routes(nothing),
        *routes.non_agent_routes(nothing),
    ]
