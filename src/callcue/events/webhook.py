"""A webhook: where a workspace wants its events sent, and what waits to be."""

from dataclasses import dataclass, field
from uuid import UUID

from .event import Event


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """One of the secrets that messages are signed with."""

    secret: str
    """`whsec_` and base64, as Standard Webhooks has them."""
    until: float | None = None
    """Seconds since 1970; None: it is the one to stay. An older one signs along until then."""

    def __repr__(self) -> str:
        """Without the secret: what is printed may be logged."""
        return f"SigningSecret(until={self.until})"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver of a workspace."""

    id: UUID
    workspace: UUID
    url: str = field(repr=False)
    """Where it leads; its query may be a secret."""
    types: frozenset[str]
    """Of events; none: all of them."""
    secrets: tuple[SigningSecret, ...]
    """The newest first."""
    made: float
    """Seconds since 1970."""
    revision: int = 0
    """Raised by every change of it, and of what waits for it but by sending."""

    @property
    def shown_url(self) -> str:
        """As others may see it."""
        url, query, _ = self.url.partition("?")
        return f"{url}?..." if query else url

    def wants(self, event: Event) -> bool:
        """Whether that event is for it."""
        return event.workspace == self.workspace and (not self.types or event.type in self.types)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a webhook."""

    webhook: UUID
    event: Event
    made: float
    """Seconds since 1970, as all times here."""
    attempts: int = 0
    due: float = 0.0
    """Not to be tried before."""
    tried: float | None = None
    failure: str = ""
    """Why the last attempt was none, in words for the integrator."""
    dead: float | None = None
    """Since when it is not tried any more."""
