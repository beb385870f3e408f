"""The command that a PBX is started for: run in the foreground, told to end when we are."""

import os
import signal
import subprocess
import time

from pbxlib import keeper
from pbxlib.ending import SIGNALS
from pbxlib.saying import say

SECONDS_TO_END = 10.0
SECONDS_BETWEEN_LOOKS = 1.0
WATCHED = {*SIGNALS, signal.SIGCHLD}
# The kernel's own signals (a Ctrl-C) reach the whole foreground group, so the command has it too.
SENT_BY_KERNEL = 0x80
EXIT_NOT_FOUND = 127


def run(command: list[str], variables: dict[str, str]) -> int:
    """Run the command and return its exit code, as a shell would give it."""
    # Blocked, and taken one by one: only so can we see who sent a signal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, preexec_fn=_prepare_child
        )
        return _wait(process)
    except OSError as error:
        say(f"cannot run {command[0]}: {error.strerror}")
        return EXIT_NOT_FOUND
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_child() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    # If we are killed, the command hears of it.
    keeper.die_with_parent(signal.SIGTERM)


def _wait(process: "subprocess.Popen[bytes]") -> int:
    deadline: float | None = None
    while process.poll() is None:
        received = signal.sigtimedwait(WATCHED, SECONDS_BETWEEN_LOOKS)
        if received is not None and received.si_signo in SIGNALS:
            deadline = deadline or time.monotonic() + SECONDS_TO_END
            if received.si_code != SENT_BY_KERNEL:
                process.send_signal(received.si_signo)
        if deadline is not None and time.monotonic() > deadline:
            say(f"the command did not end within {SECONDS_TO_END:.0f} s; killing it")
            process.kill()
            deadline = None
    code: int = process.returncode
    return code if code >= 0 else 128 - code
