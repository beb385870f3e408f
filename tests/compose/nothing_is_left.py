"""docker/lab undoes all it did, however it ends. Needs root.

A Docker of this machine is hidden from it, so that it is its own engine that is looked at.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from compose.stack import LAB

BUSY = "docker run --detach debian:forky-slim sleep 600 && exec sleep 600"
ENGINE = {"dockerd", "containerd", "containerd-shim", "slirp4netns"}
SECONDS_TO_END = 60
NO_DOCKER = {**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start the lab's engine")

Traces = dict[str, object]


def traces() -> Traces:
    """What an engine could leave behind on this machine."""
    return {
        "mounts": Path("/proc/mounts").read_text(),
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text(),
        "cgroups": sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("*run.*")),
        "folders": sorted(path.name for path in cache().glob("run.*")),
        "processes": sorted(name for name in processes() if name in ENGINE),
    }


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CALLCUE_CACHE") or Path(base, "callcue")) / "docker-lab"


def processes() -> list[str]:
    names = []
    for entry in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            names.append(entry.read_text().strip())
    return names


def ctrl_c(lab: "subprocess.Popen[str]") -> None:
    """As the terminal does it: to all of its foreground."""
    os.killpg(lab.pid, signal.SIGINT)


@pytest.mark.parametrize(
    "end",
    [ctrl_c, subprocess.Popen.terminate, subprocess.Popen.kill],
    ids=["ctrl-c", "terminated", "killed"],
)
def test_given_a_container_runs_when_the_lab_is_ended_then_nothing_is_left(
    end: Callable[["subprocess.Popen[str]"], None],
) -> None:
    before = traces()
    with subprocess.Popen(
        [LAB, "sh", "-c", BUSY],
        env=NO_DOCKER,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as lab:
        assert lab.stdout is not None
        assert len(lab.stdout.readline()) == 65  # the container's id
        end(lab)
        lab.wait(SECONDS_TO_END)

    until_equal(before)


def test_given_a_command_fails_when_it_ends_then_its_code_is_ours_and_nothing_is_left() -> None:
    before = traces()

    code = subprocess.run([LAB, "sh", "-c", "exit 7"], env=NO_DOCKER, check=False).returncode

    assert code == 7
    until_equal(before)


def until_equal(before: Traces) -> None:
    end = time.monotonic() + SECONDS_TO_END
    while traces() != before and time.monotonic() < end:
        time.sleep(0.1)
    assert traces() == before
