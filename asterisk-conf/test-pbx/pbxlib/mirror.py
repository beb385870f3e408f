"""Which archive to take Asterisk from: the one this machine's own apt uses."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pbxlib.saying import CannotHaveAsterisk

APT_HELPER = "/usr/lib/apt/apt-helper"
KEYRINGS = Path("/usr/share/keyrings")
# Newest first; sid is there for the day when the release has no Asterisk.
DEBIAN_SUITES = {"22": ["forky", "sid"], "16": ["bullseye"]}
ONE_LINE_SOURCE = re.compile(r"^\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)")


@dataclass(frozen=True)
class Archive:
    """One suite on one mirror, and the keys that sign it."""

    suite: str
    mirror: str
    components: str
    keyring_package: str

    @property
    def keyring(self) -> Path:
        """Where the keyring package puts its keys; the suffix differs between releases."""
        names = [KEYRINGS / f"{self.keyring_package}{suffix}" for suffix in (".gpg", ".pgp")]
        return next((name for name in names if name.exists()), names[0])


def find_archives(wanted: str, explicit: bool) -> list[Archive]:
    """Return the archives worth a try for that major version, the best first.

    On Ubuntu the machine's mirror has no Debian. Its own release then does, unless the version
    was asked for: that Asterisk is another major version, and the caller says so.
    """
    if shutil.which("apt-get") is None or not Path(APT_HELPER).exists():
        raise CannotHaveAsterisk(
            "no Asterisk here, and this is no Debian-like machine to make one on: "
            "install Asterisk 16 or newer, or name one in CALLCUE_ASTERISK_HOST"
        )
    suites = DEBIAN_SUITES[wanted]
    debian = [
        Archive(suite, mirror, "main", "debian-archive-keyring")
        for suite in suites
        for mirror in _with_archives(_own_mirrors())
        if _serves(mirror, suite, "Debian")
    ]
    if debian or explicit:
        return debian or _none(suites)
    return _own_ubuntu_release() or _none(suites)


def _none(suites: list[str]) -> list[Archive]:
    raise CannotHaveAsterisk(
        "no Asterisk here, and no mirror of this machine's apt sources answers with Debian "
        f"{' or '.join(suites)}: check the network, or name a mirror in CALLCUE_DEBIAN_MIRROR"
    )


def _own_ubuntu_release() -> list[Archive]:
    codename = _os_release().get("UBUNTU_CODENAME")
    if codename is None:
        return []
    return [
        Archive(codename, mirror, "main,universe", "ubuntu-archive-keyring")
        for mirror in _own_mirrors()
        if _serves(mirror, codename, "Ubuntu")
    ]


def _os_release() -> dict[str, str]:
    lines = Path("/etc/os-release").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip('"') for key, _, value in pairs}


def _with_archives(mirrors: list[str]) -> list[str]:
    """Add where many mirrors keep the releases that left the main archive."""
    old = [re.sub(r"/debian/?$", "/debian-archive/debian", mirror) for mirror in mirrors]
    return list(dict.fromkeys([*mirrors, *old]))


def _own_mirrors() -> list[str]:
    named = os.environ.get("CALLCUE_DEBIAN_MIRROR")
    if named:
        return [named]
    folder = Path("/etc/apt")
    mirrors: list[str] = []
    for path in sorted(folder.glob("sources.list.d/*.sources")):
        mirrors += _deb822_mirrors(path.read_text())
    for path in [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]:
        if path.exists():
            mirrors += _one_line_mirrors(path.read_text())
    return list(dict.fromkeys(url for mirror in mirrors for url in _listed(mirror)))


def _listed(mirror: str) -> list[str]:
    """On Debian's cloud images a source names a file, which lists mirrors one a line."""
    if not mirror.startswith("mirror+file:"):
        return [mirror]
    path = Path("/", mirror.removeprefix("mirror+file:").lstrip("/"))
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def _deb822_mirrors(text: str) -> list[str]:
    mirrors: list[str] = []
    text = re.sub(r"^#.*\n?", "", text, flags=re.MULTILINE)
    for stanza in re.split(r"\n\s*\n", text):
        # A line that starts with a blank continues the one before.
        lines = re.sub(r"\n[ \t]+", " ", stanza).splitlines()
        pairs = (line.partition(":") for line in lines)
        fields = {key.strip().lower(): value.split() for key, _, value in pairs}
        if fields.get("enabled") == ["no"] or "deb" not in fields.get("types", []):
            continue
        if not any(_is_security(suite) for suite in fields.get("suites", [])):
            mirrors += fields.get("uris", [])
    return mirrors


def _one_line_mirrors(text: str) -> list[str]:
    matches = filter(None, map(ONE_LINE_SOURCE.match, text.splitlines()))
    return [match[1] for match in matches if not _is_security(match[2])]


def _is_security(suite: str) -> bool:
    return "security" in suite


def _serves(mirror: str, suite: str, origin: str) -> bool:
    """Ask with apt's own downloader: it knows this machine's proxies and passwords."""
    with tempfile.TemporaryDirectory(prefix="callcue-apt-") as folder:
        release = Path(folder, "InRelease")
        options = ["-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10"]
        options += ["-o", "Acquire::Retries=1"]
        url = f"{mirror.rstrip('/')}/dists/{suite}/InRelease"
        finished = subprocess.run(
            [APT_HELPER, *options, "download-file", url, str(release)],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        return finished.returncode == 0 and f"\nOrigin: {origin}\n" in release.read_text()
