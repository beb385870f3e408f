"""When a command is heard: the first frame in which what was asked for is so."""

from collections.abc import Callable, Sequence

from ears import hearing
from ears.ear import Frame

Effect = Callable[[Sequence[Frame]], Frame | None]
"""Looks at the frames since the command; None while it is not heard yet."""

SILENT_FRAMES = 3
"""So many in a row are a silence; a single one is a frame that a busy machine has lost."""

NEAR_SECONDS = 0.060
"""A place in the clip is right within three frames."""

QUIETER = 0.5
"""Of the loudness before; 12 dB are a quarter."""


def sound(frames: Sequence[Frame]) -> Frame | None:
    """Anything is heard."""
    return hearing.first_audible(frames)


def silence(frames: Sequence[Frame]) -> Frame | None:
    """Nothing is heard any more."""
    quiet: list[Frame] = []
    for frame in frames:
        quiet = [] if hearing.audible(frame) else [*quiet, frame]
        if len(quiet) == SILENT_FRAMES:
            return quiet[0]
    return None


def place(seconds: float) -> Effect:
    """The sweep is heard at that place, give or take what a command takes."""

    def look(frames: Sequence[Frame]) -> Frame | None:
        heard = (frame for frame in frames if hearing.audible(frame))
        return next((f for f in heard if abs(position(f) - seconds) < NEAR_SECONDS), None)

    return look


def quieter(before: Frame) -> Effect:
    """It is heard, but less loud."""
    limit = hearing.loudness(before) * QUIETER

    def look(frames: Sequence[Frame]) -> Frame | None:
        heard = (frame for frame in frames if hearing.audible(frame))
        return next((f for f in heard if hearing.loudness(f) < limit), None)

    return look


def position(frame: Frame) -> float:
    """Seconds into the sweep."""
    return hearing.sweep_position(frame)
