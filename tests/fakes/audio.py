"""Files of sound, made as others make them: tones, in all usual forms."""

import io
import wave
from typing import Any, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

TONE = 440.0

Samples = NDArray[np.int16]


def tone(
    seconds: float = 2.0, rate: int = 44100, channels: int = 1, hertz: float = TONE, at: float = 0.5
) -> Samples:
    """A sine of *at* times full scale, one row for each moment."""
    moments = np.arange(round(seconds * rate)) / rate
    one = (np.sin(2 * np.pi * hertz * moments) * at * 32767).astype(np.int16)
    return np.repeat(one[:, None], channels, axis=1)


def wav(samples: Samples, rate: int = 44100) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(samples.shape[1])
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def encoded(
    samples: Samples, container: str, codec: str, rate: int = 44100, **options: Any
) -> bytes:
    """By the encoders of FFmpeg, in one of its containers."""
    file = io.BytesIO()
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    with av.open(file, "w", format=container) as writer:
        stream = cast(AudioStream, writer.add_stream(codec, rate=rate, options=options))
        stream.layout = layout
        for start in range(0, len(samples), 4096):
            block = np.ascontiguousarray(samples[start : start + 4096]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
            frame.sample_rate = rate
            frame.pts = start
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode(None))
    return file.getvalue()


def heard(raw: bytes) -> Samples:
    """The samples of a clip."""
    return np.frombuffer(raw, "<i2").astype(np.int16)


def pitch(samples: Samples, rate: int = 8000) -> float:
    """The loudest frequency in hertz, to half a hertz."""
    windowed = samples * np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(windowed, max(len(samples), 2 * rate)))
    return float(np.argmax(spectrum)) * rate / max(len(samples), 2 * rate)
