"""All that an origin may do to us, and what is to be said of each.

`python -m fakes.hostile` serves it from a process of its own until its stdin closes, as somebody's
server on the Internet would.
"""

import asyncio
import gzip
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import numpy as np

from . import audio
from .foreign import playlist, silenced, with_external_reference
from .origin import Script, answer, broken_off, drip, endless, origin, redirect, silent

TESTS = Path(__file__).parents[1]

METADATA = "http://169.254.169.254/latest/meta-data"
PAGE = b"<!doctype html><html><body>Welcome</body></html>" * 50
NICENESS = 19
"""An origin has a machine of its own: here it shall take no time from those it plays beside."""

SECOND = 8000


@cache
def scripts() -> dict[str, tuple[Script, str]]:
    """By path: what is done there, and the reason, in words, for which it is no clip."""
    cut = audio.encoded(audio.tone(1.0), "mp3", "libmp3lame")[:30]
    return {
        "/to-loopback": (redirect("http://127.0.0.1/"), "refused address"),
        "/to-metadata": (redirect(METADATA), "refused address"),
        "/to-a-file": (redirect("file:///etc/passwd"), "invalid url"),
        "/to-itself": (redirect("/to-itself"), "origin failed"),
        "/endless": (endless, "too large"),
        "/too-large": (answer(b"RIFF", Content_Length=str(2**40)), "too large"),
        "/drip": (drip, "timed out"),
        "/silent": (silent, "timed out"),
        "/page.wav": (answer(PAGE, Content_Type="audio/wav"), "not audio"),
        "/cut.wav": (answer(audio.wav(audio.tone(1.0))[:30]), "not audio"),
        "/cut.mp3": (answer(cut), "not audio"),
        "/packed.wav": (
            answer(gzip.compress(bytes(50_000_000)), Content_Encoding="gzip"),
            "origin failed",
        ),
        "/bomb.flac": (answer(bomb()), "too long"),
        "/slow.wav": (answer(audio.wav(np.zeros((20_000, 1), np.int16), 1)), "too long"),
        "/hours.aac": (answer(three_hours()), "too long"),
        **{
            f"/list.{kind}": (
                answer(playlist(kind, METADATA), Content_Type="audio/wav"),
                "not audio",
            )
            for kind in ("m3u8", "m3u", "concat", "dash", "sdp")
        },
        "/elsewhere.mov": (answer(elsewhere(Path("/etc/passwd"))), "not audio"),
        "/404": (answer(b"", "404 Not Found"), "not found"),
        "/500": (answer(b"", "500 Oops"), "origin failed"),
        "/reset": (broken_off(b"RIFF", 100_000, reset=True), "origin failed"),
    }


def bomb() -> bytes:
    """Some kilobytes that become twenty minutes; of those at 1 Hz each two bytes are a second."""
    silence = np.zeros((1200 * SECOND, 1), np.int16)
    return audio.encoded(silence, "flac", "flac", SECOND)


def three_hours() -> bytes:
    """Frames of silence, one after the other: the form has no word for how many."""
    ten_seconds = audio.encoded(np.zeros((10 * SECOND, 1), np.int16), "adts", "aac", SECOND)
    return ten_seconds * (3 * 360)


def elsewhere(there: Path) -> bytes:
    """A movie whose sound lies in a file of ours."""
    movie = audio.encoded(audio.tone(1.0, SECOND), "mov", "pcm_s16be", SECOND)
    return silenced(with_external_reference(movie, there))


@asynccontextmanager
async def in_its_own_process() -> AsyncIterator[int]:
    """The port of loopback where it is."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fakes.hostile"),
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def _serve() -> None:
    async with origin() as served:
        served.paths |= {path: script for path, (script, _) in scripts().items()}
        sys.stdout.write(f"{served.port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    os.nice(NICENESS)
    asyncio.run(_serve())
