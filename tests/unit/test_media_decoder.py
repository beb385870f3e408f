"""Files of all forms become the clip that they say, and no file does more than that."""

import asyncio
import io
import os
import signal
import struct
import sys
import zipfile
from collections.abc import Awaitable, Callable
from io import FileIO
from pathlib import Path

import av
import numpy as np
import pytest
from fakes.audio import TONE, Samples, encoded, heard, pitch, tone, wav
from fakes.foreign import KINDS, playlist, silenced, with_external_reference
from fakes.waiting import until

from callcue.core.types import Milliseconds
from callcue.media import decoder, decoding
from callcue.media.decoder import PROGRAM, Decoder, DecoderLimits
from callcue.media.failures import MediaFailed, Reason

Decode = Callable[..., Awaitable[Samples]]


def children() -> set[str]:
    """Processes of ours, dead or alive, that nobody has waited for."""
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


@pytest.fixture
def decode(tmp_path: Path) -> Decode:
    async def decoded(file: bytes, decoder: Decoder | None = None) -> Samples:
        before = children()
        (tmp_path / "in").write_bytes(file)
        with (
            (tmp_path / "in").open("rb", buffering=0) as source,
            (tmp_path / "out").open("w+b", buffering=0) as output,
        ):
            try:
                peak = await (decoder or Decoder()).decode(source, output)
            finally:
                assert children() == before
        samples = heard((tmp_path / "out").read_bytes())
        assert peak == pytest.approx(np.abs(samples.astype(int)).max() / 32767, abs=1e-4)
        return samples

    return decoded


async def failure(decoding: Awaitable[Samples]) -> MediaFailed:
    with pytest.raises(MediaFailed) as caught:
        await decoding
    return caught.value


FORMS: dict[str, Callable[[Samples, int], bytes]] = {
    "wav": wav,
    "mp3": lambda samples, rate: encoded(samples, "mp3", "libmp3lame", rate),
    "opus": lambda samples, rate: encoded(samples, "ogg", "libopus", rate),
    "webm": lambda samples, rate: encoded(samples, "webm", "libopus", rate),
    "flac": lambda samples, rate: encoded(samples, "flac", "flac", rate),
    "ogg-flac": lambda samples, rate: encoded(samples, "ogg", "flac", rate),
    "m4a": lambda samples, rate: encoded(samples, "ipod", "aac", rate),
    "adts": lambda samples, rate: encoded(samples, "adts", "aac", rate),
    "aiff": lambda samples, rate: encoded(samples, "aiff", "pcm_s16be", rate),
    "au": lambda samples, rate: encoded(samples, "au", "pcm_s16be", rate),
    "alaw": lambda samples, rate: encoded(samples, "wav", "pcm_alaw", rate),
    "mulaw": lambda samples, rate: encoded(samples, "wav", "pcm_mulaw", rate),
    "adpcm": lambda samples, rate: encoded(samples, "wav", "adpcm_ima_wav", rate),
}
MADE = [
    *((form, rate, channels) for form in ("wav",) for rate in (8000, 16000) for channels in (1, 2)),
    *((form, 44100, 1) for form in FORMS if form not in ("opus", "webm")),
    *((form, 48000, 2) for form in FORMS),
    ("mp3", 16000, 1),
    ("m4a", 16000, 1),
]


@pytest.mark.parametrize(("form", "rate", "channels"), MADE)
async def test_given_a_tone_in_any_form_then_it_is_heard_at_its_pitch_and_length(
    decode: Decode, form: str, rate: int, channels: int
) -> None:
    samples = await decode(FORMS[form](tone(2.0, rate, channels), rate))
    assert abs(len(samples) - 16_000) <= 400  # 50 ms
    assert pitch(samples) == pytest.approx(TONE, abs=1)
    loudness = np.sqrt(np.mean((samples[1000:-1000] / 32767) ** 2)) * np.sqrt(2)
    assert loudness == pytest.approx(0.5, rel=0.06)  # LAME takes some away


async def test_given_ogg_vorbis_and_amr_then_they_are_heard_too(decode: Decode) -> None:
    vorbis = encoded(tone(2.0, 44100, 2), "ogg", "vorbis", strict="experimental")
    amr = encoded(tone(2.0, 8000), "amr", "libopencore_amrnb", 8000)
    for file in (vorbis, amr):
        samples = await decode(file)
        assert abs(len(samples) - 16_000) <= 400
        assert pitch(samples) == pytest.approx(TONE, abs=1)


async def test_given_full_scale_in_both_channels_then_the_mix_does_not_clip(
    decode: Decode,
) -> None:
    samples = await decode(wav(tone(1.0, 8000, 2, at=0.99), 8000))
    assert np.abs(samples).max() == pytest.approx(0.99 * 32767, rel=0.01)
    assert pitch(samples) == pytest.approx(TONE, abs=1)
    left = tone(1.0, 8000, 2, at=0.9)
    left[:, 1] = 0
    assert np.abs(await decode(wav(left, 8000))).max() == pytest.approx(0.45 * 32767, rel=0.01)


async def test_given_six_channels_without_a_layout_then_they_are_mixed(decode: Decode) -> None:
    assert pitch(await decode(wav(tone(1.0, 8000, 6), 8000))) == pytest.approx(TONE, abs=1)


async def test_given_a_large_picture_before_the_sound_then_it_is_still_heard(
    decode: Decode,
) -> None:
    """A cover, in the tag that many MP3s begin with: its length has seven bits a byte."""
    picture = b"APIC" + struct.pack(">IH", 3_000_000, 0) + bytes(3_000_000)
    length = bytes(len(picture) >> shift & 127 for shift in (21, 14, 7, 0))
    file = b"ID3\3\0\0" + length + picture + FORMS["mp3"](tone(1.0), 44100)
    assert pitch(await decode(file)) == pytest.approx(TONE, abs=1)


async def test_given_a_movie_with_pictures_then_its_sound_is_heard(decode: Decode) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as writer:
        pictures = writer.add_stream("mpeg4", rate=25, width=64, height=48, pix_fmt="yuv420p")
        sound = writer.add_stream("aac", rate=48000, layout="mono")
        for moment in range(50):
            picture = av.VideoFrame(64, 48, "yuv420p")
            picture.pts = moment
            writer.mux(pictures.encode(picture))
            part = tone(2.0, 48000)[moment * 1920 : (moment + 1) * 1920].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), layout="mono")
            frame.sample_rate = 48000
            frame.pts = moment * 1920
            writer.mux(sound.encode(frame))
        for stream in (pictures, sound):
            writer.mux(stream.encode(None))
    samples = await decode(file.getvalue())
    assert abs(len(samples) - 16_000) <= 400
    assert pitch(samples) == pytest.approx(TONE, abs=1)


async def test_given_a_stream_that_changes_its_form_then_both_parts_are_heard(
    decode: Decode,
) -> None:
    first = encoded(tone(1.0, 44100), "adts", "aac", 44100)
    second = encoded(tone(1.0, 16000, 2), "adts", "aac", 16000)
    samples = await decode(first + second)
    assert abs(len(samples) - 16_000) <= 1600  # each has its own delay
    assert pitch(samples[:7000]) == pytest.approx(TONE, abs=2)
    assert pitch(samples[-6000:]) == pytest.approx(TONE, abs=2)


@pytest.mark.parametrize(("hertz", "decibels"), [(3400, -0.5), (300, -0.5), (1000, -0.5)])
async def test_given_a_tone_of_the_telephone_band_then_it_is_kept(
    decode: Decode, hertz: int, decibels: float
) -> None:
    samples = await decode(wav(tone(1.0, 44100, hertz=hertz)))
    level = 20 * np.log10(np.sqrt(np.mean((samples[500:-500] / 32767) ** 2)) / (0.5 / np.sqrt(2)))
    assert level > decibels


@pytest.mark.parametrize("hertz", [4300, 5000, 7000, 12000])
async def test_given_a_tone_that_no_telephone_carries_then_nothing_is_heard_in_its_place(
    decode: Decode, hertz: int
) -> None:
    samples = await decode(wav(tone(1.0, 44100, hertz=hertz)))
    assert np.abs(samples[500:-500]).max() < 33  # -60 dB


@pytest.mark.parametrize("at", [0.9, 0.02])
async def test_given_a_loudness_then_the_clip_has_it(decode: Decode, at: float) -> None:
    samples = await decode(wav(tone(2.0, 8000, hertz=1000, at=at), 8000), Decoder(loudness=-20.0))
    # A sine of 1 kHz is about as many LUFS as its mean level in dB is.
    level = 20 * np.log10(np.sqrt(np.mean((samples / 32767) ** 2)))
    assert level == pytest.approx(-20.0, abs=0.7)
    assert len(samples) == 16_000


async def test_given_a_loudness_out_of_reach_then_the_peak_stays_below_full_scale(
    decode: Decode,
) -> None:
    file = tone(2.0, 8000, at=0.001)
    file[8000:8010] = 16_000
    samples = await decode(wav(file, 8000), Decoder(loudness=-10.0))
    assert 16_000 <= np.abs(samples).max() < 0.9 * 32767


async def test_given_silence_then_a_loudness_leaves_it_alone(decode: Decode) -> None:
    samples = await decode(wav(tone(2.0, 8000, at=0.0), 8000), Decoder(loudness=-20.0))
    assert not samples.any()


@pytest.mark.parametrize("kind", KINDS)
async def test_given_a_playlist_or_a_page_then_it_is_no_audio(
    decode: Decode, tmp_path: Path, kind: str
) -> None:
    there = tmp_path / "other.wav"
    there.write_bytes(wav(tone()))
    assert (await failure(decode(playlist(kind, str(there))))).reason is Reason.NOT_AUDIO


@pytest.mark.parametrize("kind", KINDS)
def test_given_no_limits_of_the_process_then_the_white_lists_alone_refuse_it(
    tmp_path: Path, kind: str
) -> None:
    there = tmp_path / "other.wav"
    there.write_bytes(wav(tone()))
    with pytest.raises((decoding.Failed, av.FFmpegError)):
        decoding.decode(io.BytesIO(playlist(kind, str(there))), io.BytesIO(), 1_000_000)


async def test_given_a_movie_whose_sound_lies_in_another_file_then_that_is_not_opened(
    decode: Decode, tmp_path: Path
) -> None:
    there = tmp_path / "other"
    movie = encoded(tone(2.0, 8000), "mov", "pcm_s16be", 8000)
    there.write_bytes(movie)
    made = silenced(with_external_reference(movie, there))
    # This is how it would be opened, so this file is what it says.
    options = {"enable_drefs": "1", "use_absolute_path": "1"}
    with av.open(io.BytesIO(made), "r", options=options) as file:
        frames = [frame.to_ndarray() for frame in file.decode(audio=0)]
    assert pitch(np.concatenate(frames, axis=1)[0]) == pytest.approx(TONE, abs=1)
    assert (await failure(decode(made))).reason is Reason.NOT_AUDIO
    with pytest.raises(decoding.Failed):  # nor without the limits of the process
        decoding.decode(io.BytesIO(made), io.BytesIO(), 1_000_000)


async def test_given_the_library_told_to_open_another_file_then_it_cannot(tmp_path: Path) -> None:
    """Not even if the white lists had a hole."""
    there = tmp_path / "other.wav"
    there.write_bytes(wav(tone()))
    program = (
        "import socket, sys; sys.path.insert(0, sys.argv[1]); import decoding\n"
        "decoding._confine(dict(longest=9, memory=1 << 29, cpu=5, wall=5))\n"
        "for attempt in (lambda: open(sys.argv[2]), lambda: socket.socket(),\n"
        "                lambda: decoding.av.open(sys.argv[2])):\n"
        "    try: attempt()\n"
        "    except OSError as error: print(error.errno)\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", program, str(PROGRAM.parent), str(there)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert said == b"24\n" * 3


@pytest.mark.parametrize("seed", range(3))
async def test_given_noise_then_it_is_no_audio(decode: Decode, seed: int) -> None:
    noise = np.random.default_rng(seed).bytes(300_000)
    assert (await failure(decode(noise))).reason is Reason.NOT_AUDIO


async def test_given_other_files_then_they_are_no_audio(decode: Decode) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", "a" * 10_000)
    for content in (b"", b"\0" * 100_000, archive.getvalue(), b"\x7fELF" + bytes(1000)):
        assert (await failure(decode(content))).reason is Reason.NOT_AUDIO


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "flac", "m4a", "adts"])
async def test_given_a_cut_header_then_it_is_no_audio(decode: Decode, form: str) -> None:
    file = FORMS[form](tone(2.0, 48000), 48000)
    assert (await failure(decode(file[:30]))).reason is Reason.NOT_AUDIO


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "flac", "adts"])
async def test_given_a_file_cut_in_the_middle_then_its_beginning_is_a_clip(
    decode: Decode, form: str
) -> None:
    file = FORMS[form](tone(4.0, 48000), 48000)
    samples = await decode(file[: len(file) // 2])
    assert 8_000 < len(samples) < 24_000
    assert pitch(samples) == pytest.approx(TONE, abs=1)


async def test_given_sound_of_an_unknown_kind_then_it_says_so(decode: Decode) -> None:
    movie = encoded(tone(1.0, 8000), "mov", "pcm_s16be", 8000).replace(b"twos", b"zzzz")
    assert "kind" in (await failure(decode(movie))).detail


@pytest.mark.parametrize(
    "program",
    [
        "while True: sys.stdout.write('x' * 100_000)",
        'print(\'{"peak": "loud"}\')',
        'print(\'{"failed": "refused_address", "detail": ""}\')',
        "print('[]')",
        "os.kill(os.getpid(), 11)",
        "os._exit(3)",
    ],
)
async def test_given_a_decoder_that_was_taken_over_then_it_is_not_believed(
    decode: Decode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    (tmp_path / "taken_over.py").write_text(f"import os, sys\nsys.stdin.readline()\n{program}\n")
    monkeypatch.setattr(decoder, "PROGRAM", tmp_path / "taken_over.py")
    assert (await failure(decode(wav(tone())))).reason is Reason.NOT_AUDIO


async def test_given_a_broken_middle_then_the_rest_is_heard(decode: Decode) -> None:
    file = bytearray(FORMS["mp3"](tone(4.0, 48000), 48000))
    middle = len(file) // 2
    file[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    assert len(await decode(bytes(file))) > 24_000


async def test_given_hours_of_silence_in_a_small_file_then_it_stops_at_the_longest(
    decode: Decode,
) -> None:
    bomb = encoded(tone(600.0, 8000, at=0.0), "flac", "flac", 8000)
    assert len(bomb) < 200_000
    decoder = Decoder(DecoderLimits(longest=Milliseconds(60_000)))
    started = asyncio.get_running_loop().time()
    assert (await failure(decode(bomb, decoder))).reason is Reason.TOO_LONG
    assert asyncio.get_running_loop().time() - started < 5


async def test_given_a_clip_of_the_very_longest_then_it_is_taken(decode: Decode) -> None:
    decoder = Decoder(DecoderLimits(longest=Milliseconds(2000)), loudness=-20.0)
    assert len(await decode(wav(tone(2.0, 8000), 8000), decoder)) == 16_000
    assert (await failure(decode(wav(tone(2.01, 8000), 8000), decoder))).reason is Reason.TOO_LONG


async def test_given_too_little_processor_time_then_it_is_timed_out(decode: Decode) -> None:
    long = wav(np.zeros((2_000_000, 8), np.int16), 192_000)
    decoder = Decoder(DecoderLimits(cpu_seconds=0))
    assert (await failure(decode(long, decoder))).reason is Reason.TIMED_OUT


async def test_given_too_little_memory_then_it_is_a_failure_and_not_a_crash(
    decode: Decode,
) -> None:
    decoder = Decoder(DecoderLimits(memory=1024**2))
    assert (await failure(decode(wav(tone()), decoder))).reason is Reason.NOT_AUDIO


class Pipes:
    """A source that never ends and never comes: the decoder waits for it."""

    def __init__(self) -> None:
        reading, self.writing = os.pipe()
        self.source = FileIO(reading, "rb")

    def close(self) -> None:
        self.source.close()
        os.close(self.writing)


async def test_given_a_decoder_that_hangs_then_it_is_killed_in_time(tmp_path: Path) -> None:
    before, pipes = children(), Pipes()
    with (tmp_path / "out").open("w+b", buffering=0) as output:
        decoder = Decoder(DecoderLimits(wall_seconds=1))
        with pytest.raises(MediaFailed) as caught:
            await decoder.decode(pipes.source, output)
    pipes.close()
    assert caught.value.reason is Reason.TIMED_OUT
    assert children() == before


@pytest.mark.parametrize("after", [0.0, 0.001, 0.01, 0.1, 0.3])
async def test_given_who_waits_is_cancelled_then_no_process_is_left(
    tmp_path: Path, after: float
) -> None:
    before, pipes = children(), Pipes()
    with (tmp_path / "out").open("w+b", buffering=0) as output:
        decoding = asyncio.create_task(Decoder().decode(pipes.source, output))
        await asyncio.sleep(after)
        decoding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await decoding

    async def none_left() -> bool:
        return children() == before

    await until(none_left)
    pipes.close()


async def test_given_many_files_then_few_are_decoded_at_once(tmp_path: Path) -> None:
    before, pipes = children(), Pipes()
    decoder = Decoder(DecoderLimits(at_once=2))
    with (tmp_path / "out").open("w+b", buffering=0) as output:
        decodings = [asyncio.create_task(decoder.decode(pipes.source, output)) for _ in range(6)]
        await asyncio.sleep(0.3)
        assert len(children() - before) == 2
        for decoding in decodings:
            decoding.cancel()
        await asyncio.gather(*decodings, return_exceptions=True)
    pipes.close()
    assert children() == before


async def test_given_a_service_that_is_killed_then_its_decoder_ends_by_itself(
    tmp_path: Path,
) -> None:
    """The kernel wakes it when its time is over; the file it waits for never comes."""
    before, pipes = children(), Pipes()
    with (tmp_path / "out").open("w+b", buffering=0) as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(PROGRAM)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(pipes.source.fileno(), output.fileno()),
        )
        await process.communicate(
            b'{"input": %d, "output": %d, "longest": 1000, "loudness": null, "memory": 536870912,'
            b' "cpu": 5, "wall": 1}\n' % (pipes.source.fileno(), output.fileno())
        )
    pipes.close()
    assert process.returncode == -signal.SIGALRM
    assert children() == before


async def test_given_no_room_for_the_output_then_the_disk_is_full(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(wav(tone()))
    with (
        (tmp_path / "in").open("rb", buffering=0) as source,
        FileIO("/dev/full", "r+b") as output,
        pytest.raises(MediaFailed) as caught,
    ):
        await Decoder().decode(source, output)
    assert caught.value.reason is Reason.DISK_FULL
    assert "space" in caught.value.detail
