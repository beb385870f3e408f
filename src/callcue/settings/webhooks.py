"""The table `[webhooks]`: how long a delivery is tried, and where receivers may be."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field

from .table import Table
from .words import MediaHost


class Webhooks(Table):
    """Events that are sent to the URLs that workspaces name."""

    enabled: bool = True
    allow: tuple[IPv4Network | IPv6Network | MediaHost, ...] = ()
    tls_ca: str | None = None
    timeout_seconds: Annotated[float, Field(ge=1, le=60, allow_inf_nan=False)] = 10
    give_up_hours: Annotated[float, Field(gt=0, le=720, allow_inf_nan=False)] = 24
    dead_days: Annotated[float, Field(gt=0, le=365, allow_inf_nan=False)] = 7
    waiting: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000
