"""The state machine of a call session: one table, no I/O.

A session is in one state. Two kinds of input meet it: a command, which a dialect asks for and
which may be refused, and an event, which has happened in Asterisk and can only be taken note of.
Each cell says where the session goes and what it does on the way. A cell that refuses names the
error; a cell that is not there may not happen. Both raise, and a raised input has changed nothing.

Why the odd cells are as they are:

- A PLAY while something plays is "busy": whether that is an answer or a place in the queue is the
  dialect's business, not the machine's.
- PAUSE, SEEK and VOLUME before the clip plays are kept and done once it does: a Redirect sent to
  a leg that does not run its dialplan yet goes astray. RESUME and RESTART have nothing to do
  there, the clip is about to play from its start.
- RESUME while playing sends nothing: even a harmless Redirect would break the stream off.
- STOPPING ends by LEG_GONE alone. Until then the old leg may still be heard, so nothing starts.
- An end that is reported while STOPPING changes nothing: the first reason is the reason.
- ADRIFT means that the link is lost and the leg plays on unseen. Only what is found when the link
  is back leads out; a STOP is remembered until then, all else is refused.
- WAITING is playing, and standing still: the item whose turn it is has not been fetched yet. The
  first item is always there before the leg is.
- A session that a service before this one had left begins ADRIFT too. A playback of which no leg
  was ever sent is NEVER_SENT, and begins now.
- LINK_LOST while PREPARING is no event of the leg: there is none yet. Its start will say so.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum

from . import errors


class State(StrEnum):
    """Where a session is."""

    IDLE = "idle"
    PREPARING = "preparing"
    STARTING = "starting"
    PLAYING = "playing"
    PAUSED = "paused"
    STOPPING = "stopping"
    ADRIFT = "adrift"


class Verb(StrEnum):
    """What a client asks. OVERRIDE is a PLAY that may replace what plays."""

    PLAY = "play"
    OVERRIDE = "override"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    RESTART = "restart"
    SEEK = "seek"
    VOLUME = "volume"


class Event(StrEnum):
    """What has happened to the playback."""

    PREPARED = "prepared"
    NOT_STARTED = "not started"
    JOINED = "joined"
    JOIN_FAILED = "join failed"
    STREAMING = "streaming"
    RUNNING = "running"
    HELD = "held"
    WAITING = "waiting for a clip"
    ITEM_ENDED = "item ended"
    LIST_ENDED = "list ended"
    CLIP_FAILED = "clip failed"
    TIME_LIMIT = "time limit"
    LEG_GONE = "leg gone"
    PARTY_LEFT = "party left"
    TARGET_MOVED = "target moved"
    LINK_LOST = "link lost"
    FOUND_PLAYING = "link back, playing"
    FOUND_PAUSED = "link back, paused"
    NEVER_SENT = "link back, never sent"


class Effect(Enum):
    """What the session does on the way."""

    NOTHING = "already so"
    BEGIN = "begin the playback"
    BUSY = "busy: the dialect says whether to queue or to refuse"
    REPLACE = "end what plays, then begin the new one"
    AFTER_STOP = "begin the new one when the old leg is gone"
    ABANDON = "give the start up; nothing has reached Asterisk"
    STOP = "hang the leg up"
    AWAIT_END = "wait for the leg that is going"
    KEEP = "do it once the clip plays"
    CONTROL = "send the verb and wait until Asterisk confirms it"
    REMEMBER = "do it when the link is back"
    NOTE = "take note"
    IGNORE = "late, and of no meaning now"
    RUN = "joined and streaming: it plays; kept commands follow"
    CLOSE = "the leg hangs up by itself"
    FREE = "record the end; the next in the queue begins"
    LOSE = "what waits for Asterisk is told that it is out of reach"
    TAKE_OVER = "carry on with what was found"


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of the table: the state that follows, and what is done on the way to it."""

    state: State
    effect: Effect


Refusal = type[errors.CallcueError]
Row = dict[State, Step | Refusal]


class IllegalEvent(Exception):
    """An event that may not happen in this state: a fault of ours, or of Asterisk's."""


IDLE, PREPARING, STARTING, PLAYING, PAUSED, STOPPING, ADRIFT = State

COMMANDS: dict[Verb, Row] = {
    Verb.PLAY: {
        IDLE: Step(PREPARING, Effect.BEGIN),
        PREPARING: Step(PREPARING, Effect.BUSY),
        STARTING: Step(STARTING, Effect.BUSY),
        PLAYING: Step(PLAYING, Effect.BUSY),
        PAUSED: Step(PAUSED, Effect.BUSY),
        STOPPING: Step(STOPPING, Effect.BUSY),
        ADRIFT: errors.AsteriskUnavailable,
    },
    Verb.OVERRIDE: {
        IDLE: Step(PREPARING, Effect.BEGIN),
        PREPARING: Step(PREPARING, Effect.REPLACE),
        STARTING: Step(STOPPING, Effect.REPLACE),
        PLAYING: Step(STOPPING, Effect.REPLACE),
        PAUSED: Step(STOPPING, Effect.REPLACE),
        STOPPING: Step(STOPPING, Effect.AFTER_STOP),
        ADRIFT: errors.AsteriskUnavailable,
    },
    Verb.STOP: {
        IDLE: errors.NothingPlaying,
        PREPARING: Step(IDLE, Effect.ABANDON),
        STARTING: Step(STOPPING, Effect.STOP),
        PLAYING: Step(STOPPING, Effect.STOP),
        PAUSED: Step(STOPPING, Effect.STOP),
        STOPPING: Step(STOPPING, Effect.AWAIT_END),
        ADRIFT: Step(ADRIFT, Effect.REMEMBER),
    },
    Verb.PAUSE: {
        IDLE: errors.NothingPlaying,
        PREPARING: Step(PREPARING, Effect.KEEP),
        STARTING: Step(STARTING, Effect.KEEP),
        PLAYING: Step(PLAYING, Effect.CONTROL),
        PAUSED: Step(PAUSED, Effect.NOTHING),
        STOPPING: errors.NothingPlaying,
        ADRIFT: errors.AsteriskUnavailable,
    },
    Verb.RESUME: {
        IDLE: errors.NothingPlaying,
        PREPARING: Step(PREPARING, Effect.NOTHING),
        STARTING: Step(STARTING, Effect.NOTHING),
        PLAYING: Step(PLAYING, Effect.NOTHING),
        PAUSED: Step(PAUSED, Effect.CONTROL),
        STOPPING: errors.NothingPlaying,
        ADRIFT: errors.AsteriskUnavailable,
    },
    Verb.RESTART: {
        IDLE: errors.NothingPlaying,
        PREPARING: Step(PREPARING, Effect.NOTHING),
        STARTING: Step(STARTING, Effect.NOTHING),
        PLAYING: Step(PLAYING, Effect.CONTROL),
        PAUSED: Step(PAUSED, Effect.CONTROL),
        STOPPING: errors.NothingPlaying,
        ADRIFT: errors.AsteriskUnavailable,
    },
    Verb.SEEK: {
        IDLE: errors.NothingPlaying,
        PREPARING: Step(PREPARING, Effect.KEEP),
        STARTING: Step(STARTING, Effect.KEEP),
        PLAYING: Step(PLAYING, Effect.CONTROL),
        PAUSED: Step(PAUSED, Effect.CONTROL),
        STOPPING: errors.NothingPlaying,
        ADRIFT: errors.AsteriskUnavailable,
    },
    Verb.VOLUME: {
        IDLE: errors.NothingPlaying,
        PREPARING: Step(PREPARING, Effect.KEEP),
        STARTING: Step(STARTING, Effect.KEEP),
        PLAYING: Step(PLAYING, Effect.CONTROL),
        PAUSED: Step(PAUSED, Effect.CONTROL),
        STOPPING: errors.NothingPlaying,
        ADRIFT: errors.AsteriskUnavailable,
    },
}

_LATE: Row = {STOPPING: Step(STOPPING, Effect.IGNORE), ADRIFT: Step(ADRIFT, Effect.IGNORE)}
"""A report of the leg that its own end, or the lost link, has overtaken."""

_END: Row = {
    STARTING: Step(STOPPING, Effect.CLOSE),
    PLAYING: Step(STOPPING, Effect.CLOSE),
    PAUSED: Step(STOPPING, Effect.CLOSE),
    STOPPING: Step(STOPPING, Effect.IGNORE),
    ADRIFT: Step(ADRIFT, Effect.NOTE),
}
"""The leg says that it is over, and hangs up by itself."""

_DESERTED: Row = {
    IDLE: Step(IDLE, Effect.IGNORE),
    PREPARING: Step(IDLE, Effect.ABANDON),
    STARTING: Step(STOPPING, Effect.STOP),
    PLAYING: Step(STOPPING, Effect.STOP),
    PAUSED: Step(STOPPING, Effect.STOP),
    STOPPING: Step(STOPPING, Effect.NOTE),
    ADRIFT: Step(ADRIFT, Effect.NOTE),
}
"""Nobody is left to hear it: it stops at once, or it would keep the call open."""

EVENTS: dict[Event, Row] = {
    Event.PREPARED: {PREPARING: Step(STARTING, Effect.NOTE)},
    Event.NOT_STARTED: {
        PREPARING: Step(IDLE, Effect.FREE),
        STARTING: Step(IDLE, Effect.FREE),
        STOPPING: Step(IDLE, Effect.FREE),
        ADRIFT: Step(IDLE, Effect.FREE),
    },
    Event.JOINED: {STARTING: Step(STARTING, Effect.NOTE), **_LATE},
    Event.JOIN_FAILED: {
        STARTING: Step(STOPPING, Effect.STOP),
        PLAYING: Step(STOPPING, Effect.STOP),
        PAUSED: Step(STOPPING, Effect.STOP),
        **_LATE,
    },
    Event.STREAMING: {
        STARTING: Step(STARTING, Effect.NOTE),
        PLAYING: Step(PLAYING, Effect.NOTE),
        PAUSED: Step(PLAYING, Effect.NOTE),
        **_LATE,
    },
    Event.RUNNING: {STARTING: Step(PLAYING, Effect.RUN)},
    Event.HELD: {
        PLAYING: Step(PAUSED, Effect.NOTE),
        PAUSED: Step(PAUSED, Effect.NOTE),
        **_LATE,
    },
    Event.WAITING: {
        PLAYING: Step(PLAYING, Effect.NOTE),
        PAUSED: Step(PLAYING, Effect.NOTE),
        **_LATE,
    },
    Event.ITEM_ENDED: {
        STARTING: Step(STARTING, Effect.NOTE),
        PLAYING: Step(PLAYING, Effect.NOTE),
        PAUSED: Step(PAUSED, Effect.NOTE),
        **_LATE,
    },
    Event.LIST_ENDED: _END,
    Event.CLIP_FAILED: _END,
    Event.TIME_LIMIT: _END,
    Event.LEG_GONE: {
        STARTING: Step(IDLE, Effect.FREE),
        PLAYING: Step(IDLE, Effect.FREE),
        PAUSED: Step(IDLE, Effect.FREE),
        STOPPING: Step(IDLE, Effect.FREE),
        ADRIFT: Step(IDLE, Effect.FREE),
    },
    Event.PARTY_LEFT: _DESERTED,
    Event.TARGET_MOVED: _DESERTED,
    Event.LINK_LOST: {
        IDLE: Step(IDLE, Effect.IGNORE),
        PREPARING: Step(PREPARING, Effect.IGNORE),
        STARTING: Step(ADRIFT, Effect.LOSE),
        PLAYING: Step(ADRIFT, Effect.LOSE),
        PAUSED: Step(ADRIFT, Effect.LOSE),
        STOPPING: Step(ADRIFT, Effect.LOSE),
        ADRIFT: Step(ADRIFT, Effect.IGNORE),
    },
    Event.FOUND_PLAYING: {ADRIFT: Step(PLAYING, Effect.TAKE_OVER)},
    Event.FOUND_PAUSED: {ADRIFT: Step(PAUSED, Effect.TAKE_OVER)},
    Event.NEVER_SENT: {ADRIFT: Step(PREPARING, Effect.BEGIN)},
}


def on_command(state: State, verb: Verb) -> Step:
    """What *verb* does in *state*; raises the error of the cell where it is refused."""
    cell = COMMANDS[verb][state]
    if isinstance(cell, Step):
        return cell
    raise cell


def on_event(state: State, event: Event) -> Step:
    """What *event* does in *state*; raises `IllegalEvent` where it may not happen."""
    cell = EVENTS[event].get(state)
    if isinstance(cell, Step):
        return cell
    raise IllegalEvent(f"{event} while {state}")
