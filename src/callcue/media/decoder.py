"""Decodes what strangers have made, in a process beside this one that can do nothing else.

A decoder is a megabyte of C that reads hostile bytes. So each file has a process of its own, which
has no environment, opens nothing, and lives no longer than its file; see `decoding.py`.
"""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from callcue.core.types import Milliseconds

from .failures import MediaFailed, Reason
from .watch import MediaWatch, Unwatched, timed

PROGRAM = Path(__file__).with_name("decoding.py")

START = "import os, runpy, sys; os.nice(10); runpy.run_path(sys.argv[1], run_name='__main__')"
"""Whoever is on the phone goes first, from before it loads its megabytes: on two busy processors a
running call has lost up to three frames to them (heard)."""

CHUNK_BYTES = 64 * 1024
TEN_MINUTES = Milliseconds(600_000)

_MAY_FAIL = frozenset({Reason.NOT_AUDIO, Reason.TOO_LONG, Reason.DISK_FULL})
_TOO_SLOW = frozenset({-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGALRM})
"""How a process ends that took more time than it had: the kernel has a signal for each limit."""


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """What one file may take."""

    longest: Milliseconds = TEN_MINUTES
    memory: int = 512 * 1024**2
    """Bytes of address space, of which Python and FFmpeg take 130 MB before they begin."""
    cpu_seconds: int = 20
    wall_seconds: int = 30
    at_once: int = 2


class Decoder:
    """Turns any file of sound into raw signed linear, 8 kHz mono 16 bit little endian."""

    def __init__(
        self,
        limits: DecoderLimits | None = None,
        *,
        loudness: float | None = None,
        watch: MediaWatch | None = None,
    ) -> None:
        """*loudness*, in LUFS, is what clips are brought to, if anything."""
        self._watch = watch or Unwatched()
        self._limits = limits or DecoderLimits()
        self._loudness = loudness
        self._places = asyncio.Semaphore(self._limits.at_once)

    async def decode(self, source: FileIO, output: FileIO) -> float:
        """Decode *source* from where it stands into *output*; returns the peak, 0 to 1.

        However it ends, the process is gone by then. Raises `MediaFailed`: `NOT_AUDIO`,
        `TOO_LONG`, `TIMED_OUT`, `DISK_FULL`.
        """
        async with self._places:
            with timed(self._watch):
                return await self._decoded(source, output)

    async def _decoded(self, source: FileIO, output: FileIO) -> float:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", START, str(PROGRAM)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                pass_fds=(source.fileno(), output.fileno()),
                env={},
                cwd="/",
                start_new_session=True,  # no Ctrl-C is meant for it
            )
        except OSError:
            raise MediaFailed(Reason.TIMED_OUT, "there is no room to decode") from None
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                answer = await self._ask(process, source.fileno(), output.fileno())
        except TimeoutError:
            raise _too_slow() from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            # What it said too much is in the way of its end being noticed.
            assert process.stdout is not None
            while await process.stdout.read(CHUNK_BYTES):
                pass
            await process.wait()
        return _peak(answer, process.returncode)

    async def _ask(self, process: Process, source: int, output: int) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        order = {
            "input": source,
            "output": output,
            "longest": self._limits.longest,
            "loudness": self._loudness,
            "memory": self._limits.memory,
            "cpu": self._limits.cpu_seconds,
            # It is here that time is kept; the process knows in case we are killed.
            "wall": self._limits.wall_seconds + 1,
        }
        process.stdin.write(json.dumps(order).encode() + b"\n")
        try:
            answer = await process.stdout.readline()
        except ValueError:
            raise _broken() from None  # that is more than it has to say
        await process.wait()
        return answer


def _peak(answer: bytes, returncode: int | None) -> float:
    """What the process said, believed no further than the form goes."""
    try:
        said = json.loads(answer)
        if "failed" not in said:
            return min(1.0, max(0.0, float(said["peak"])))
        reason, detail = Reason(said["failed"]), str(said["detail"])
    except (ValueError, KeyError, TypeError):
        if returncode in _TOO_SLOW:
            raise _too_slow() from None
        raise _broken() from None
    raise MediaFailed(reason if reason in _MAY_FAIL else Reason.NOT_AUDIO, detail[:200])


def _broken() -> MediaFailed:
    return MediaFailed(Reason.NOT_AUDIO, "the decoder broke down over it")


def _too_slow() -> MediaFailed:
    return MediaFailed(Reason.TIMED_OUT, "decoding takes too long")
