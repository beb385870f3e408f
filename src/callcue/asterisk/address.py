"""Which Asterisk, and who we are there."""

from dataclasses import dataclass, field
from ssl import SSLContext


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Asterisk's manager port and our user. Without *ssl* the secret travels in clear."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    ssl: SSLContext | None = None
