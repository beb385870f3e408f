"""What this dialect refuses by itself, as exceptions that carry their answer."""

from collections.abc import Mapping, Sequence

from callcue.events.webhook_book import MOST_SECRETS, MOST_WEBHOOKS

from .codes import Answer, Code

Details = Mapping[str, Sequence[str]]


class Refused(Exception):
    """The request ends here, with that answer."""

    def __init__(self, answer: Answer, details: Details | None = None) -> None:
        super().__init__(answer.message)
        self.answer = answer
        self.details = details


def unauthorized() -> Refused:
    """No access key, or a wrong one."""
    return Refused(
        Answer(401, Code.UNAUTHORIZED, "give a right key: `Authorization: AccessKey KEY`")
    )


def too_many_wrong_keys(seconds: float) -> Refused:
    """The address has tried too many keys."""
    message = "too many wrong access keys from this address"
    return Refused(Answer(429, Code.TOO_MANY_REQUESTS, message, max(1, round(seconds))))


def rate_limited(seconds: int) -> Refused:
    """The key asks too often; in so many seconds it may again."""
    message = "this access key asks more often than it may"
    return Refused(Answer(429, Code.RATE_LIMITED, message, seconds))


def keys_out_of_reach() -> Refused:
    """Whether that is a key, nobody knows until the store can be read."""
    message = "access keys cannot be looked up now"
    return Refused(Answer(503, Code.STORE_UNAVAILABLE, message, 1))


def scope_missing(scope: str) -> Refused:
    """The key is right, and may not do this."""
    return Refused(Answer(403, Code.SCOPE_MISSING, f"the access key lacks the scope {scope}"))


def not_found(what: str) -> Refused:
    """It does not exist, or the key cannot see it: nobody can tell which."""
    return Refused(Answer(404, Code.NOT_FOUND, f"there is no such {what}"))


def room_shared() -> Refused:
    """Everybody in the room would hear it, and one of them is another workspace's."""
    message = "the room is shared with a call of another workspace, which would hear it too"
    return Refused(Answer(409, Code.ROOM_SHARED, message))


def key_reused() -> Refused:
    """The key was given to another request."""
    message = "this Idempotency-Key belongs to another request: method, path, query or body differ"
    return Refused(Answer(409, Code.IDEMPOTENCY_KEY_REUSED, message))


def key_in_use() -> Refused:
    """The first request with the key is still at work."""
    message = "the first request with this Idempotency-Key has no answer yet"
    return Refused(Answer(409, Code.IDEMPOTENCY_KEY_IN_USE, message, 1))


def too_many_keys() -> Refused:
    """No more requests of the workspace can be known by their keys."""
    message = "as many Idempotency-Keys of this workspace are known as may be"
    return Refused(Answer(429, Code.TOO_MANY_REQUESTS, message, 60))


def invalid_json(why: str) -> Refused:
    """The body is not the JSON object it should be."""
    return Refused(Answer(400, Code.INVALID_JSON, f"the body is not usable JSON: {why}"))


def unsupported_media_type() -> Refused:
    """The body is of another type than JSON."""
    return Refused(
        Answer(415, Code.UNSUPPORTED_MEDIA_TYPE, "send the body as application/json in UTF-8")
    )


def invalid(details: Details) -> Refused:
    """Fields are wrong; *details* says which and why, by JSON path."""
    return Refused(Answer(422, Code.INVALID_REQUEST, "the request is not valid"), details)


def address_refused(why: str) -> Refused:
    """No event is sent to that URL of a webhook."""
    message = "events are not sent to this address"
    return Refused(Answer(422, Code.WEBHOOK_ADDRESS_REFUSED, message), {"$.url": [why]})


def too_many_webhooks() -> Refused:
    """The workspace has all that it may have."""
    message = f"the workspace has {MOST_WEBHOOKS} webhooks, and may have no more"
    return Refused(Answer(409, Code.LIMIT_REACHED, message))


def too_many_secrets() -> Refused:
    """One more would sign."""
    message = f"{MOST_SECRETS} secrets sign, and no more may: wait until one ends, or overlap by 0"
    return Refused(Answer(409, Code.LIMIT_REACHED, message))


def webhooks_out_of_reach() -> Refused:
    """They can neither be read nor changed now."""
    message = "webhooks cannot be read or changed now"
    return Refused(Answer(503, Code.STORE_UNAVAILABLE, message, 5))


def too_many_streams() -> Refused:
    """As many listen to events as may."""
    message = "as many event streams are open as may be"
    return Refused(Answer(429, Code.TOO_MANY_REQUESTS, message, 5))


def events_out_of_reach() -> Refused:
    """The record of events cannot be read now."""
    message = "the record of events cannot be read now"
    return Refused(Answer(503, Code.STORE_UNAVAILABLE, message, 5))
