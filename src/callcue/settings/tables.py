"""The tables of the settings file, and what each setting may be. `docs/settings.md` explains them.

Every setting has its default here, and an unknown one is an error: a misspelt `active = false`
must not leave somebody active.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal
from uuid import UUID

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from .control import Control
from .limits import Limits
from .media import Media
from .paths import path_beside
from .secrets import Sources, resolve
from .table import Port, Seconds, Table
from .vicidial import Vicidial
from .webhooks import Webhooks
from .words import (
    Agent,
    AgentRoom,
    AltUser,
    Application,
    Audience,
    BaseUrl,
    Group,
    Host,
    MediaFolder,
    Name,
    Pattern,
    Scope,
    Username,
    Variable,
    Words,
)

IN_MEMORY = ":memory:"
LONGEST_IPV6_PREFIX = 64
EVERYTHING: tuple[Pattern, ...] = ("*",)


class Http(Table):
    """Where the service listens, and whose `X-Forwarded-For` it believes."""

    host: Host = "127.0.0.1"
    port: Port = 8080
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    connections: Annotated[int, Field(ge=10, le=100_000)] = 2000
    connections_per_address: Annotated[int, Field(ge=1, le=100_000)] = 500
    idle_seconds: Seconds = 75


class Log(Table):
    """What is logged, and how; `auto` is console on a terminal, else JSON."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"

    @field_validator("level", mode="before")
    @classmethod
    def _any_case(cls, level: Any) -> Any:
        return level.lower() if isinstance(level, str) else level


class Asterisk(Table):
    """An Asterisk, and who we are there."""

    name: Name = "main"
    host: Host = "127.0.0.1"
    port: Port = 5038
    username: Name = "callcue"
    secret: SecretStr
    tls: bool = False
    tls_ca: str | None = None
    media_folder: MediaFolder = ""
    media_url: BaseUrl | None = None

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        return resolve(table, "secret", Sources.of(info))

    @model_validator(mode="after")
    def _one_way_to_our_clips(self) -> "Asterisk":
        if self.media_folder and self.media_url:
            raise ValueError("give one of media_folder and media_url, not both")
        if ".." in self.media_folder:
            raise ValueError("media_folder must not lead upwards")
        return self


class PlaybackBounds(Table):
    """The service's own bounds of every playback, and what Bird's `loop` 0 means."""

    bound_seconds: Seconds = 14400
    hold_seconds: Seconds = 3600
    loop_zero: Literal["once", "until_stopped"] = "once"
    at_end: Literal["leave", "await"] = "leave"
    at_end_seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 60


class Calls(Table):
    """Which channels are no parties, which are agents', and which may be taken to listen."""

    ignore_channels: tuple[Pattern, ...] = ()
    agent_channels: tuple[Pattern, ...] = ()
    tags: Annotated[tuple[Variable, ...], Field(max_length=20)] = ("CALLCUE_TAG",)
    resumable_applications: tuple[Application, ...] = (
        "Wait",
        "WaitExten",
        "MusicOnHold",
        "BackGround",
    )


class Store(Table):
    """Where what must survive a restart is kept, and how much of the record of answers."""

    path: Annotated[str, Field(min_length=1, max_length=4096, validate_default=True)] = "callcue.db"
    url: Annotated[str, Field(pattern=r"^sqlite(\+aiosqlite)?://[^?#]*$")] | None = None
    record_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False)] = 90
    record_rows: Annotated[int, Field(ge=1, le=100_000_000)] = 1_000_000
    history_hours: Annotated[float, Field(gt=0, le=8760, allow_inf_nan=False)] = 24

    @field_validator("path")
    @classmethod
    def _beside_the_settings(cls, path: str, info: ValidationInfo) -> str:
        return path if path == IN_MEMORY else str(path_beside(Sources.of(info).folder, path))

    @model_validator(mode="after")
    def _one_of_both(self) -> "Store":
        if {"path", "url"} <= self.model_fields_set:
            raise ValueError("give one of path and url, not both")
        return self

    @property
    def is_named(self) -> bool:
        """Whether somebody said where it is."""
        return bool({"path", "url"} & self.model_fields_set)


class Events(Table):
    """What workspaces are told of their playbacks."""

    streams: Annotated[int, Field(ge=0, le=100_000)] = 1000


class User(Table):
    """Somebody who may log in at `api.php`, with the fields that VICIdial has."""

    user: Username
    password_hash: SecretStr
    level: Annotated[int, Field(ge=0, le=9)] = 1
    active: bool = True
    group: Group = ""
    functions: Words = ("ALL_FUNCTIONS",)
    alt_user: AltUser = ""
    audience: Audience = "everyone"
    addresses: tuple[IPv4Network | IPv6Network, ...] = ()

    @field_validator("addresses")
    @classmethod
    def _as_we_know_them(
        cls, networks: tuple[IPv4Network | IPv6Network, ...]
    ) -> tuple[IPv4Network | IPv6Network, ...]:
        if any(n.version == 6 and n.prefixlen > LONGEST_IPV6_PREFIX for n in networks):
            raise ValueError("an IPv6 client is known by its /64: give that or a larger network")
        return networks

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        return resolve(table, "password_hash", Sources.of(info))

    @field_validator("password_hash")
    @classmethod
    def _is_argon2(cls, secret: SecretStr) -> SecretStr:
        try:
            extract_parameters(secret.get_secret_value())
        except InvalidHashError:
            raise ValueError("is no argon2 hash: make one with `callcue hash-password`") from None
        return secret


class Channel(Table):
    """Which calls a channel of a workspace owns: all four must match."""

    id: UUID
    server: Pattern = "*"
    contexts: tuple[Pattern, ...] = EVERYTHING
    endpoints: tuple[Pattern, ...] = EVERYTHING
    numbers: tuple[Pattern, ...] = EVERYTHING


class Key(Table):
    """An access key, known by its SHA-256 alone."""

    name: Name
    sha256: SecretStr
    scopes: tuple[Scope, ...]

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        return resolve(table, "sha256", Sources.of(info))

    @field_validator("sha256")
    @classmethod
    def _is_sha256(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value().lower()
        if len(text) != 64 or set(text) - set("0123456789abcdef"):
            raise ValueError("is no SHA-256 in hexadecimal: make one with `callcue new-key`")
        return SecretStr(text)


class Workspace(Table):
    """What Bird's paths call a workspace."""

    id: UUID
    name: Annotated[str, Field(max_length=100)] = ""
    channels: tuple[Channel, ...] = ()
    keys: tuple[Key, ...] = ()

    @model_validator(mode="after")
    def _no_channel_twice(self) -> "Workspace":
        _unique("channel id", [str(channel.id) for channel in self.channels])
        return self


class Settings(Table):
    """All of it."""

    demo: bool = False
    http: Http = Http()
    log: Log = Log()
    asterisk: Annotated[tuple[Asterisk, ...], Field(min_length=1)]
    playback: PlaybackBounds = PlaybackBounds()
    calls: Calls = Calls()
    store: Store = Store()
    events: Events = Events()
    webhooks: Webhooks = Webhooks()
    control: Control = Control()
    limits: Limits = Limits()
    media: Media = Media()
    vicidial: Vicidial = Vicidial()
    agents: dict[Agent, AgentRoom] = Field(default_factory=dict)
    users: tuple[User, ...] = ()
    workspaces: tuple[Workspace, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _files_beside_the_settings(cls, tables: Any) -> Any:
        # What is not in the file is not validated, and so would not know where the file is.
        return {"store": {}, "media": {}, **tables} if isinstance(tables, Mapping) else tables

    @property
    def store_url(self) -> str:
        """Where the store is, for SQLAlchemy. A demonstration leaves nothing behind."""
        store = self.store
        if store.url is not None:
            return "sqlite+aiosqlite://" + store.url.partition("://")[2]
        if store.path == IN_MEMORY or (self.demo and not store.is_named):
            return "sqlite+aiosqlite://"
        return f"sqlite+aiosqlite:///{store.path}"

    @field_validator("asterisk", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return [given] if isinstance(given, Mapping) else given

    @property
    def servers(self) -> tuple[str, ...]:
        """The names of every Asterisk there is."""
        return tuple(asterisk.name for asterisk in self.asterisk)

    def agents_of(self, server: str) -> dict[str, str]:
        """From agent to conference, for those who sit at that Asterisk."""
        seats = ((agent, *room.partition("@")[::2]) for agent, room in self.agents.items())
        return {agent: room for agent, room, where in seats if where in ("", server)}

    @model_validator(mode="after")
    def _agents_sit_somewhere(self) -> "Settings":
        for agent, room in self.agents.items():
            server = room.partition("@")[2]
            if server and server not in self.servers:
                raise ValueError(f"agents.{agent} names no Asterisk of ours: {server}")
            if not server and len(self.servers) > 1:
                raise ValueError(f"agents.{agent}: say at which Asterisk: {room}@{self.servers[0]}")
        return self

    @model_validator(mode="after")
    def _nobody_twice(self) -> "Settings":
        _unique("asterisk name", list(self.servers))
        _unique("user", [user.user for user in self.users])
        _unique("workspace id", [str(workspace.id) for workspace in self.workspaces])
        strange = set(self.vicidial.servers.values()) - set(self.servers)
        if strange:
            raise ValueError(f"vicidial.servers names no Asterisk of ours: {min(strange)}")
        keys = [key for workspace in self.workspaces for key in workspace.keys]
        if len({key.sha256.get_secret_value() for key in keys}) < len(keys):
            raise ValueError("two access keys have the same sha256")
        return self


def _unique(what: str, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{what} {twice} is there twice")
