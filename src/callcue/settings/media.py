"""The table `[media]`: what is fetched, how it is prepared, and where clips are kept."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from .paths import path_beside
from .secrets import Sources
from .table import Bytes, Seconds, Table
from .words import MediaHost

Loudness = Annotated[float, Field(ge=-40, le=-5, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)]


class Media(Table):
    """Clips that are not Asterisk's own."""

    folder: Annotated[str, Field(min_length=1, max_length=4096, validate_default=True)] = "media"
    allow: tuple[IPv4Network | IPv6Network | MediaHost, ...] = ()
    tls_ca: str | None = None
    connect_seconds: Seconds = 5
    fetch_seconds: Seconds = 30
    largest: Bytes = 50 * 1024**2
    longest_seconds: Seconds = 3600
    decode_seconds: Seconds = 60
    decoders: Annotated[int, Field(ge=1, le=64)] = 2
    loudness: Loudness | None = None
    cache: Bytes = 2 * 1024**3
    cache_days: Days = 30
    sounds: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    sounds_bytes: Bytes = 4 * 1024**3
    missing: Literal["end", "skip"] = "end"

    @field_validator("folder")
    @classmethod
    def _beside_the_settings(cls, folder: str, info: ValidationInfo) -> str:
        return str(path_beside(Sources.of(info).folder, folder).absolute())
