"""The bodies and queries of this dialect, strict: no coercion, no unknown field."""

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
)

from callcue.core.types import Audience, CallId, IfPlaying, Role
from callcue.media.names import LONGEST_NAME, is_sound_name

from . import refusals

SOUND = "sound:"
MOST_ITEMS = 80
MOST_ROUNDS = 10_000
LONGEST_SECONDS = 7 * 86_400
LONGEST_GAP = 30_000
LONGEST_POSITION = 86_400_000
"""ms; no clip is longer than a day."""

_NO_URLS = "URLs cannot be played yet: name a sound of the audio store, sound:NAME"
_NO_SOUND = f"must be sound:NAME, NAME being 1 to {LONGEST_NAME} of A-Z a-z 0-9 _ -"


def _check_media(media: str) -> str:
    if media.lower().startswith(("http://", "https://")):
        raise ValueError(_NO_URLS)
    if not media.startswith(SOUND) or not is_sound_name(media.removeprefix(SOUND)):
        raise ValueError(_NO_SOUND)
    return media


Media = Annotated[str, AfterValidator(_check_media)]
"""What is to be played, as the client names it."""


class Strict(BaseModel):
    """Types are what they are: true is no number, 1.0 is no integer, "1" neither."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def of(cls, found: Mapping[str, Any], root: str = "$") -> Self:
        """The model of what was sent.

        Raises:
            Refused: 422, with what is wrong by JSON path.

        """
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            raise refusals.invalid(_details(error, root)) from None


class PlayBody(Strict):
    """Bird's body, to the letter; stricter on `media`, `loop` and `timeout`, see bird.md."""

    media: Annotated[list[Media], Field(min_length=1, max_length=MOST_ITEMS)]
    loop: Annotated[int, Field(ge=0, le=MOST_ROUNDS)] = 0
    timeout: Annotated[int, Field(ge=0, le=LONGEST_SECONDS)] = 0
    """Seconds; 0 is no limit of the client's."""
    pauseMilliseconds: Annotated[int, Field(ge=0, le=LONGEST_GAP)] = 0  # noqa: N815


class SeekBody(Strict):
    """Where to go."""

    positionMilliseconds: Annotated[int, Field(ge=0, le=LONGEST_POSITION)]  # noqa: N815
    item: Annotated[int, Field(ge=1, le=MOST_ITEMS)] | None = None


class VolumeBody(Strict):
    """How loud."""

    decibels: Annotated[float, Field(ge=-30, le=12, allow_inf_nan=False)]


class Query(Strict):
    """The query of a request, of single texts. An unknown name is refused: it may matter."""

    # A query has only texts, so that numbers must be made of them.
    model_config = ConfigDict(strict=False)

    @classmethod
    def of_request(cls, request: web.Request) -> Self:
        """The query of *request*; 422 where it is not as it should be."""
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


class PlayQuery(Query):
    """What becomes of the playback when something plays already, and who is to hear it."""

    ifPlaying: IfPlaying = IfPlaying.QUEUE  # noqa: N815
    audience: Annotated[Role | UUID, PlainValidator(_to_audience)] = Role.EVERYONE

    def who(self) -> Audience:
        """The audience, in the core's words."""
        return self.audience if isinstance(self.audience, Role) else CallId(self.audience)


class Keep(StrEnum):
    """What becomes of the queue at a stop."""

    KEEP = "keep"
    CLEAR = "clear"


class StopQuery(Query):
    """`queue=keep` lets the next in the queue begin."""

    queue: Keep = Keep.CLEAR


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 25
    pageToken: Annotated[str, Field(max_length=200)] = ""  # noqa: N815


def _single(query: MultiMapping[str]) -> dict[str, str]:
    twice = {name for name in query if len(query.getall(name)) > 1}
    if twice:
        raise refusals.invalid({f"$query.{name}": ["is there twice"] for name in sorted(twice)})
    return dict(query)


def _details(error: ValidationError, root: str) -> dict[str, list[str]]:
    details: dict[str, list[str]] = {}
    for fault in error.errors(include_input=False, include_url=False):
        details.setdefault(_path(root, fault["loc"]), []).append(_message(fault))
    return details


def _path(root: str, location: tuple[int | str, ...]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return root + "".join(steps)


def _message(fault: Any) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return "there is no such field"
        case "missing":
            return "is missing"
    text = str(fault["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:] if text.startswith("Input") else text
