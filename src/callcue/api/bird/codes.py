"""The closed list of error codes, and the answer to every error of the core.

Clients program against the codes: never rename one, never use one for something else.
"""

from dataclasses import dataclass
from enum import StrEnum

from callcue.core import errors


class Code(StrEnum):
    """What `code` of an error body can be."""

    INVALID_JSON = "invalid_json"
    UNAUTHORIZED = "unauthorized"
    SCOPE_MISSING = "scope_missing"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    ALREADY_PLAYING = "already_playing"
    QUEUE_FULL = "queue_full"
    CANNOT_PLAY_HERE = "cannot_play_here"
    NOTHING_PLAYING = "nothing_playing"
    NOT_STARTED = "not_started"
    ROOM_SHARED = "room_shared"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    IDEMPOTENCY_KEY_IN_USE = "idempotency_key_in_use"
    LIMIT_REACHED = "limit_reached"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID_REQUEST = "invalid_request"
    WEBHOOK_ADDRESS_REFUSED = "webhook_address_refused"
    TOO_MANY_REQUESTS = "too_many_requests"
    RATE_LIMITED = "rate_limited"
    ASTERISK_UNAVAILABLE = "asterisk_unavailable"
    STOP_REMEMBERED = "stop_remembered"
    SERVICE_ENDING = "service_ending"
    NOT_CONFIRMED = "not_confirmed"
    STORE_UNAVAILABLE = "store_unavailable"
    BAD_REQUEST = "bad_request"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says, and the one status that it comes with."""

    status: int
    text: str


MEANINGS: dict[Code, Meaning] = {
    Code.BAD_REQUEST: Meaning(400, "the request cannot be understood"),
    Code.INVALID_JSON: Meaning(400, "the body is not one clean JSON object; the message says why"),
    Code.UNAUTHORIZED: Meaning(401, "there is no access key, or a wrong one"),
    Code.SCOPE_MISSING: Meaning(403, "the access key lacks the scope that the route needs"),
    Code.NOT_FOUND: Meaning(404, "it does not exist, or this key may not see it"),
    Code.METHOD_NOT_ALLOWED: Meaning(405, "the path has other methods; `Allow` names them"),
    Code.ALREADY_PLAYING: Meaning(409, "something plays, and `ifPlaying` is `reject`"),
    Code.QUEUE_FULL: Meaning(409, "as many playbacks wait in this call as may wait"),
    Code.NOTHING_PLAYING: Meaning(409, "there is no playback to control"),
    Code.NOT_STARTED: Meaning(409, "the playback never became audible; the message says why"),
    Code.ROOM_SHARED: Meaning(409, "a call of another workspace would hear it, or loses its clip"),
    Code.IDEMPOTENCY_KEY_REUSED: Meaning(
        409, "the `Idempotency-Key` belongs to another request of the last day"
    ),
    Code.IDEMPOTENCY_KEY_IN_USE: Meaning(
        409, "the first request with that `Idempotency-Key` has no answer yet: ask again"
    ),
    Code.LIMIT_REACHED: Meaning(
        409, "the workspace has as many webhooks, or the webhook as many secrets, as may be"
    ),
    Code.CANNOT_PLAY_HERE: Meaning(409, "nothing can be played there now; the message says why"),
    Code.BODY_TOO_LARGE: Meaning(413, "the body is larger than 1 MiB"),
    Code.UNSUPPORTED_MEDIA_TYPE: Meaning(415, "the body is not `application/json` in UTF-8"),
    Code.INVALID_REQUEST: Meaning(422, "fields are wrong; `details` says which and why"),
    Code.WEBHOOK_ADDRESS_REFUSED: Meaning(
        422, "events are not sent there: the address is not public; `details` says more"
    ),
    Code.TOO_MANY_REQUESTS: Meaning(
        429,
        "too many wrong keys from this address, or too many commands wait in this call, calls are"
        " played to, clips are being added, `Idempotency-Key`s are known, event streams are open",
    ),
    Code.RATE_LIMITED: Meaning(
        429, "this key asks more often than it may; a stop is refused much later than the rest"
    ),
    Code.INTERNAL_ERROR: Meaning(500, "a fault of ours"),
    Code.ASTERISK_UNAVAILABLE: Meaning(503, "Asterisk is out of reach; nothing was done"),
    Code.STOP_REMEMBERED: Meaning(503, "the stop is done as soon as Asterisk is back"),
    Code.SERVICE_ENDING: Meaning(503, "callcue is about to end, and begins nothing more"),
    Code.NOT_CONFIRMED: Meaning(
        503, "Asterisk did not confirm it in time: look at the playback before you repeat it"
    ),
    Code.STORE_UNAVAILABLE: Meaning(
        503,
        "the record, or whether there is such a key, or the webhooks, cannot be read or written"
        " now; or the disk has no room for another clip",
    ),
}
"""The closed list, for those who read it. Tests hold it complete, and the answers to it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is answered."""

    status: int
    code: Code
    message: str
    retry_after: int | None = None
    """Seconds; only where trying again is safe and may help."""


OF_ERROR: dict[type[errors.CallcueError], Answer] = {
    errors.CallNotFound: Answer(404, Code.NOT_FOUND, "there is no such live call"),
    errors.AgentNotLoggedIn: Answer(404, Code.NOT_FOUND, "there is no such live call"),
    errors.NothingPlaying: Answer(409, Code.NOTHING_PLAYING, "nothing plays in this call"),
    errors.AlreadyPlaying: Answer(
        409, Code.ALREADY_PLAYING, "something plays already, and ifPlaying is reject"
    ),
    errors.QueueFull: Answer(
        409, Code.QUEUE_FULL, "as many playbacks wait in this call as may wait"
    ),
    errors.AudioStoreFull: Answer(
        503, Code.STORE_UNAVAILABLE, "there is no room for another clip", 60
    ),
    errors.RecordUnavailable: Answer(
        503,
        Code.STORE_UNAVAILABLE,
        "the record is out of reach, and a request with a key is done once or not at all",
        5,
    ),
    errors.AudioStoreBusy: Answer(
        429, Code.TOO_MANY_REQUESTS, "too many clips are being added at once", 1
    ),
    errors.CannotPlayHere: Answer(
        409, Code.CANNOT_PLAY_HERE, "nothing can be played into this call as it is now"
    ),
    errors.TooManyCommands: Answer(
        429, Code.TOO_MANY_REQUESTS, "too many commands wait in this call", 1
    ),
    errors.TooManySessions: Answer(
        429, Code.TOO_MANY_REQUESTS, "too many calls are being played to", 5
    ),
    errors.ClipFailed: Answer(422, Code.INVALID_REQUEST, "the request is not valid"),
    errors.ClipNotFound: Answer(422, Code.INVALID_REQUEST, "the request is not valid"),
    errors.OutOfRange: Answer(422, Code.INVALID_REQUEST, "the request is not valid"),
    errors.AsteriskUnavailable: Answer(
        503, Code.ASTERISK_UNAVAILABLE, "Asterisk is out of reach; nothing was done", 5
    ),
    errors.ServiceEnding: Answer(
        503, Code.SERVICE_ENDING, "callcue is about to end, and begins nothing more", 5
    ),
    errors.StopRemembered: Answer(
        503,
        Code.STOP_REMEMBERED,
        "Asterisk is out of reach; the stop is done as soon as it is back",
        5,
    ),
    errors.NotStarted: Answer(409, Code.NOT_STARTED, "the playback never became audible"),
    errors.NotConfirmed: Answer(
        503,
        Code.NOT_CONFIRMED,
        "Asterisk did not confirm the command in time: look at the playback before trying again",
        2,
    ),
}
"""The answer to every error of the core. A test holds it complete."""

OF_STATUS: dict[int, Answer] = {
    400: Answer(400, Code.BAD_REQUEST, "the request cannot be understood"),
    404: Answer(404, Code.NOT_FOUND, "there is nothing here"),
    405: Answer(405, Code.METHOD_NOT_ALLOWED, "this method is not for this path"),
    413: Answer(413, Code.BODY_TOO_LARGE, "the body is larger than 1 MiB"),
}
"""The answers to what aiohttp refuses by itself."""

FAULT = Answer(500, Code.INTERNAL_ERROR, "a fault of ours: the log says more")
