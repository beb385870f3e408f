"""Files that are none of sound by themselves: they name others, or are something else."""

import struct
from pathlib import Path

KINDS = ("m3u8", "m3u", "concat", "dash", "sdp", "rtsp", "html", "json")


def playlist(kind: str, there: str) -> bytes:
    """One that leads to *there*; or what an origin says instead of a file."""
    return {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{there}\n#EXT-X-ENDLIST\n",
        "m3u": f"#EXTM3U\n{there}\n",
        "concat": f"ffconcat version 1.0\nfile '{there}'\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="audio/mp4">'
        f'<Representation id="1"><BaseURL>file://{there}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=audio 5004 RTP/AVP 0\n",
        "rtsp": "RTSPtextrtsp://127.0.0.1/x",
        "html": "<!doctype html><html><body>Not found</body></html>" * 50,
        "json": '{"error": "not found"}',
    }[kind].encode()


def with_external_reference(movie: bytes, there: Path) -> bytes:
    """A movie whose samples lie in another file: the alias of QuickTime, with its path."""
    name = str(there).encode()
    path = struct.pack(">hh", 2, len(name)) + name + b"\0" * (len(name) % 2)
    level = struct.pack(">hh", 18, len(name)) + name + b"\0" * (len(name) % 2)
    alias = (
        (b"\0" * 6 + b"\0" * 4 + b"\x1bvolume" + b"\0" * 21 + b"\0" * 12)
        + (bytes([min(len(there.name), 63)]) + there.name.encode()[:63].ljust(63, b"\0"))
        + (b"\0" * 16 + struct.pack(">hh", 0, 0) + b"\0" * 16)
        + (path + level + struct.pack(">hh", -1, 0))
    )
    reference = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    self_contained = struct.pack(">I4sI", 12, b"url ", 1)
    assert movie.count(self_contained) == 1
    at = movie.index(self_contained)
    grown = len(reference) - len(self_contained)
    made = bytearray(movie.replace(self_contained, reference))
    for name_of_box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = made.index(name_of_box)
        assert place < at
        (size,) = struct.unpack_from(">I", made, place - 4)
        struct.pack_into(">I", made, place - 4, size + grown)
    return bytes(made)


def silenced(movie: bytes) -> bytes:
    at = movie.index(b"mdat")
    (size,) = struct.unpack_from(">I", movie, at - 4)
    return movie[: at + 4] + bytes(size - 8) + movie[at - 4 + size :]
