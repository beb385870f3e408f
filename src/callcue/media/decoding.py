"""A program of its own: decodes one file of a stranger into raw signed linear, 8 kHz mono 16 bit.

Run by path, with Python's -I and an empty environment; see `decoder.py`. The input and the output
are open files. One line comes in on stdin, one goes out on stdout, both JSON:

    {"input": fd, "output": fd, "longest": ms, "loudness": LUFS or null,
     "memory": bytes, "cpu": seconds, "wall": seconds}
    {"peak": 0..1} or {"failed": "not_audio" | "too_long" | "disk_full", "detail": text}

Before it looks at a byte it gives up what decoding does not need. It can open no file and no
socket any more, whatever the stranger's file makes it do; and it ends by itself, should the
service be killed that waits for it.
"""

import io
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import av
import av.logging
from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NotYet
from av.error import EOFError as Ended
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext

RATE = 8000
BLOCK_BYTES = 64 * 1024

OPTIONS = {
    # No playlist among them, and nothing that needs a second file.
    "format_whitelist": "wav,w64,mp3,ogg,flac,mov,aac,matroska,webm,aiff,au,amr",
    # Sound only: a file's pictures are not even probed.
    "codec_whitelist": "aac,alac,amrnb,amrwb,flac,gsm,gsm_ms,mp2,mp2float,mp3,mp3float,opus,vorbis,"
    "adpcm_g722,adpcm_g726,adpcm_g726le,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_swf,"
    "pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,pcm_s16be,pcm_s16le,pcm_s24be,pcm_s24le,"
    "pcm_s32be,pcm_s32le,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le",
    # There is no such protocol.
    "protocol_whitelist": "none",
    "probesize": "2000000",
    "max_streams": "32",
}

RESAMPLE = (
    # Steeper than by default: what is below 3.6 kHz as it was, and nothing from above 4 kHz. The
    # sum of several channels is scaled so that it cannot clip.
    f"{RATE}:filter_size=128:cutoff=0.95:filter_type=kaiser:kaiser_beta=9"
    ":rematrix_maxval=1:ochl=mono:osf=s16:tsf=fltp"
)
S16 = ("aformat", "s16:channel_layouts=mono")

CEILING = 10 ** (-1 / 20)
"""The true peak, of full scale, beyond which nothing is made louder."""

QUIETEST = -69.0
"""LUFS. What measures less is silence, or too short to be measured, and stays as it is."""


A_MILLISECOND = (
    b"RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
    b"data\x10\0\0\0" + bytes(16)
)
"""Of silence, as a WAV."""


class Failed(Exception):
    """There is no clip: the reason, and a detail."""


def decode(source: BinaryIO, output: BinaryIO, longest: int) -> float:
    """Write the first stream of sound; returns its peak. *longest* is in samples."""
    peak = samples = 0
    for block in _blocks(_frames(source)):
        samples += len(block)
        if samples > longest:
            raise Failed("too_long", f"it is longer than {longest // RATE} s")
        peak = max(peak, max(block), -min(block))
        output.write(block)
    if not samples:
        raise Failed("not_audio", "nothing in it can be decoded")
    output.flush()
    return min(peak / 32767, 1.0)


def level(output: BinaryIO, loudness: float) -> float:
    """Bring what was written to *loudness* in LUFS (EBU R128); returns its new peak."""
    measured = {"lavfi.r128.I": "-70", "lavfi.r128.true_peak": "0"}
    for frame in _filtered(output, ("ebur128", "metadata=1:peak=true:framelog=quiet")):
        measured |= frame.metadata
    is_at, true_peak = (float(measured[f"lavfi.r128.{name}"]) for name in ("I", "true_peak"))
    gain = 1.0
    if is_at > QUIETEST:
        gain = 10 ** ((loudness - is_at) / 20)
        if gain > 1:
            gain = max(1.0, min(gain, CEILING / true_peak))
    peak = written = 0
    for block in _blocks(_filtered(output, ("volume", f"{gain}:precision=float"), S16)):
        peak = max(peak, max(block), -min(block))
        output.seek(written)
        written += output.write(block)
    output.flush()
    return min(peak / 32767, 1.0)


def _frames(source: BinaryIO) -> Iterator[AudioFrame]:
    """The sound at our rate. What is broken in mid-file is left out, as players do."""
    with av.open(source, "r", options=OPTIONS, metadata_errors="replace") as container:
        if not container.streams.audio:
            raise Failed("not_audio", "there is no sound in it")
        graph: _Line | None = None
        for frame in _decoded(container):
            # A stream may change its form halfway.
            form = (frame.format.name, frame.layout.name, frame.sample_rate)
            if graph is None or graph.form != form:
                if graph is not None:
                    yield from graph.rest()
                graph = _Line(form, ("aresample", RESAMPLE), S16)
            frame.pts = None  # gaps and jumps in time are no business of a clip
            yield from graph.through(frame)
        if graph is not None:
            yield from graph.rest()


def _decoded(container: Any) -> Iterator[AudioFrame]:
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise Failed("not_audio", "its sound is of a kind that nobody knows")
    stream.codec_context.thread_count = 1
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            packet = None  # cut off here
        with suppress(FFmpegError):  # this packet is broken, or the last was
            yield from stream.codec_context.decode(packet)
        if packet is None:
            return


def _filtered(output: BinaryIO, *filters: tuple[str, str]) -> Iterator[AudioFrame]:
    """What was written, from its beginning, through *filters*."""
    line = _Line(("s16", "mono", RATE), *filters)
    read = 0
    while True:
        output.seek(read)
        block = output.read(BLOCK_BYTES)
        if not block:
            break
        read += len(block)
        frame = AudioFrame("s16", "mono", len(block) // 2)
        frame.sample_rate = RATE
        frame.planes[0].update(block.ljust(frame.planes[0].buffer_size, b"\0"))
        yield from line.through(frame)
    yield from line.rest()


def _blocks(frames: Iterator[AudioFrame]) -> Iterator["memoryview[int]"]:
    """The samples of 16 bit frames; planes are longer than what is in them."""
    for frame in frames:
        if frame.samples:
            yield memoryview(bytes(frame.planes[0])[: frame.samples * 2]).cast("h")


class _Line:
    """Filters in a row, for frames of one form."""

    def __init__(self, form: tuple[str, str, int], *filters: tuple[str, str]) -> None:
        self.form = form
        name, layout, rate = form
        self._graph = graph = Graph()  # which its filters do not keep alive
        graph.threads = 1
        self._begin = graph.add_abuffer(format=name, layout=layout, sample_rate=rate)
        self._end: FilterContext = graph.add("abuffersink")
        graph.link_nodes(
            self._begin, *(graph.add(name, args) for name, args in filters), self._end
        ).configure()

    def through(self, frame: AudioFrame | None) -> Iterator[AudioFrame]:
        self._begin.push(frame)
        while True:
            try:
                pulled = self._end.pull()
            except (NotYet, Ended):
                return
            assert isinstance(pulled, AudioFrame)
            yield pulled

    def rest(self) -> Iterator[AudioFrame]:
        return self.through(None)


def _confine(order: dict[str, int]) -> None:
    """Give up what is not needed, for good."""
    signal.alarm(order["wall"])
    cpu, size = order["cpu"], order["longest"] * 2
    for limit, most in (
        (resource.RLIMIT_AS, order["memory"]),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
        # Of files: those that are open stay so, and nothing is opened or connected to any more.
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    order["longest"] = order["longest"] * RATE // 1000
    source = os.fdopen(order["input"], "rb")
    output = os.fdopen(order["output"], "w+b")
    av.logging.set_level(None)
    # The library loads parts of itself when first needed: now, while files can be opened.
    decode(io.BytesIO(A_MILLISECOND), io.BytesIO(), RATE)
    _confine(order)
    try:
        peak = decode(source, output, order["longest"])
        if order["loudness"] is not None:
            peak = level(output, order["loudness"])
    except Failed as failed:
        return {"failed": failed.args[0], "detail": failed.args[1]}
    except MemoryError:
        return {"failed": "not_audio", "detail": "decoding it takes too much memory"}
    except FFmpegError as error:
        return {"failed": "not_audio", "detail": error.strerror or ""}
    except OSError as error:
        return {"failed": "disk_full", "detail": os.strerror(error.errno or 0)}
    return {"peak": peak}


def _main() -> None:
    answer = _answer(json.loads(sys.stdin.readline()))
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    # What is left of the stranger's file is not worth an orderly end.
    os._exit(0)


if __name__ == "__main__":
    _main()
