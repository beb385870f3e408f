"""A running test PBX, from start to end."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pbxlib import probe
from pbxlib.engine import Engine
from pbxlib.instance import Instance, private_folder
from pbxlib.kept import Kept
from pbxlib.saying import AsteriskFailed, CannotHaveAsterisk, say

SECONDS_TO_READY = 30.0
SECONDS_TO_ANSWER = 5.0
SECONDS_BETWEEN_LOOKS = 0.02
TRIES = 3
LINES_OF_LOG = 30


@dataclass(frozen=True)
class RunningPbx:
    """What a caller needs to know of a PBX that is ready."""

    host: str
    port: int
    username: str
    secret: str
    sounds: str | None
    version: str
    directory: str | None = None
    pid: int | None = None
    http_port: int | None = None
    sip_port: int | None = None
    still_runs: Callable[[], bool] = lambda: True

    def environment(self) -> dict[str, str]:
        """Return the variables that tell a command where the PBX is."""
        variables = {
            "CALLCUE_ASTERISK_HOST": self.host,
            "CALLCUE_ASTERISK_PORT": str(self.port),
            "CALLCUE_ASTERISK_USERNAME": self.username,
            "CALLCUE_ASTERISK_SECRET": self.secret,
            "CALLCUE_ASTERISK_VERSION": self.version,
        }
        if self.sounds is None:
            return variables
        # What callcue writes there Asterisk finds as callcue/..., wherever its root is.
        return variables | {
            "CALLCUE_ASTERISK_SOUNDS": self.sounds,
            "CALLCUE_MEDIA_FOLDER": f"{self.sounds}/callcue",
            "CALLCUE_ASTERISK_MEDIA_FOLDER": "callcue",
        }

    def summary(self) -> dict[str, str | int | None]:
        """Return what a program that starts us reads on stdout."""
        return {
            "host": self.host,
            "port": self.port,
            "username": self.username,
            "secret": self.secret,
            "sounds": self.sounds,
            "version": self.version,
            "directory": self.directory,
            "pid": self.pid,
            "http_port": self.http_port,
            "sip_port": self.sip_port,
        }


def named_pbx(host: str) -> RunningPbx:
    """Return the PBX that CALLCUE_ASTERISK_HOST and its companions name; nothing is started."""
    given = os.environ
    port = given.get("CALLCUE_ASTERISK_PORT", "5038")
    username = given.get("CALLCUE_ASTERISK_USERNAME", "callcue")
    secret = given.get("CALLCUE_ASTERISK_SECRET", "")
    sounds = given.get("CALLCUE_ASTERISK_SOUNDS")
    if not port.isdigit() or not probe.greets(host, int(port), SECONDS_TO_ANSWER):
        raise CannotHaveAsterisk(
            f"no AMI answers at {host} port {port}, which CALLCUE_ASTERISK_HOST and _PORT name"
        )
    version = probe.ami_version(host, int(port), username, secret, SECONDS_TO_ANSWER)
    if version is None:
        raise CannotHaveAsterisk(
            f"AMI at {host} port {port} does not let the user {username} in: "
            "see CALLCUE_ASTERISK_USERNAME and _SECRET"
        )
    return RunningPbx(host, int(port), username, secret, sounds, version)


@contextlib.contextmanager
def own_pbx(engine: Engine, conf: Path | None = None) -> Iterator[RunningPbx]:
    """Start a PBX of our own; end it and remove all traces when the block is left.

    *conf*: the folder of its configuration, if it is not to be the test PBX's.
    """
    for _ in range(TRIES):
        with private_folder() as folder:
            instance = Instance(folder) if conf is None else Instance(folder, (conf,))
            instance.fill(engine)
            with _start(engine, instance) as asterisk:
                version = _wait_until_ready(instance, asterisk)
                if version is None:
                    say("AMI does not answer on its port, perhaps taken by another; once more")
                    continue
                yield _running(instance, asterisk, version)
                return
    raise AsteriskFailed(f"AMI did not let us in {TRIES} times in a row")


def _start(engine: Engine, instance: Instance) -> Kept:
    return Kept(
        engine.command(instance.folder),
        log=instance.console_log,
        root=engine.needs_root,
        # In a root file system the user changes only after the root folder has.
        owner=None if engine.needs_root else engine.owner,
        remove=instance.folder,
    )


def _wait_until_ready(instance: Instance, asterisk: Kept) -> str | None:
    """Return the version when all is up, None when another program has the port."""
    deadline = time.monotonic() + SECONDS_TO_READY
    while not probe.is_booted(instance.control_socket, deadline - time.monotonic()):
        if not asterisk.running:
            raise AsteriskFailed(f"Asterisk ended while starting\n{_log_tail(instance.folder)}")
        if time.monotonic() > deadline:
            raise AsteriskFailed(f"Asterisk was not ready in time\n{_log_tail(instance.folder)}")
        time.sleep(SECONDS_BETWEEN_LOOKS)
    login = (instance.host, instance.port, instance.username, instance.secret)
    return probe.ami_version(*login, SECONDS_TO_ANSWER)


def _running(instance: Instance, asterisk: Kept, version: str) -> RunningPbx:
    return RunningPbx(
        host=instance.host,
        port=instance.port,
        username=instance.username,
        secret=instance.secret,
        sounds=str(instance.sounds),
        version=version,
        directory=str(instance.folder),
        pid=asterisk.find("asterisk"),
        http_port=instance.http_port,
        sip_port=instance.sip_port,
        still_runs=lambda: asterisk.running,
    )


def _log_tail(folder: Path) -> str:
    lines: list[str] = []
    for path in sorted((folder / "log").glob("*")):
        if path.is_file():
            lines += path.read_text(errors="replace").splitlines()[-LINES_OF_LOG:]
    return "\n".join(lines)
