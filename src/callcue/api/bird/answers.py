# ruff: noqa: N815
"""What the answers hold, as it is published.

The views make them as plain dictionaries, since commands are answered in a hurry; tests hold
these models and the views together. Texts here are read by clients.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from callcue.core.occurrences import Occurrence
from callcue.core.types import EndReason

from .codes import Code


class Published(BaseModel):
    """What every answer has in common: no field but these."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _as_bird_has_it(schema: dict[str, Any]) -> None:
    """Bird's own schema has no field of its answers required; ours have them all."""
    schema.pop("required", None)


class CallFlowCommandCondition(Published):
    """Bird's; callcue has no conditions."""

    model_config = ConfigDict(title="Conditions for command", json_schema_extra=_as_bird_has_it)

    variable: Literal["keys", "speech"]
    operator: Literal["eq", "ne", "==", "!=", "contains"]
    value: str


class CallCommandResponse(Published):
    """The playback was taken. Its `id` names it from here on."""

    model_config = ConfigDict(json_schema_extra=_as_bird_has_it)

    id: UUID
    callId: UUID
    callFlowId: UUID | None
    """Always null."""
    status: str
    """`accepted`, or with `wait=started` also `started`."""
    command: str
    """Always `playback`."""
    conditions: list[CallFlowCommandCondition]
    """Always empty."""


class Call(Published):
    """A live call: one party's channel."""

    id: UUID
    """The same for as long as the call lives, over restarts too."""
    channelId: UUID
    status: Literal["ongoing"]
    server: str
    """The Asterisk it is on."""
    conference: str | None
    """The room it is in, if it is in one."""
    bridge: str | None
    """The bridge it is in, if it is in one and that is no room."""
    endpoint: str
    context: str
    number: str
    agent: str | None
    """The agent whose session it is."""
    tags: list[str]
    """Each as `NAME=value`; a request for many calls may name one."""


class CallInFull(Call):
    """A live call, and how it would be played to."""

    join: str | None
    """How everyone in it would be played to; null where nobody can be."""
    cannotPlay: str | None
    """Why nobody can be."""


class CallPage(Published):
    """Some of the calls, in the order of their ids."""

    results: list[Call]
    nextPageToken: str | None
    """To be given as `pageToken` for the next page; null on the last one."""


class Playback(Published):
    """A playback as it is now; with the state `idle` there is none, and `id` is null."""

    id: UUID | None
    callId: UUID | None
    server: str
    conference: str | None
    bridge: str | None
    queue: list[UUID]
    """The playbacks that wait in this session, the next one first."""
    state: Literal[
        "idle",
        "queued",
        "preparing",
        "starting",
        "playing",
        "paused",
        "stopping",
        "adrift",
        "ended",
    ]
    """`adrift`: the link to Asterisk is lost, and the clip plays on unseen."""
    item: int | None
    """Which item of `media`, from 1."""
    items: int | None
    round: int | None
    """Which round of the list, from 1."""
    rounds: int | None
    """Null while idle, and where it plays until it is stopped."""
    positionMilliseconds: Annotated[int, Field(ge=0)]
    """Within the item."""
    durationMilliseconds: int | None
    """Of the item; null where only Asterisk knows it."""
    media: list[str]
    audience: str | None
    """`everyone`, `agent`, `caller`, or the id of a call."""
    volume: int
    """dB, as it was set."""
    acceptedAt: datetime | None
    startedAt: datetime | None
    """When it was first heard."""
    endedAt: datetime | None
    endReason: EndReason | None
    detail: str
    """Why it ended so, where there is more to say."""


class Asker(Published):
    """Who asked for a playback."""

    dialect: str
    """`bird` for this API, `vicidial` for api.php."""
    name: str
    """The access key's name, or the API user."""


class PlaybackStep(Published):
    """Something that has happened to a playback, as Asterisk has confirmed it."""

    type: Occurrence
    at: datetime
    item: int
    """Where it stood then."""
    round: int
    positionMilliseconds: Annotated[int, Field(ge=0)]
    volume: int
    detail: str


class PlaybackInFull(Playback):
    """A playback, who asked for it, and what has happened to it."""

    askedBy: Asker
    steps: list[PlaybackStep] | None
    """The newest 500, oldest first; null while the record of them cannot be read."""


class PrefetchAccepted(Published):
    """It is being fetched."""

    accepted: int
    """How many items were named."""


class MediaLookedAt(Published):
    """What would become of one item."""

    playable: bool
    lengthMilliseconds: int | None
    """Null where only Asterisk knows it."""
    why: str | None
    """Why it cannot be played: `not found`, `too large`, `not audio`, `refused address`, and what
    more there is to say."""


class MediaChecked(Published):
    """What would become of each item."""

    results: list[MediaLookedAt]
    """In the order of the items."""


class StoredSound(Published):
    """A clip of the audio store, as it is played: 8 kHz, mono, 16 bit."""

    name: str
    lengthMilliseconds: int
    peak: float
    """The loudest sample: 0 is silence, 1 is full scale."""
    checksum: str
    """`sha256:` and the SHA-256 of its samples, little endian."""
    bytes: int
    addedAt: datetime


class SoundPage(Published):
    """Some of the clips, by their names."""

    results: list[StoredSound]
    nextPageToken: str | None
    """To be given as `pageToken` for the next page; null on the last one."""


class SecretInUse(Published):
    """A secret that signs; which one is told to nobody."""

    until: datetime | None
    """When it ends; null: it is the newest."""


class WebhookFailure(Published):
    """An attempt to send an event that was none."""

    at: datetime
    failure: str


class WebhookView(Published):
    """A webhook, and what it has not taken. Its secret is told to nobody."""

    model_config = ConfigDict(title="Webhook")

    id: UUID
    url: str
    types: list[Occurrence]
    """Of events; none: all of them."""
    createdAt: datetime
    secrets: list[SecretInUse]
    """The newest first."""
    waiting: int
    """Events that are to be sent, or sent again."""
    dead: int
    """Events that are not sent any more: the dead letters."""
    lastFailure: WebhookFailure | None
    """The last one of those events; null where none of them has failed."""


class WebhookList(Published):
    """The webhooks of the workspace, the oldest first; at most 20."""

    results: list[WebhookView]


class DeadLetter(Published):
    """An event that a webhook has not taken, and is not sent any more."""

    event: dict[str, Any]
    """As it is told: docs/events.md describes it."""
    attempts: int
    failure: str
    """Why the last one was none."""
    triedAt: datetime | None
    deadSince: datetime


class DeadLetterPage(Published):
    """Some of the dead letters, by the ids of their events."""

    results: list[DeadLetter]
    nextAfter: str | None
    """To be given as `after` for the next page; null on the last one."""


class Replayed(Published):
    """They are sent again."""

    replayed: int
    """How many dead letters that were."""


class OneError(Published):
    """Why it was not done in one of many calls: as the answer to a request for that one call."""

    code: Code
    message: str
    details: dict[str, Any] = Field(default_factory=dict)


class OneOutcome(Published):
    """What became of it in one call."""

    callId: UUID
    status: int
    """As of a request for that one call: 202 or 200, or that of the error."""
    id: UUID | None
    """The playback's; the same for calls that are in one place."""
    error: OneError | None


class Outcomes(Published):
    """What became of it in each call."""

    results: list[OneOutcome]


class DetailedError(Published):
    """An error."""

    code: Annotated[Code, Field(min_length=3)]
    message: Annotated[str, Field(min_length=1)]
    """For people."""
    details: Annotated[dict[str, Any], Field(default_factory=dict)]


class ValidationError(Published):
    """Fields of the body or of the query are wrong."""

    code: Annotated[Code, Field(min_length=3)]
    message: Annotated[str, Field(min_length=1)]
    """For people."""
    details: Annotated[dict[str, list[str]], Field(default_factory=dict)]
    """What is wrong, by JSON path: `$.media[3]`, or `$query.limit`."""
