"""Every operation of the JSON API. The table of routes says where each is to be found."""

from callcue.api.answers_log import LogPage, LogQuery
from callcue.api.bird.answers import (
    CallCommandResponse,
    CallInFull,
    CallPage,
    DeadLetterPage,
    MediaChecked,
    Outcomes,
    Playback,
    PlaybackInFull,
    PrefetchAccepted,
    Replayed,
    SoundPage,
    StoredSound,
    WebhookList,
    WebhookView,
)
from callcue.api.bird.codes import Code
from callcue.api.bird.models import (
    MediaBody,
    PageQuery,
    PlayBody,
    PlayManyBody,
    PlayManyQuery,
    PlayQuery,
    SeekBody,
    SoundPageQuery,
    StopQuery,
    VolumeBody,
)
from callcue.api.bird.streams import StreamQuery
from callcue.api.bird.webhook_bodies import DeadLetterQuery, ReplayBody, SecretBody, WebhookBody
from callcue.api.health import Live, Ready

from .operation import Operation

_PLAY, _CONTROL, _LOOK, _MEDIA = "Play", "Control", "Look", "Media"
_WEBHOOKS, _SERVICE = "Webhooks", "The service"

_CONTROL_CODES = frozenset(
    {
        Code.NOTHING_PLAYING,
        Code.ROOM_SHARED,
        Code.NOT_CONFIRMED,
    }
)

PLAY = Operation(
    "playbackChannelCall",
    _PLAY,
    "Play a list into a call",
    {202: CallCommandResponse},
    says="Bird's own call. The answer comes once the playback is accepted; what becomes of it is "
    "told by the GET of the same path, or by the answer itself with `wait=started`. Something "
    "plays already: `ifPlaying` says what then.",
    query=PlayQuery,
    body=PlayBody,
    example={"media": ["sound:ss-noservice"], "loop": 0, "timeout": 0, "pauseMilliseconds": 0},
    codes=frozenset(
        {
            Code.ALREADY_PLAYING,
            Code.QUEUE_FULL,
            Code.CANNOT_PLAY_HERE,
            Code.NOT_STARTED,
            Code.ROOM_SHARED,
            Code.NOT_CONFIRMED,
        }
    ),
)


def _control(name: str, summary: str, says: str = "") -> Operation:
    return Operation(name, _CONTROL, summary, {200: Playback}, says=says, codes=_CONTROL_CODES)


_STOP = "With `queue=keep` the next playback that waits begins; else none is left."


def _stop(name: str, summary: str) -> Operation:
    codes = _CONTROL_CODES | {Code.STOP_REMEMBERED}
    return Operation(name, _CONTROL, summary, {200: Playback}, _STOP, StopQuery, codes=codes)


PLAY_MANY = Operation(
    "playToCalls",
    _PLAY,
    "Play a list into many calls",
    {200: Outcomes},
    "Up to 1,000 calls, by their ids or by a tag; each has an answer of its own, given once all "
    "are accepted or refused. Calls that are in one room or bridge hear one playback, whose id "
    "all of them are answered with. A sound that does not exist is 422 for all.",
    PlayManyQuery,
    PlayManyBody,
    {"media": ["sound:ss-noservice"], "tag": "CALLCUE_TAG=spring"},
    frozenset({Code.ASTERISK_UNAVAILABLE}),
)
STOP_ALL = Operation(
    "stopAllPlaybacks",
    _CONTROL,
    "Stop in all calls of the workspace",
    {200: Outcomes},
    "The answer names each call in which something played or waited. " + _STOP,
    StopQuery,
)
PAUSE = _control("pausePlayback", "Pause", "Pausing twice is pausing once.")
RESUME = _control("resumePlayback", "Go on from the very position")
RESTART = _control("restartPlayback", "Play from the start of the list")
STOP = _stop("stopPlayback", "Stop")
DELETE = _stop("deletePlayback", "Stop, by another method")
SEEK = Operation(
    "seekPlayback",
    _CONTROL,
    "Jump",
    {200: Playback},
    body=SeekBody,
    example={"positionMilliseconds": 1000},
    codes=_CONTROL_CODES,
)
VOLUME = Operation(
    "setPlaybackVolume",
    _CONTROL,
    "Set the loudness",
    {200: Playback},
    body=VolumeBody,
    example={"decibels": -6},
    codes=_CONTROL_CODES,
)

SHOW = Operation(
    "showCallPlayback",
    _LOOK,
    "What plays in a call, or what has played last",
    {200: Playback},
)
SHOW_PLAYBACK = Operation(
    "showPlayback",
    _LOOK,
    "A playback by its id, also after it has ended",
    {200: PlaybackInFull},
    "For a day after its end, or as long as `history_hours` of the settings says.",
)

_STREAM = (
    "Server-sent events: each has an `id`, its type as `event`, and as `data` the JSON that "
    "docs/events.md describes. Who comes back sends `Last-Event-ID` and misses nothing, also when "
    "callcue has been restarted meanwhile; where some are kept no more an event `gap`, without an "
    "id, says from which id on they are there. Who does not read is cut off."
)
_STREAM_CODES = frozenset({Code.STORE_UNAVAILABLE})
EVENTS = Operation(
    "listenToWorkspace",
    _LOOK,
    "What happens to all playbacks, as it happens",
    {200: "text/event-stream"},
    _STREAM,
    StreamQuery,
    codes=_STREAM_CODES,
)
CALL_EVENTS = Operation(
    "listenToCall",
    _LOOK,
    "What happens to the playbacks that a call hears",
    {200: "text/event-stream"},
    _STREAM,
    StreamQuery,
    codes=_STREAM_CODES,
)
LIST_CALLS = Operation(
    "listCalls",
    _LOOK,
    "The live calls of a channel",
    {200: CallPage},
    query=PageQuery,
)
SHOW_CALL = Operation("showCall", _LOOK, "A live call", {200: CallInFull})

_MEDIA_EXAMPLE = {"media": ["sound:ss-noservice"]}

PREFETCH = Operation(
    "prefetchMedia",
    _MEDIA,
    "Fetch what will be played soon",
    {202: PrefetchAccepted},
    "The answer comes at once; what is fetched stays in the cache, and starts without a wait.",
    body=MediaBody,
    example=_MEDIA_EXAMPLE,
)
CHECK = Operation(
    "checkMedia",
    _MEDIA,
    "What would become of media",
    {200: MediaChecked},
    "Everything is fetched and decoded as for a playback, and nobody hears it.",
    body=MediaBody,
    example=_MEDIA_EXAMPLE,
    codes=frozenset({Code.ASTERISK_UNAVAILABLE}),
)
LIST_SOUNDS = Operation(
    "listSounds",
    _MEDIA,
    "The clips of the audio store",
    {200: SoundPage},
    "Those of all workspaces. Asterisk's own sounds are played too, and not listed.",
    query=SoundPageQuery,
)
_STORED = frozenset({Code.NOT_FOUND})
SHOW_SOUND = Operation("showSound", _MEDIA, "A clip", {200: StoredSound}, codes=_STORED)
PUT_SOUND = Operation(
    "putSound",
    _MEDIA,
    "Add a clip, or give its name another one",
    {200: StoredSound, 201: StoredSound},
    "The body is a file of sound in any usual format. What plays now is heard to its end.",
    body="application/octet-stream",
    codes=frozenset({Code.STORE_UNAVAILABLE}),
)
DELETE_SOUND = Operation(
    "deleteSound", _MEDIA, "Remove a clip", {204: None}, codes=_STORED | {Code.STORE_UNAVAILABLE}
)

EXAMPLE_SECRET = "whsec_bm9ib2R5J3Mgc2VjcmV0OiBtYWtlIG9uZSBvZiB5b3VyIG93bg=="
"""Of the right form and no secret at all, as it says; commands to paste have another there."""

_LIMITED = frozenset({Code.LIMIT_REACHED})

MAKE_WEBHOOK = Operation(
    "makeWebhook",
    _WEBHOOKS,
    "Have events sent",
    {201: WebhookView},
    "Each event of the workspace is sent there from within a second on, signed with the secret as "
    "Standard Webhooks has it; docs/events.md says how. At most 20 a workspace.",
    body=WebhookBody,
    example={
        "url": "https://hooks.example.com/callcue",
        "secret": EXAMPLE_SECRET,
        "types": ["started", "finished", "failed"],
    },
    codes=_LIMITED | {Code.WEBHOOK_ADDRESS_REFUSED},
    tells_where=True,
)
LIST_WEBHOOKS = Operation(
    "listWebhooks", _WEBHOOKS, "The webhooks of the workspace", {200: WebhookList}
)
SHOW_WEBHOOK = Operation("showWebhook", _WEBHOOKS, "A webhook", {200: WebhookView})
REMOVE_WEBHOOK = Operation(
    "removeWebhook",
    _WEBHOOKS,
    "Remove a webhook",
    {204: None},
    "What waits to be sent there is forgotten, and its dead letters too.",
)
ROTATE_SECRET = Operation(
    "rotateWebhookSecret",
    _WEBHOOKS,
    "Give a webhook another secret",
    {200: WebhookView},
    "The new one signs first; what has signed until now signs along for `overlapHours`, so that "
    "no message is refused while the receiver changes. At most 3 sign at one time.",
    body=SecretBody,
    example={"secret": EXAMPLE_SECRET, "overlapHours": 24},
    codes=_LIMITED,
)
LIST_DEAD_LETTERS = Operation(
    "listDeadLetters",
    _WEBHOOKS,
    "What a webhook has not taken",
    {200: DeadLetterPage},
    "Events that were tried as often as they are, and are not sent any more.",
    query=DeadLetterQuery,
)
REPLAY_DEAD_LETTERS = Operation(
    "replayDeadLetters",
    _WEBHOOKS,
    "Send what a webhook has not taken once more",
    {202: Replayed},
    "They are tried as new ones are.",
    body=ReplayBody,
    example={"eventIds": ["41", "42"]},
)

LIVE = Operation("live", _SERVICE, "Is it alive?", {200: Live})
READY = Operation("ready", _SERVICE, "Is an Asterisk there?", {200: Ready, 503: Ready})
LOG = Operation(
    "listAnswers",
    _SERVICE,
    "The record of api.php's answers",
    {200: LogPage},
    query=LogQuery,
    codes=frozenset({Code.STORE_UNAVAILABLE}),
)
DOCUMENT = Operation("describe", _SERVICE, "This description", {200: "application/json", 304: None})
PAGE = Operation("showDescription", _SERVICE, "It as a page", {200: "text/html", 304: None})
