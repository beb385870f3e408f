"""The test PBX's music on hold: one steady tone, by which an ear knows it."""

import math
from pathlib import Path

HERTZ = 300
RATE = 8000
LOUDNESS = 8000


def write_music(folder: Path) -> None:
    """Write a second of it, which repeats without a seam.

    As Asterisk's own raw form: of a WAV it leaves out the last 44 bytes, each time round.
    """
    folder.mkdir(parents=True, exist_ok=True)
    samples = (round(LOUDNESS * math.sin(2 * math.pi * HERTZ * n / RATE)) for n in range(RATE))
    data = b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
    (folder / "tone.sln").write_bytes(data)
