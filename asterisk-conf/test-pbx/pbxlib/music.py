"""The test PBX's music on hold: one steady tone, by which an ear knows it."""

import math
import wave
from pathlib import Path

HERTZ = 300
RATE = 8000
LOUDNESS = 8000


def write_music(folder: Path) -> None:
    """Write a second of it, which repeats without a seam."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = (round(LOUDNESS * math.sin(2 * math.pi * HERTZ * n / RATE)) for n in range(RATE))
    with wave.open(str(folder / "tone.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
