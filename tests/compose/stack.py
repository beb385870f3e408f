"""docker/compose.yaml, up under a name of its own, and what Docker says of it."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
COMPOSE = ("docker", "compose", "--file", str(REPOSITORY / "docker" / "compose.yaml"))
SERVICES = ("asterisk", "callcue")
LAB = REPOSITORY / "docker" / "lab"
SECONDS_TO_HEALTHY = 120


class Failed(AssertionError):
    """A command that failed: what it said, and its exit code."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


@dataclass(frozen=True, slots=True)
class Stack:
    """The two containers, up and healthy."""

    name: str
    url: str

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a container; return what it prints."""
        return self.compose("exec", "--no-TTY", service, *command)

    def exit_code(self, service: str, *command: str) -> int:
        """Run a command in a container that may well fail."""
        try:
            self.inside(service, *command)
        except Failed as failed:
            return failed.code
        return 0

    def health(self, service: str) -> dict[str, Any]:
        """Docker's word on a service's health: the `Status`, and the `Log` of the last checks."""
        health: dict[str, Any] = self.inspect(service)["State"]["Health"]
        return health

    def image_name(self, service: str) -> str:
        """The image that compose has built."""
        return f"{self.name}-{service}"

    def image(self, service: str) -> dict[str, Any]:
        """All that Docker knows of a service's image."""
        found: list[dict[str, Any]] = json.loads(
            docker("image", "inspect", self.image_name(service))
        )
        return found[0]

    def inspect(self, service: str) -> dict[str, Any]:
        """All that Docker knows of a service's container."""
        container = self.compose("ps", "--all", "--quiet", service).strip()
        found: list[dict[str, Any]] = json.loads(docker("inspect", container))
        return found[0]

    def network(self) -> dict[str, str]:
        """The `Subnet` and `Gateway` of the two."""
        found = json.loads(docker("network", "inspect", f"{self.name}_default"))
        configuration: dict[str, str] = found[0]["IPAM"]["Config"][0]
        return configuration

    def address(self, service: str) -> str:
        """The address of a service's container."""
        networks = self.inspect(service)["NetworkSettings"]["Networks"]
        return str(networks[f"{self.name}_default"]["IPAddress"])

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` on these two."""
        port = self.url.rpartition(":")[2]
        return _run(*COMPOSE, "--project-name", self.name, *arguments, CALLCUE_HTTP_PORT=port)

    def left(self) -> str:
        """What there is of containers, networks, volumes and images, one a line."""
        ours = f"label=com.docker.compose.project={self.name}"
        return (
            docker("ps", "--all", "--quiet", "--filter", ours)
            + docker("network", "ls", "--quiet", "--filter", ours)
            + docker("volume", "ls", "--quiet", "--filter", ours)
            + docker("images", "--quiet", "--filter", f"reference={self.name}-*")
        )


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Build both images, start both containers, and remove all of it afterwards."""
    stack = Stack(f"callcue-test-{os.getpid()}", f"http://127.0.0.1:{free_port()}")
    try:
        stack.compose("build")
        _up(stack)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--rmi", "local")
    assert stack.left() == ""


def _up(stack: Stack) -> None:
    try:
        stack.compose("up", "--wait", "--wait-timeout", str(SECONDS_TO_HEALTHY))
    except Failed as failed:
        raise AssertionError(f"{failed}\n{stack.compose('logs', '--tail', '40')}") from None


def docker(*arguments: str, given: str = "") -> str:
    """Run `docker`, give it that to read, and return what it prints."""
    return _run("docker", *arguments, given=given)


def lab(*command: str) -> str:
    """Run a command in `docker/lab`; return what it prints."""
    return _run(str(LAB), *command)


def _run(*command: str, given: str = "", **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, env=environment, check=False, input=given, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{done.stderr[-4000:]}", done.returncode)
    return done.stdout


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
