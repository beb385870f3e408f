"""All figures there are. `python -m callcue.metrics.page` makes of them the table for operators."""

from .figure import Figure, Kind

COUNTER, GAUGE, HISTOGRAM = Kind

# ---- commands and playbacks ----------------------------------------------------------------------

COMMANDS = Figure(
    "callcue_commands_total",
    COUNTER,
    "Commands. `result`: `confirmed` by Asterisk; `accepted` (a PLAY of the JSON API, which is"
    " answered before it is heard); else the error's name",
    ("dialect", "verb", "result"),
)
COMMAND_SECONDS = Figure(
    "callcue_command_seconds",
    HISTOGRAM,
    "From a command until it is confirmed by Asterisk, the wait for its turn included; refused ones"
    " are not in it",
    ("verb",),
)
HEARD_SECONDS = Figure(
    "callcue_play_heard_seconds",
    HISTOGRAM,
    "From a PLAY until it is heard, a fetch of its clip included; of one from the queue, from its"
    " turn on",
)
SESSIONS = Figure(
    "callcue_playbacks",
    GAUGE,
    "Playbacks that are live, by the state of their session",
    ("state",),
)
QUEUED = Figure("callcue_playbacks_queued", GAUGE, "Playbacks that wait for the one before them")
ENDED = Figure(
    "callcue_playbacks_ended_total", COUNTER, "Playbacks that have ended, and why", ("reason",)
)
WAITING = Figure(
    "callcue_commands_waiting", GAUGE, "Commands that wait for their turn or for what they ask"
)

# ---- Asterisk ------------------------------------------------------------------------------------

LINK_STATE = Figure(
    "callcue_link_state",
    GAUGE,
    "1 for the state that the link is in, 0 for the others; only `up` plays",
    ("asterisk", "state"),
)
LINK_SECONDS = Figure(
    "callcue_link_state_seconds", GAUGE, "For how long it has been in that state", ("asterisk",)
)
RECONNECTS = Figure(
    "callcue_link_reconnects_total",
    COUNTER,
    "How often the link came up again after a loss",
    ("asterisk",),
)
REJECTIONS = Figure(
    "callcue_link_login_rejections_total",
    COUNTER,
    "Logins that Asterisk refused",
    ("asterisk",),
)
EVENTS = Figure(
    "callcue_ami_events_total",
    COUNTER,
    "AMI events. `fate`: `taken`; `ignored` (of no use to callcue, dropped unread; very many where"
    " the event filter in `manager.conf` is missing); `lost` (here, and not delivered before the"
    " link ended)",
    ("asterisk", "fate"),
)
OVERFLOWS = Figure(
    "callcue_ami_overflows_total",
    COUNTER,
    "How often so many events waited that the link was begun anew",
    ("asterisk",),
)
EVENT_QUEUE = Figure(
    "callcue_ami_event_queue", GAUGE, "AMI events and answers that wait", ("asterisk",)
)
IN_FLIGHT = Figure(
    "callcue_ami_actions_in_flight",
    GAUGE,
    "AMI actions that wait for their answer",
    ("asterisk",),
)

# ---- media ---------------------------------------------------------------------------------------

FETCHES = Figure(
    "callcue_media_fetches_total",
    COUNTER,
    "URLs that were fetched. `outcome`: `fetched`, `unchanged`, else why it failed",
    ("outcome",),
)
FETCHED_BYTES = Figure(
    "callcue_media_fetched_bytes_total", COUNTER, "Bytes of bodies that were fetched"
)
CACHE_BYTES = Figure("callcue_media_cache_bytes", GAUGE, "Bytes of all clips in the cache")
CACHE_LIMIT = Figure("callcue_media_cache_limit_bytes", GAUGE, "So many it may have")
DECODES = Figure(
    "callcue_media_decodes_total",
    COUNTER,
    "Files that were decoded. `outcome`: `decoded`, else why it failed",
    ("outcome",),
)
DECODER_SECONDS = Figure(
    "callcue_media_decoder_seconds_total", COUNTER, "For how long decoders have run, all together"
)

# ---- the store -----------------------------------------------------------------------------------

STORE_WRITES = Figure(
    "callcue_store_writes_total",
    COUNTER,
    "Times that what waited was written to the store. `result`: `done` or `failed`",
    ("result",),
)
STORE_DROPS = Figure(
    "callcue_store_dropped_answers_total",
    COUNTER,
    "Answers that are not on record because too many waited",
)
STORE_WAITING = Figure(
    "callcue_store_waiting_answers", GAUGE, "Answers that wait to be written into the record"
)
STORE_TROUBLE = Figure(
    "callcue_store_trouble",
    GAUGE,
    "1 while the store cannot be `read`, `written` or `tidied`",
    ("what",),
)

# ---- events --------------------------------------------------------------------------------------

STREAMS = Figure("callcue_event_streams", GAUGE, "Streams of events that are open")
EVENTS_WAITING = Figure(
    "callcue_events_waiting", GAUGE, "Events that wait to be recorded, and then told"
)
EVENTS_DROPPED = Figure(
    "callcue_events_dropped_total",
    COUNTER,
    "Events that nobody will be told of: too many waited to be recorded",
)
DELIVERIES = Figure(
    "callcue_webhook_deliveries_total",
    COUNTER,
    "Attempts to send an event to a webhook. `result`: `taken`; `failed` (it is tried again);"
    " `dead` (given up, for whatever reason)",
    ("result",),
)
DELIVERIES_WAITING = Figure(
    "callcue_webhook_waiting",
    GAUGE,
    "Events that wait to be taken, of all webhooks together",
)

# ---- HTTP ----------------------------------------------------------------------------------------

REQUESTS = Figure(
    "callcue_http_requests_total",
    COUNTER,
    "HTTP requests, by the pattern of their route (`none`: there is no such) and the class of"
    " their status (`2xx`)",
    ("method", "route", "status"),
)
BOUNDS = Figure(
    "callcue_bounds_reached_total",
    COUNTER,
    "Refusals because a bound was reached, by its name: see [bounds](#bounds)",
    ("bound",),
)
REFUSALS = Figure(
    "callcue_refusals_total",
    COUNTER,
    "Requests that were not looked at any further. `kind`: `wrong_login`, `locked_out`,"
    " `logins_busy` (too many logins wait), `wrong_address`, `not_allowed` (the key's scope, the"
    " user's functions), `too_often` (the key's or the user's rate), `body_too_large`, `too_much`"
    " (as much waits as may wait)",
    ("kind",),
)

# ---- the process ---------------------------------------------------------------------------------

TASKS = Figure(
    "callcue_tasks",
    GAUGE,
    "Asyncio tasks: some for the service and each link, one an open HTTP connection, more while"
    " something is done. What stays above what it began with is a leak",
)

ALL: tuple[Figure, ...] = tuple(one for one in list(vars().values()) if isinstance(one, Figure))
"""In this order."""
