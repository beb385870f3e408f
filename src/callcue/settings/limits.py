"""The table `[limits]`: how often an access key and an API user may ask."""

from typing import Annotated

from pydantic import Field

from .table import Table
from .words import Name, Username

PerSecond = Annotated[float, Field(ge=0.01, le=1_000_000, allow_inf_nan=False)]
Burst = Annotated[int, Field(ge=1, le=1_000_000)]


class OwnRate(Table):
    """The rate of one key or user alone."""

    per_second: PerSecond
    burst: Burst


class Limits(Table):
    """Fifty screens behind one user: four requests a second of each, and twenty at once."""

    key_per_second: PerSecond = 200
    key_burst: Burst = 1000
    user_per_second: PerSecond = 200
    user_burst: Burst = 1000
    keys: dict[Name, OwnRate] = Field(default_factory=dict)
    users: dict[Username, OwnRate] = Field(default_factory=dict)
