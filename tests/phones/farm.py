"""The user agent of all phones: an Asterisk of their own, registered at the PBX under test."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real.pbx import Pbx, running_pbx

CONF = Path(__file__).parent / "conf"

ASTERISK = "22"
"""The same phones call a PBX of any version."""

WIDEBAND = "g722"
CODECS = {
    "phone-a": "ulaw",
    "phone-b": "ulaw",
    "phone-c": "ulaw",
    "wide-a": WIDEBAND,
    "wide-b": WIDEBAND,
    "direct-a": "ulaw",
    "direct-b": "ulaw",
}
"""Every phone, by its name in the PBX, and what it speaks."""


@contextmanager
def running_farm(pbx: Pbx) -> Iterator[Pbx]:
    """Start the phones' Asterisk, and end it."""
    with tempfile.TemporaryDirectory(prefix="callcue-phones-") as folder:
        _write_conf(Path(folder), pbx)
        with running_pbx("--asterisk", ASTERISK, "--conf", folder) as farm:
            yield farm


def _write_conf(folder: Path, pbx: Pbx) -> None:
    for path in CONF.glob("*.conf"):
        (folder / path.name).write_text(_filled_in(path.read_text(), pbx))
    template = (CONF / "phone.template").read_text()
    with (folder / "pjsip.conf").open("a") as conf:
        for name, codecs in CODECS.items():
            text = template.replace("@NAME@", name).replace("@CODECS@", codecs)
            conf.write(_filled_in(text, pbx))


def _filled_in(text: str, pbx: Pbx) -> str:
    text = text.replace("@PBX_SIP_PORT@", str(pbx.sip_port))
    return text.replace("@PBX_SECRET@", pbx.secret)
