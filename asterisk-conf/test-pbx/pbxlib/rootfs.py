"""What is made of Debian packages once and kept in the cache: Asterisk's root file system."""

import contextlib
import fcntl
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pbxlib import debian_packages
from pbxlib.kept import Kept
from pbxlib.mirror import Archive, find_archives
from pbxlib.root import as_root, demand_root
from pbxlib.saying import CannotHaveAsterisk, say


@dataclass(frozen=True)
class _Recipe:
    """How mmdebstrap makes a folder."""

    name: str
    what: str
    variant: str
    packages: str


ASTERISK = _Recipe(
    "rootfs",
    "a root file system with Asterisk",
    "apt",
    "asterisk,asterisk-core-sounds-en-gsm,asterisk-core-sounds-en-wav,ca-certificates",
)
# Beside the root file system and not in it: only a test wants it, and what is cached stays good.
FAKETIME = _Recipe("faketime", "libfaketime", "extract", "libfaketime")
# A namespace of its own, so that a build which is broken off leaves no process and no mount.
OWN_NAMESPACE = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork"]
OWN_NAMESPACE += ["--kill-child=SIGKILL"]


def cache_folder() -> Path:
    """Return callcue's cache folder, made if it is not there."""
    named = os.environ.get("CALLCUE_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(named) if named else Path(base, "callcue")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def cached_rootfs(wanted: str, explicit: bool) -> Path:
    """Return the root file system for that major version; make it if there is none yet."""
    return _cached(ASTERISK, wanted, explicit)


def cached_faketime(wanted: str, explicit: bool) -> Path:
    """Return the library that gives the Asterisk of that version a wall clock of its own."""
    folder = _cached(FAKETIME, wanted, explicit)
    return next(folder.glob("usr/lib/*/faketime/libfaketimeMT.so.1"))


def asterisk_version(rootfs: Path) -> str:
    """Return the version of the Asterisk in it, read from its package database."""
    status = (rootfs / "var/lib/dpkg/status").read_text(errors="replace")
    found = re.search(r"^Package: asterisk\n(?:.+\n)*?Version: (?:\d+:)?([^\s~+-]+)", status, re.M)
    if found is None:
        raise CannotHaveAsterisk(f"{rootfs} holds no Asterisk: remove that folder and try again")
    return found[1]


def _cached(recipe: _Recipe, wanted: str, explicit: bool) -> Path:
    folder = cache_folder() / f"{recipe.name}-{wanted}"
    demand_root()
    debian_packages.ensure_for_running()
    _demand_namespaces()
    with _lock(folder.with_name(f"{folder.name}.lock")):
        if not folder.exists():
            _make(recipe, folder, wanted, explicit)
    return folder


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the lock file, so that of several scripts one makes the folder."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run is making {path.stem}; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _demand_namespaces() -> None:
    """Fail with one line where even root may not mount, as in most containers."""
    attempt = as_root([*OWN_NAMESPACE, "true"])
    if subprocess.run(attempt, check=False, capture_output=True).returncode != 0:
        raise CannotHaveAsterisk(
            "no Asterisk here, and this machine or container lets nobody mount, so none can be "
            "made: install Asterisk 16 or newer, or name one in CALLCUE_ASTERISK_HOST"
        )


def _make(recipe: _Recipe, folder: Path, wanted: str, explicit: bool) -> None:
    for unfinished in folder.parent.glob(f"{folder.name}.making-*"):
        _remove(unfinished)
    archives = find_archives(wanted, explicit)
    debian_packages.ensure_for_making(archives[0])
    log = folder.with_name(f"{folder.name}.log")
    log.unlink(missing_ok=True)
    for archive in archives:
        if _make_from(archive, recipe, folder, log):
            return
    raise CannotHaveAsterisk(
        f"{recipe.what} is not here, and mmdebstrap could not make it "
        f"({_last_error(log)}); see {log}"
    )


def _make_from(archive: Archive, recipe: _Recipe, folder: Path, log: Path) -> bool:
    say(f"making {recipe.what} ({archive.suite}), once; half a minute at most")
    started = time.monotonic()
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.making-", dir=folder.parent))
    command = [*OWN_NAMESPACE, "--mount-proc", "mmdebstrap", *_options(archive, recipe)]
    command += [archive.suite, str(unfinished), archive.mirror]
    try:
        with Kept(command, log=log, root=True, remove=unfinished) as build:
            if build.wait() != 0:
                return False
        unfinished.rename(folder)
    finally:
        if unfinished.exists():
            _remove(unfinished)
    say(f"made {folder} in {time.monotonic() - started:.0f} s")
    return True


def _options(archive: Archive, recipe: _Recipe) -> list[str]:
    return [
        f"--variant={recipe.variant}",
        f"--include={recipe.packages}",
        f"--components={archive.components}",
        f"--keyring={archive.keyring}",
        '--aptopt=APT::Install-Recommends "false"',
        # Only the freshness date is let go, because mirrors lag; signatures are always checked.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        *_proxies(),
    ]


def _proxies() -> list[str]:
    """Return the proxies of this machine's apt: mmdebstrap does not read its settings."""
    dump = subprocess.run(["apt-config", "dump"], check=False, capture_output=True, text=True)
    lines = re.findall(r'^(Acquire::https?::Proxy(?:::\S+)? "[^"]+");$', dump.stdout, re.M)
    return [f"--aptopt={line}" for line in lines]


def _remove(folder: Path) -> None:
    subprocess.run(as_root(["rm", "-rf", "--one-file-system", str(folder)]), check=True)


def _last_error(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    errors = [line for line in lines if line.startswith("E: ")]
    return (errors or lines or ["it said nothing"])[0].removeprefix("E: ")
