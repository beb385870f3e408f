"""Clips whose sound says what they are: steady tones, and sweeps whose pitch tells the time."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples a second: the rate Asterisk's own offsets assume."""

SWEEP_START = 400.0
"""Hz at the first sample of a sweep."""

SWEEP_SLOPE = 250.0
"""Hz a second: 20 ms of a sweep are 5 Hz, which a 20 ms frame still tells apart."""

LOUDNESS = 8000


def tone(hertz: float, seconds: float) -> NDArray[np.int16]:
    """A steady tone."""
    t = np.arange(int(seconds * RATE)) / RATE
    return (LOUDNESS * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


def sweep(seconds: float) -> NDArray[np.int16]:
    """A tone that rises evenly; up to 12 seconds stay below 3,400 Hz."""
    t = np.arange(int(seconds * RATE)) / RATE
    phase = SWEEP_START * t + SWEEP_SLOPE * t * t / 2
    return (LOUDNESS * np.sin(2 * np.pi * phase)).astype(np.int16)


def write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    """Write *samples* as the WAV that Asterisk plays: 8 kHz, mono, 16 bit."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())


def write_sln(path: Path, samples: NDArray[np.int16]) -> None:
    """Write *samples* as Asterisk's own raw form, which it plays to the last sample.

    Of a WAV it reads 44 bytes less than there are, and the short last frame comes late or never.
    """
    path.write_bytes(samples.astype("<i2").tobytes())


CLOCK_COARSE = 500.0
"""Hz of a clock's second 0; each second is `CLOCK_STEP` higher."""

CLOCK_STEP = 15.0

CLOCK_FINE = (2000.0, 1000.0)
"""Hz at the start of each second, and Hz by which it rises within the second."""


def clock(identity: float, seconds: int) -> NDArray[np.int16]:
    """Three tones at once: who it is, which second it is, and how far into the second."""
    t = np.arange(seconds * RATE) / RATE
    second, within = np.floor(t), t % 1
    start, slope = CLOCK_FINE
    who = np.sin(2 * np.pi * identity * t)
    which = np.sin(2 * np.pi * (CLOCK_COARSE + CLOCK_STEP * second) * within)
    where = np.sin(2 * np.pi * (start * within + slope * within * within / 2))
    return (LOUDNESS / 3 * (who + which + where)).astype(np.int16)
