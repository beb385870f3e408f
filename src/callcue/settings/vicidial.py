"""The tables below `[vicidial]`."""

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from .secrets import Sources, resolve
from .table import Bytes, Port, Seconds, Table
from .words import (
    BaseUrl,
    Context,
    DatabaseName,
    DatabaseUser,
    HeaderName,
    Host,
    Method,
    Name,
    Origin,
    ServerIp,
)


class VicidialDatabase(Table):
    """VICIdial's own MariaDB: where it is, who we are there, and what is asked."""

    url: SecretStr | None = None
    host: Host = ""
    port: Port = 3306
    name: DatabaseName = "asterisk"
    user: DatabaseUser = ""
    password: SecretStr = SecretStr("")
    users: bool = True
    agents: bool = True
    pool: Annotated[int, Field(ge=1, le=50)] = 5
    timeout_seconds: Annotated[float, Field(ge=0.05, le=10, allow_inf_nan=False)] = 1.0

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, table: Any, info: ValidationInfo) -> Any:
        sources = Sources.of(info)
        return resolve(resolve(table, "password", sources), "url", sources)

    @model_validator(mode="after")
    def _one_address(self) -> "VicidialDatabase":
        if self.url is not None and (self.host or self.user or self.password.get_secret_value()):
            raise ValueError("give url, or host, user and password, not both")
        if self.url is None and not (self.host and self.user):
            raise ValueError("give url, or at least host and user")
        return self


class VicidialSounds(Table):
    """The folder that `sounds_list` lists, and where a browser finds the same files."""

    folder: Annotated[str, Field(min_length=1, max_length=1000)]
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"<>]{1,500}$")] = (
        "http://127.0.0.1"
    )


class Upstream(Table):
    """The real VICIdial, which gets what is not ours; a text alone is its `url`."""

    url: BaseUrl
    tls_ca: str | None = None
    other_paths: bool = False
    connect_seconds: Seconds = 5
    idle_seconds: Seconds = 30
    longest_seconds: Seconds = 600
    connections: Annotated[int, Field(ge=1, le=10_000)] = 100
    largest_form: Bytes = 1024 * 1024
    largest_body: Bytes = 64 * 1024 * 1024

    @model_validator(mode="before")
    @classmethod
    def _url_alone(cls, table: Any) -> Any:
        return {"url": table} if isinstance(table, str) else table

    @field_validator("url")
    @classmethod
    def _has_a_port(cls, url: str) -> str:
        port = url.partition("://")[2].partition("/")[0].partition(":")[2]
        if port and not 0 < int(port) < 65536:
            raise ValueError("has a port that there is not")
        return url


class Cors(Table):
    """Pages of which other origins may call `api.php` from a browser."""

    origins: tuple[Origin, ...] = ()
    methods: tuple[Method, ...] = ("GET", "POST")
    headers: tuple[HeaderName, ...] = ()
    credentials: bool = False

    @model_validator(mode="after")
    def _not_everybody_with_credentials(self) -> "Cors":
        if self.credentials and "*" in self.origins:
            raise ValueError("credentials need origins that are named: not *")
        return self


class Vicidial(Table):
    """The `api.php` dialect."""

    enabled: bool = True
    active: bool = True
    echo: Literal["agent_user", "user"] = "agent_user"
    join: Literal["callcue", "dialplan"] = "callcue"
    context: Context = ""
    database: VicidialDatabase | None = None
    servers: dict[ServerIp, Name] = Field(default_factory=dict)
    sounds: VicidialSounds | None = None
    upstream: Upstream | None = None
    cors: Cors = Cors()
