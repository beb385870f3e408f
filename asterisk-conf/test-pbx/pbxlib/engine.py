"""The Asterisk program that runs the test PBX: the machine's own, or one in a root file system."""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from pbxlib.rootfs import OWN_NAMESPACE, asterisk_version, cached_faketime, cached_rootfs
from pbxlib.saying import CannotHaveAsterisk

OLDEST_MAJOR = 16
DEFAULT_MAJOR = "22"
MODULE_FOLDERS = ("usr/lib/*/asterisk/modules", "usr/lib*/asterisk/modules")
LOCAL_MODULE_FOLDERS = ("usr/local/lib/asterisk/modules",)
DATA_FOLDERS = ("usr/share/asterisk", "var/lib/asterisk", "usr/local/share/asterisk")
# Where an instance lies inside the root file system.
MOUNT_POINT = Path("/srv/callcue")
# In the instance: the library that makes the clock one of its own, and by how much it is off.
CLOCK_LIBRARY = "faketime.so"
CLOCK = "clock"
# Timers and waits go by the monotonic clock, which nobody can set. And it is looked up each time.
OWN_CLOCK = {
    "LD_PRELOAD": MOUNT_POINT / CLOCK_LIBRARY,
    "FAKETIME_TIMESTAMP_FILE": MOUNT_POINT / CLOCK,
    "FAKETIME_NO_CACHE": 1,
    "DONT_FAKE_MONOTONIC": 1,
}
# The shell stays as the namespace's init and stays root. Were Asterisk the init, its change of
# user would clear the parent-death signal, and it would survive us.
IN_NAMESPACE = f"""
set -e
root=$1 instance=$2 owner=$3
shift 3
mkdir -p "$root{MOUNT_POINT}"
mount --bind "$instance" "$root{MOUNT_POINT}"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
chroot --userspec="$owner" --groups= "$root" \\
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME={MOUNT_POINT} "$@" \\
    asterisk -f -C {MOUNT_POINT}/etc/asterisk.conf
exit $?
"""


@dataclass(frozen=True)
class Engine:
    """An Asterisk program."""

    version: str
    program: str
    rootfs: Path | None
    faketime: Path | None = None
    """The library that gives it a clock of its own, if it is to have one."""

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0])

    @property
    def needs_root(self) -> bool:
        """Mounting and changing the root folder are for root."""
        return self.rootfs is not None

    @property
    def owner(self) -> tuple[int, int] | None:
        """The user and group that Asterisk runs as, if not ours.

        We run it as ourselves, so that tests may stop and kill it; only root steps down.
        """
        if os.geteuid() != 0:
            return None
        accounts = self._accounts()
        return accounts.get("asterisk")

    def seen_from_inside(self, folder: Path) -> Path:
        """Return where Asterisk itself finds the instance folder."""
        return folder if self.rootfs is None else MOUNT_POINT

    def module_folder(self) -> Path:
        """Return where its modules lie, as it sees it."""
        return self._first(MODULE_FOLDERS + LOCAL_MODULE_FOLDERS, "*.so")

    def data_folder(self) -> Path:
        """Return where its own data lies, as it sees it."""
        return self._first(DATA_FOLDERS, "sounds")

    def on_host(self, path: Path) -> Path:
        """Return a path as it is on the host, for one as Asterisk sees it.

        Links are followed by hand: absolute ones of a root file system begin at its own top.
        """
        if self.rootfs is None:
            return path
        host = self.rootfs / path.relative_to("/")
        if not host.is_symlink():
            return host
        return self.on_host(path.parent / host.readlink())

    def command(self, folder: Path) -> list[str]:
        """Return the command that runs it on that instance folder."""
        if self.rootfs is None:
            return [self.program, "-f", "-C", str(folder / "etc/asterisk.conf")]
        uid, gid = self.owner or (os.getuid(), os.getgid())
        arguments = [str(self.rootfs), str(folder), f"{uid}:{gid}"]
        if self.faketime is not None:
            arguments += [f"{name}={value}" for name, value in OWN_CLOCK.items()]
        return [*OWN_NAMESPACE, "sh", "-c", IN_NAMESPACE, "sh", *arguments]

    def _accounts(self) -> dict[str, tuple[int, int]]:
        if self.rootfs is None:
            return {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
        lines = (self.rootfs / "etc/passwd").read_text().splitlines()
        fields = (line.split(":") for line in lines)
        return {name: (int(uid), int(gid)) for name, _, uid, gid, *_ in fields}

    def _first(self, patterns: tuple[str, ...], content: str) -> Path:
        top = self.rootfs or Path("/")
        for pattern in patterns:
            for folder in sorted(top.glob(pattern)):
                if any(folder.glob(content)):
                    return Path("/") / folder.relative_to(top)
        raise CannotHaveAsterisk(f"Asterisk {self.version} has no {content} in {patterns[0]}")


def find_engine(asked: str | None) -> Engine:
    """Return the machine's own Asterisk if it will do, else one in a root file system."""
    own = _machines_own()
    if own is not None and own.major >= OLDEST_MAJOR and asked in (None, str(own.major)):
        return own
    return prepare_engine(asked)


def prepare_engine(asked: str | None) -> Engine:
    """Return the Asterisk in a root file system, made first if it is not in the cache."""
    rootfs = cached_rootfs(asked or DEFAULT_MAJOR, explicit=asked is not None)
    return Engine(asterisk_version(rootfs), "asterisk", rootfs)


def engine_with_clock(asked: str | None) -> Engine:
    """Return one in a root file system, whose wall clock can be set: nobody else's is touched."""
    engine = prepare_engine(asked)
    faketime = cached_faketime(asked or DEFAULT_MAJOR, explicit=asked is not None)
    return replace(engine, faketime=faketime)


def _machines_own() -> Engine | None:
    # Debian keeps it where only root's PATH leads.
    program = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        return None
    answer = subprocess.run([program, "-V"], check=False, capture_output=True, text=True).stdout
    found = re.search(r"Asterisk (?:certified/|GIT-)?(\d+(?:\.\d+)*)", answer)
    return Engine(found[1], program, rootfs=None) if found else None
