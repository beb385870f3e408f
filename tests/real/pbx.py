"""The real Asterisk of the tests: one test PBX for the whole run, started by its own script."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "asterisk-conf" / "test-pbx" / "pbx"


PRIORITY = 10
"""What `asterisk -p` gives itself."""


class NoAsterisk(Exception):
    """None can be had here; the text says in one line why."""


@dataclass(frozen=True, slots=True)
class Pbx:
    """A running test PBX."""

    host: str
    port: int
    username: str
    secret: str
    version: str
    sounds: Path
    """Where a test puts clips of its own."""
    directory: Path
    pid: int
    http_port: int
    """Where ARI answers, on loopback, if the test PBX has it."""
    sip_port: int
    """Where phones register, on loopback over UDP."""

    def set_clock(self, seconds: int) -> None:
        """Its wall clock is off by so much from now on; only where it is one of its own."""
        new = self.directory / "clock.new"
        new.write_text(f"{seconds:+d}\n")
        new.replace(self.directory / "clock")

    @property
    def major(self) -> int:
        """The first number of its version."""
        return int(self.version.partition(".")[0])


@contextmanager
def running_pbx(*options: str) -> Iterator[Pbx]:
    """Start a PBX and end it; it also ends when this process dies."""
    process = subprocess.Popen(
        [SCRIPT, *options, "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise NoAsterisk(process.stderr.read().strip().splitlines()[-1])
        yield _pbx(json.loads(line))
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()
        process.stderr.close()


@contextmanager
def as_debian_starts_it(pbx: Pbx) -> Iterator[None]:
    """It goes before all others, as with `-p` in Debian's unit of both versions.

    For tests of what is heard while the processors are busy. Only root may give that.
    """
    with before_all_others(pbx.pid):
        yield


@contextmanager
def before_all_others(*pids: int) -> Iterator[None]:
    """These processes have the machine for themselves, as far as they need it."""
    for pid in pids:
        _schedule(pid, os.SCHED_RR, PRIORITY)
    try:
        yield
    finally:
        for pid in pids:
            _schedule(pid, os.SCHED_OTHER, 0)


def _schedule(pid: int, policy: int, priority: int) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(PermissionError, ProcessLookupError):
            os.sched_setscheduler(int(task.name), policy, os.sched_param(priority))


def _pbx(said: dict[str, str]) -> Pbx:
    return Pbx(
        host=said["host"],
        port=int(said["port"]),
        username=said["username"],
        secret=said["secret"],
        version=said["version"],
        sounds=Path(said["sounds"]),
        directory=Path(said["directory"]),
        pid=int(said["pid"]),
        http_port=int(said["http_port"]),
        sip_port=int(said["sip_port"]),
    )
