"""Run a command for as long as our stdin stays open; then end it and all that came of it.

The script starts this as a process of its own (through sudo where root is needed) and holds the
other end of stdin. That pipe is the only tie which also breaks when the script is killed with -9,
and which sudo does not cut: sudo is setuid, so a parent-death signal would not reach through it.
"""

import argparse
import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """Keep the command of argv; return its exit code."""
    options = _options()
    _detach()
    child = _start(options)
    ended_by_itself = _wait_for_end(child)
    _end_descendants()
    if not ended_by_itself and options.remove is not None:
        shutil.rmtree(options.remove, ignore_errors=True)
    return child.returncode or 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--owner", type=_owner, help="UID:GID to run the command as")
    parser.add_argument("--remove", type=Path, help="folder to remove when stdin closes")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _owner(text: str) -> tuple[int, int]:
    uid, gid = text.split(":")
    return int(uid), int(gid)


def _detach() -> None:
    # A Ctrl-C in the terminal is for the script, which then closes our stdin.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Under sudo with its own terminal we lead a session already.
    with contextlib.suppress(PermissionError):
        os.setsid()
    # Grandchildren whose parent dies become ours, so that we can wait for the last of them.
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _start(options: argparse.Namespace) -> "subprocess.Popen[bytes]":
    uid, gid = options.owner or (None, None)
    with options.log.open("ab") as log:
        return subprocess.Popen(
            options.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=uid,
            group=gid,
            extra_groups=None if gid is None else [],
            # sudo passes a Ctrl-C on to the whole process group of what it runs.
            start_new_session=True,
            # For the case that the keeper itself is killed. Runs after the change of user,
            # which would clear it.
            preexec_fn=_prepare_child,
        )


def _prepare_child() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent(signal.SIGKILL)


def die_with_parent(number: int) -> None:
    """Have the kernel send us that signal when the process that started us ends."""
    _prctl(PR_SET_PDEATHSIG, number)


def _wait_for_end(child: "subprocess.Popen[bytes]") -> bool:
    """Return True when the child ended first, False when our stdin closed first."""
    end_of_child = os.pidfd_open(child.pid)
    poller = select.poll()
    poller.register(end_of_child, select.POLLIN)
    poller.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
    ready = [descriptor for descriptor, _ in poller.poll()]
    ended_by_itself = end_of_child in ready
    if not ended_by_itself:
        child.kill()
    child.wait()
    return ended_by_itself


def _end_descendants() -> None:
    """Kill and reap until nothing is left; killing a namespace's init takes all it holds along."""
    while True:
        for pid in _children_of(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _children_of(parent: int) -> list[int]:
    return [pid for pid, ppid, _ in processes() if ppid == parent]


def processes() -> list[tuple[int, int, str]]:
    """Return pid, parent and name of every process."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            head, _, tail = (entry / "stat").read_text(errors="replace").rpartition(")")
            found.append((int(entry.name), int(tail.split()[1]), head.partition("(")[2]))
    return found


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    sys.exit(main())
