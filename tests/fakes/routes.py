"""The table of routes over nothing: for what it says, not for what it does."""

from typing import Any

from callcue.api import routes


class _Anything:
    def __getattr__(self, name: str) -> Any:
        return self


def table() -> list[routes.Route]:
    """Every route that there can be, but those that pass on to another server."""
    nothing: Any = _Anything()
    return [
        *routes.bird_routes(nothing, nothing),
        *routes.media_routes(nothing, nothing),
        *routes.sound_routes(nothing),
        *routes.health_routes(nothing),
        *routes.description_routes(nothing),
        *routes.operator_routes(nothing),
        *routes.vicidial_routes(nothing),
        *routes.non_agent_routes(nothing),
    ]
