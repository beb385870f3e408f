"""Random scripts: what clients ask and what callers do, one burst after the other."""

from dataclasses import dataclass

from hypothesis import strategies as st

from callcue.core.commands import Command, Pause, Play, Restart, Resume, Seek, Stop, Volume
from callcue.core.playback import PlayRequest
from callcue.core.types import IfPlaying, Milliseconds

SOUNDS = ("greeting", "offer", "goodbye")
"""Every world has these, each long enough not to end by itself during a script."""


@dataclass(frozen=True)
class Do:
    """A client asks something of a room (its index)."""

    room: int
    command: Command


@dataclass(frozen=True)
class EndClip:
    """The clip heard there ends."""

    room: int


@dataclass(frozen=True)
class Leave:
    """All parties of the room go."""

    room: int


@dataclass(frozen=True)
class Enter:
    """A party comes into the room."""

    room: int


@dataclass(frozen=True)
class LoseLink:
    """The connection to Asterisk is cut."""


Step = Do | EndClip | Leave | Enter | LoseLink
Script = list[list[Step]]
"""Bursts: the steps of one happen at the same moment, the next burst after all are answered."""

_PLAYS = st.builds(
    lambda media, rounds, how: Play(PlayRequest(tuple(media), rounds, if_playing=how)),
    st.lists(st.sampled_from(SOUNDS), min_size=1, max_size=2),
    st.integers(1, 2),
    st.sampled_from(IfPlaying),
)
_SEEKS = st.builds(
    lambda to, item: Seek(Milliseconds(to), item),
    st.integers(0, 40_000),
    st.sampled_from([None, 1, 2]),
)
_CONTROLS: list[st.SearchStrategy[Command]] = [
    st.just(Pause()),
    st.just(Resume()),
    st.just(Restart()),
    _SEEKS,
    st.builds(Volume, st.integers(-12, 12)),
    st.builds(Stop, keep_queue=st.booleans()),
]


def _steps(rooms: int, faults: bool) -> st.SearchStrategy[Step]:
    """One step. Plays are as likely as everything that ends one, so that much is playing."""
    room = st.integers(0, rooms - 1)
    asked: list[st.SearchStrategy[Step]] = [
        st.builds(Do, room, command) for command in [_PLAYS, _PLAYS, _PLAYS, *_CONTROLS, *_CONTROLS]
    ]
    happened: list[st.SearchStrategy[Step]] = [
        st.builds(EndClip, room),
        st.builds(EndClip, room),
        st.builds(Leave, room),
        st.builds(Enter, room),
    ]
    cuts: list[st.SearchStrategy[Step]] = [st.just(LoseLink())] * 2 if faults else []
    return st.one_of(*asked, *happened, *cuts)


@st.composite
def scripts(draw: st.DrawFn, *, rooms: int, faults: bool = False) -> Script:
    """A script for so many rooms; with *faults* the link is cut now and then.

    Something plays from the start, and an empty room is soon entered again: a script in which
    every command is refused proves little.
    """
    script: Script = [[Do(room, draw(_PLAYS)) for room in range(rooms)]]
    for burst in draw(
        st.lists(st.lists(_steps(rooms, faults), min_size=1, max_size=3), max_size=12)
    ):
        script.append(burst)
        script += [[Enter(step.room)] for step in burst if isinstance(step, Leave)]
    return script
