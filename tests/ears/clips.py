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
