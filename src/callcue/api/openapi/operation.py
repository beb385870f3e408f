"""What the table says of a route of the JSON API, beyond its method, path and right."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from callcue.api.bird.codes import Code
from callcue.api.bird.models import NoQuery, Query, Strict

Content = type[BaseModel] | str | None
"""A JSON body of that model; or one of that media type; or none."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One route, as its clients see it."""

    id: str
    group: str
    summary: str
    answers: Mapping[int, Content]
    """By status; errors come from *codes*."""
    says: str = ""
    query: type[Query] = NoQuery
    body: type[Strict] | str | None = None
    """A JSON body of that model; or a file of that media type."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """Of the body."""
    codes: frozenset[Code] = frozenset()
    """The errors of its own; those that all routes like it have are added."""
    tells_where: bool = False
    """Its 201 names the path of what was made as `Location`."""
