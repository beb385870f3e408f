"""The bodies and queries of this dialect, strict: no coercion, no unknown field."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from aiohttp import web
from multidict import MultiMapping
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict

from callcue.core.types import Audience, CallId, IfPlaying, Role
from callcue.media.names import LONGEST_NAME, NAME_PATTERN, is_sound_name, is_url

from . import refusals
from .entrance import UUID_FORM

SOUND = "sound:"
MOST_ITEMS = 80
MOST_ROUNDS = 10_000
MOST_CALLS = 1000
"""Of one request."""
LONGEST_SECONDS = 7 * 86_400
LONGEST_GAP = 30_000
LONGEST_POSITION = 86_400_000
"""ms; no clip is longer than a day."""
MOST_FIELDS = 100
"""Beyond, they are not even looked at: each would be a line of the answer."""
LONGEST_FIELD = 100
"""Characters of a field's name that an answer repeats."""
LONGEST_WAIT = 30
"""Seconds; proxies give up on an answer after a minute or less."""

_NO_SOUND = f"must be a URL, or sound:NAME, NAME being 1 to {LONGEST_NAME} of A-Z a-z 0-9 _ -"


def _check_media(media: str) -> str:
    if is_url(media):
        return media  # what it may be is said where it is read
    if not media.startswith(SOUND) or not is_sound_name(media.removeprefix(SOUND)):
        raise ValueError(_NO_SOUND)
    return media


Media = Annotated[str, AfterValidator(_check_media)]
"""What is to be played, as the client names it."""


class Strict(BaseModel):
    """Types are what they are: true is no number, 1.0 is no integer, "1" neither."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )

    @classmethod
    def of(cls, found: Mapping[str, Any], root: str = "$") -> Self:
        """The model of what was sent.

        Raises:
            Refused: 422, with what is wrong by JSON path.

        """
        if len(found) > MOST_FIELDS:
            raise refusals.invalid({root: [f"has more than {MOST_FIELDS} fields"]})
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            raise refusals.invalid(_details(error, root)) from None


_AS_BIRD_HAS_IT: JsonDict = {"type": "integer"}


class PlayBody(Strict):
    """What to play, in Bird's own words."""

    # What is published is Bird's schema to the letter, so that what was made for it finds nothing
    # changed. What is taken is less, and bird.md says so.
    model_config = ConfigDict(title="Playback sound to Call")

    media: Annotated[
        list[Media],
        Field(min_length=1, max_length=MOST_ITEMS),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "array", "items": {"type": "string"}, "maxItems": MOST_ITEMS},
                    {"type": "null"},
                ]
            }
        ),
    ]
    """1 to 80, played in this order: URLs, and `sound:NAME`, a clip of the audio store or one of
    Asterisk's own sounds. NAME is 1 to 80 of `A-Z a-z 0-9 _ -`. Null and the empty list are
    refused (422)."""
    loop: Annotated[int, Field(ge=0, le=MOST_ROUNDS), WithJsonSchema(_AS_BIRD_HAS_IT)] = 0
    """How many times the whole list is played, 0 to 10,000. 0 and absence mean once, unless the
    operator has set that they mean until it is stopped."""
    timeout: Annotated[int, Field(ge=0, le=LONGEST_SECONDS), WithJsonSchema(_AS_BIRD_HAS_IT)] = 0
    """Seconds of playing, 0 to 604,800, pauses of the list included and paused time not. 0 is no
    limit of yours."""
    pauseMilliseconds: Annotated[  # noqa: N815
        int,
        Field(ge=0, le=LONGEST_GAP),
        WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LONGEST_GAP}),
    ] = 0
    """Silence between two items and between two rounds."""


def _to_call(given: object) -> UUID:
    if not isinstance(given, str) or not UUID_FORM.fullmatch(given):
        raise ValueError("must be the id of a call")
    return UUID(given)


class PlayManyBody(PlayBody):
    """What to play, and into which calls: either `calls` or `tag`."""

    model_config = ConfigDict(
        title="PlayManyBody",
        json_schema_extra={"oneOf": [{"required": ["calls"]}, {"required": ["tag"]}]},
    )

    calls: Annotated[
        list[
            Annotated[
                UUID,
                PlainValidator(_to_call),
                WithJsonSchema({"type": "string", "format": "uuid"}),
            ]
        ],
        Field(min_length=1, max_length=MOST_CALLS, default_factory=list),
    ]
    """Their ids, of any channel of the workspace. One that is there twice is played to once."""
    tag: Annotated[
        str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,79}=[ -~]{1,200}$", default_factory=str)
    ]
    """`NAME=value`: all calls of the workspace whose channel variable NAME has that value, 1,000 at
    most. The operator says which variables are tags; without that `CALLCUE_TAG` is."""

    @model_validator(mode="after")
    def _names_calls_one_way(self) -> Self:
        if bool(self.calls) is bool(self.tag):
            raise ValueError("must have either calls or tag")
        return self


class MediaBody(Strict):
    """What is looked at."""

    media: Annotated[list[Media], Field(min_length=1, max_length=MOST_ITEMS)]


class SeekBody(Strict):
    """Where to go."""

    positionMilliseconds: Annotated[int, Field(ge=0, le=LONGEST_POSITION)]  # noqa: N815
    """Within the item. Past its end goes on to the next one, or ends the playback."""
    item: Annotated[int, Field(ge=1, le=MOST_ITEMS)] | None = None
    """Which item of the list, from 1; the current one if absent."""


class VolumeBody(Strict):
    """How loud."""

    decibels: Annotated[float, Field(ge=-30, le=12, allow_inf_nan=False)]
    """Asterisk's gain is a whole factor; `volume` of the answer says what was set."""


class Query(Strict):
    """The query of a request, of single texts. An unknown name is refused: it may matter."""

    # A query has only texts, so that numbers must be made of them.
    model_config = ConfigDict(strict=False)

    @classmethod
    def of_request(cls, request: web.Request) -> Self:
        """The query of *request*; 422 where it is not as it should be."""
        if not request.query_string:
            return cls()
        return cls.of(_single(request.query), "$query")


class NoQuery(Query):
    """Nothing may be asked in the query."""


def _to_audience(text: str) -> Role | UUID:
    for kind in (Role, UUID):
        try:
            return kind(text)
        except ValueError:
            continue
    raise ValueError(f"must be {', '.join(Role)} or the id of a call")


class Wait(StrEnum):
    """What the answer to a PLAY waits for."""

    STARTED = "started"


class PlayQuery(Query):
    """What becomes of the playback when something plays already, and who is to hear it."""

    ifPlaying: IfPlaying = IfPlaying.QUEUE  # noqa: N815
    """What becomes of it when something plays already: it waits (at most 16 do), takes the place
    of all that plays and waits, or is refused."""
    audience: Annotated[
        Role | UUID,
        PlainValidator(_to_audience),
        WithJsonSchema(
            {"anyOf": [{"enum": [*Role], "type": "string"}, {"format": "uuid", "type": "string"}]}
        ),
    ] = Role.EVERYONE
    """Who hears it; the id of a call is that party alone."""
    wait: Wait | None = None
    """Answer when it is heard, with the status `started`; or with the error that kept it from
    being heard."""
    waitSeconds: Annotated[int, Field(ge=1, le=LONGEST_WAIT)] = 10  # noqa: N815
    """How long to wait for that; then the answer is `accepted`, and it goes on."""

    def who(self) -> Audience:
        """The audience, in the core's words."""
        return self.audience if isinstance(self.audience, Role) else CallId(self.audience)


class PlayManyQuery(Query):
    """As of one call, but that an audience names no call of its own."""

    ifPlaying: IfPlaying = IfPlaying.QUEUE  # noqa: N815
    """In each place: what becomes of it when something plays there already."""
    audience: Role = Role.EVERYONE
    """Who hears it in each place."""

    def who(self) -> Audience:
        """The audience, in the core's words."""
        return self.audience


class Keep(StrEnum):
    """What becomes of the queue at a stop."""

    KEEP = "keep"
    CLEAR = "clear"


class StopQuery(Query):
    """`queue=keep` lets the next in the queue begin."""

    queue: Keep = Keep.CLEAR
    """What becomes of the playbacks that wait: with `keep` the next one begins."""


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 25
    """How many at most."""
    pageToken: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]{22})?$")] = ""  # noqa: N815
    """`nextPageToken` of the page before."""


class SoundPageQuery(Query):
    """Which page of the audio store."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 25
    pageToken: Annotated[str, Field(pattern=rf"^({NAME_PATTERN})?$")] = ""  # noqa: N815
    """`nextPageToken` of the page before."""


def _single(query: MultiMapping[str]) -> dict[str, str]:
    given = dict(query)
    if len(given) < len(query):
        # Counted in one go: to ask for the values of each name would take the square of them all.
        times = Counter(name for name, _ in query.items())
        twice = sorted(name for name in times if times[name] > 1)[:MOST_FIELDS]
        raise refusals.invalid({_path("$query", (name,)): ["is there twice"] for name in twice})
    return given


def _details(error: ValidationError, root: str) -> dict[str, list[str]]:
    details: dict[str, list[str]] = {}
    for fault in error.errors(include_input=False, include_url=False):
        details.setdefault(_path(root, fault["loc"]), []).append(_message(fault))
    return details


def _path(root: str, location: tuple[int | str, ...]) -> str:
    return root + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step[:LONGEST_FIELD]}" for step in location
    )


def _message(fault: Any) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return "there is no such field"
        case "missing":
            return "is missing"
    text = str(fault["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:] if text.startswith("Input") else text
