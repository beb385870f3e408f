"""What the frames of an ear say: loudness, pitch, and where in a sweep one is."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .clips import CLOCK_COARSE, CLOCK_FINE, CLOCK_STEP, RATE, SWEEP_SLOPE, SWEEP_START
from .ear import Frame

AUDIBLE = 300.0
"""RMS above which a frame is heard; a clip's is near 5,600, a pause's 0."""


def loudness(frame: Frame) -> float:
    """Root mean square of the frame's samples."""
    return float(np.sqrt(np.mean(frame.samples.astype(np.float64) ** 2)))


def audible(frame: Frame) -> bool:
    """Whether a person would hear anything in it."""
    return loudness(frame) > AUDIBLE


def pitch(samples: NDArray[np.int16], within: tuple[float, float] = (0, RATE / 2)) -> float:
    """The strongest frequency in a band in Hz: a windowed spectrum's peak, between its bins."""
    windowed = samples.astype(np.float64) * np.hanning(len(samples))
    size = 4096
    spectrum = np.abs(np.fft.rfft(windowed, size))
    lowest, highest = (round(hertz * size / RATE) for hertz in within)
    k = lowest + int(np.argmax(spectrum[lowest : highest + 1]))
    if 0 < k < len(spectrum) - 1:
        left, mid, right = np.log(spectrum[k - 1 : k + 2] + 1e-9)
        k = k + 0.5 * (left - right) / (left - 2 * mid + right)
    return float(k * RATE / size)


def strength(samples: NDArray[np.int16], hertz: float) -> float:
    """How much of one frequency is in the samples: the amplitude of that tone."""
    t = np.arange(len(samples)) / RATE
    window = np.hanning(len(samples))
    wave = np.exp(-2j * np.pi * hertz * t) * window
    return float(2 * np.abs(np.sum(samples.astype(np.float64) * wave)) / np.sum(window))


def without(frame: Frame, *voices: float) -> Frame:
    """The frame with these steady tones taken out, to hear what is behind them.

    They must be multiples of 50 Hz: those fit into a frame and leave all else as it is.
    """
    t = np.arange(len(frame.samples)) / RATE
    rest = frame.samples.astype(np.float64)
    for hertz in voices:
        wave = np.exp(2j * np.pi * hertz * t)
        rest -= np.real(2 * np.mean(rest * wave.conj()) * wave)
    return Frame(frame.at, rest.round().astype(np.int16))


def sweep_position(frame: Frame) -> float:
    """Seconds into a sweep at the frame's first sample."""
    middle = (pitch(frame.samples) - SWEEP_START) / SWEEP_SLOPE
    return middle - len(frame.samples) / RATE / 2


def pitches(frames: Sequence[Frame]) -> list[float]:
    """The pitch of each audible frame, in order."""
    return [pitch(frame.samples) for frame in frames if audible(frame)]


def samples_of(frames: Sequence[Frame]) -> NDArray[np.int16]:
    """All samples of *frames*, in one row."""
    return np.concatenate([frame.samples for frame in frames])


def first_audible(frames: Sequence[Frame]) -> Frame | None:
    """The first frame in which anything is heard."""
    return next((frame for frame in frames if audible(frame)), None)


def quiet_runs(frames: Sequence[Frame]) -> list[int]:
    """How many silent frames stand together, for each silence between two sounds."""
    heard = [index for index, frame in enumerate(frames) if audible(frame)]
    gaps = (after - before - 1 for before, after in pairwise(heard))
    return [gap for gap in gaps if gap]


LOST_FRAME = 1
"""At a time: a mixer that comes late on a busy machine finds nothing, whatever callcue does."""

LATE_FRAMES = 3
"""So many may be empty where a busy machine mixes late; what was disturbed is silent longer."""


def goes_on(frames: Sequence[Frame]) -> bool:
    """Whether a sweep is heard in all of them, without a gap and without a jump."""
    gap = max(quiet_runs(frames), default=0)
    starts = [
        sweep_position(frame) - 0.02 * index for index, frame in enumerate(frames) if audible(frame)
    ]
    jump = abs(float(np.median(starts[-10:])) - float(np.median(starts[:10])))
    return gap <= LATE_FRAMES and jump < 0.1


def onset(heard: NDArray[np.int16], clip: NDArray[np.int16]) -> int:
    """Where in *heard* the clip begins: the sample at which the two agree best."""
    match = np.correlate(heard.astype(np.float64), clip.astype(np.float64), mode="valid")
    return int(np.argmax(match))


def is_pure(frame: Frame) -> bool:
    """Whether one single tone is all that is in the frame."""
    peak = strength(frame.samples, pitch(frame.samples))
    return bool(peak > 0.95 * loudness(frame) * np.sqrt(2))


def identities(frame: Frame, candidates: Sequence[float]) -> list[float]:
    """Which of these clocks are in the frame, by their identity tones."""
    if not audible(frame):
        return []
    return [hz for hz in candidates if strength(frame.samples, hz) > 0.25 * loudness(frame)]


def clock_ms(frame: Frame) -> float:
    """ms into a clock at the frame's first sample; the frame must hold just one."""
    start, slope = CLOCK_FINE
    second = round((pitch(frame.samples, (450, 1600)) - CLOCK_COARSE) / CLOCK_STEP)
    within = (pitch(frame.samples, (1900, 3100)) - start) / slope
    return (second + within) * 1000 - len(frame.samples) / RATE * 500


def falls_silent(frames: Sequence[Frame]) -> bool:
    """Whether nothing is heard any more, but for what was on its way to the ear.

    Confirmed to silent is one frame; a busy machine brings an ear up to four more late.
    """
    return not any(audible(frame) for frame in frames[5:])
