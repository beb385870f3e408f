"""The script that yields the test PBX: side by side, in both versions, and nothing left of it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from real.pbx import SCRIPT, running_pbx

WITHIN = 10.0
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)


def until_gone(pid: int, folder: Path) -> None:
    """Wait until the Asterisk, its mounts and its folder are no more."""
    end = time.monotonic() + WITHIN
    while Path(f"/proc/{pid}").exists() or folder.exists() or str(folder) in mounts():
        assert time.monotonic() < end, f"left: process {pid} or folder {folder}"
        time.sleep(0.05)  # another process has no event to wait for


def mounts() -> str:
    return Path("/proc/mounts").read_text()


def started() -> subprocess.Popen[str]:
    """The script in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CALLCUE_ASTERISK")}
    # Also where the tests themselves run in the background, and so ignore some signals.
    command = ["env", "--default-signal", str(SCRIPT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def said_by(process: subprocess.Popen[str]) -> dict[str, str]:
    """What it says of its PBX when that is ready."""
    assert process.stdout is not None
    said: dict[str, str] = json.loads(process.stdout.readline())
    return said


def test_given_one_pbx_when_another_is_started_then_both_run_side_by_side() -> None:
    with running_pbx() as one:
        with running_pbx() as other:
            assert other.port != one.port
            assert other.directory != one.directory
            assert Path(f"/proc/{other.pid}").exists()
            assert Path(f"/proc/{one.pid}").exists()
        until_gone(other.pid, other.directory)
        assert Path(f"/proc/{one.pid}").exists()


def test_given_a_pbx_when_its_script_is_ended_in_any_way_then_nothing_is_left() -> None:
    with ExitStack() as left_over:
        running = []
        for end in ENDS:
            process = left_over.enter_context(started())
            left_over.callback(process.kill)
            running.append((end, process))

        for end, process in running:
            said = said_by(process)
            process.send_signal(end)
            process.wait(WITHIN)

            until_gone(int(said["pid"]), Path(said["directory"]))


def test_given_the_switch_when_16_is_asked_for_then_16_runs() -> None:
    with running_pbx("--asterisk", "16") as old:
        assert old.version.startswith("16.")
    until_gone(old.pid, old.directory)


def test_given_a_machine_that_has_nothing_when_started_then_one_line_and_exit_code_3(
    tmp_path: Path,
) -> None:
    bare = {"PATH": str(tmp_path), "CALLCUE_CACHE": str(tmp_path), "HOME": str(tmp_path)}

    run = subprocess.run(
        [sys.executable, SCRIPT, "--prepare"], env=bare, capture_output=True, text=True, timeout=60
    )

    assert run.returncode == 3
    assert len(run.stderr.strip().splitlines()) == 1
    assert run.stdout == ""
