"""What is sent to make webhooks and to look after them. No answer has a secret."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, WithJsonSchema

from callcue.core.occurrences import Occurrence
from callcue.events.receivers import LONGEST_URL
from callcue.events.signing_secret import SECRET_FORM, SECRET_PATTERN, is_secret

from .models import Query, Strict

MOST_IDS = 1000
"""Events that are replayed by one request, where they are named."""
LONGEST_OVERLAP = 168
"""Hours: a week."""


def _check_secret(secret: SecretStr) -> SecretStr:
    if not is_secret(secret.get_secret_value()):
        raise ValueError(SECRET_FORM)
    return secret


_Secret = Annotated[
    SecretStr,
    AfterValidator(_check_secret),
    WithJsonSchema(
        {"type": "string", "format": "password", "pattern": SECRET_PATTERN, "writeOnly": True}
    ),
]


class WebhookBody(Strict):
    """Where events are to be sent."""

    url: Annotated[
        str,
        Field(max_length=LONGEST_URL),
        WithJsonSchema(
            {"type": "string", "maxLength": LONGEST_URL, "pattern": r"^https?://[^\s#]+$"}
        ),
    ]
    """`https:`, or `http:` to a host that the operator has allowed; no user, no password and no
    fragment. It must lead to a public address, or one that the operator has allowed."""
    secret: _Secret
    """What each message is signed with: `whsec_` and the base64 of 24 to 64 random bytes."""
    types: Annotated[
        list[Annotated[Occurrence, Field(strict=False)]],
        Field(max_length=len(Occurrence), default_factory=list),
    ]
    """Which events; all of them where none is named."""


class SecretBody(Strict):
    """Another secret."""

    secret: _Secret
    """It signs first from now on."""
    overlapHours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP)] = 24  # noqa: N815
    """How long what has signed until now signs along."""


class ReplayBody(Strict):
    """What is to be sent once more."""

    eventIds: Annotated[  # noqa: N815
        list[Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]],
        Field(min_length=1, max_length=MOST_IDS, default_factory=list),
    ]
    """Of dead letters; all of them where this is absent. Others are passed over."""


class DeadLetterQuery(Query):
    """Which page of the dead letters."""

    after: Annotated[str, Field(pattern=r"^([0-9]{1,18})?$")] = ""
    """`nextAfter` of the page before: the id of an event."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 25
    """How many at most."""
