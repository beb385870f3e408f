"""Without an Asterisk the run fails, in one line, and skips nothing."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def test_given_no_asterisk_when_the_tests_run_then_one_line_says_so_and_the_run_fails() -> None:
    # A named Asterisk that does not answer is the case that any machine can have.
    environment = {**os.environ, "CALLCUE_ASTERISK_HOST": "127.0.0.1", "CALLCUE_ASTERISK_PORT": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", TESTS / "test_rooms.py"],
        env=environment,
        cwd=TESTS.parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )

    said = [line for line in run.stdout.splitlines() if "no Asterisk for the tests" in line]
    assert run.returncode == 1
    assert len(said) == 1
    assert "127.0.0.1" in said[0]
    assert "skipped" not in run.stdout
