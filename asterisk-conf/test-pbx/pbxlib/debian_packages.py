"""The Debian packages that root file systems need, installed if they are missing."""

import os
import shutil
import subprocess
import time

from pbxlib.mirror import Archive
from pbxlib.root import as_root
from pbxlib.saying import CannotHaveAsterisk, say

TO_RUN = {"unshare": "util-linux", "mount": "mount"}
TO_MAKE = {"mmdebstrap": "mmdebstrap"}
# Another one of us may be at it, or the machine itself.
LOCK_SECONDS = 120.0
LOCKED = "Could not get lock"


def ensure_for_running() -> None:
    """Install what running from a root file system needs; asks for root only if some is missing."""
    _install(_missing(TO_RUN))


def ensure_for_making(archive: Archive) -> None:
    """Install what making a root file system from that archive needs."""
    keyring = [] if archive.keyring.exists() else [archive.keyring_package]
    _install(_missing(TO_MAKE) + keyring)


def _missing(programs: dict[str, str]) -> list[str]:
    return [package for program, package in programs.items() if shutil.which(program) is None]


def _install(packages: list[str]) -> None:
    if not packages:
        return
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise CannotHaveAsterisk(f"no Asterisk here, and no apt-get to install: {names}")
    say(f"installing {names}")
    # The package lists of a fresh machine may be empty or old: try again with new ones.
    if _apt_get("install", *packages):
        return
    _apt_get("update")
    if not _apt_get("install", *packages):
        raise CannotHaveAsterisk(f"no Asterisk here, and apt-get could not install: {names}")


def _apt_get(verb: str, *packages: str) -> bool:
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    command += ["--no-install-recommends", verb, *packages]
    end = time.monotonic() + LOCK_SECONDS
    while True:
        finished = subprocess.run(
            as_root(command),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        if finished.returncode == 0:
            return True
        # DPkg::Lock::Timeout would not do: `update` does not wait for who has the lists.
        if LOCKED not in finished.stderr or time.monotonic() > end:
            return False
        time.sleep(1)
