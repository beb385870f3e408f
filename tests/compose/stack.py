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
SECONDS_TO_HEALTHY = 120


@dataclass(frozen=True, slots=True)
class Stack:
    """The two containers, up and healthy."""

    name: str
    url: str

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a container; return what it prints."""
        return self.compose("exec", "--no-TTY", service, *command)

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
    stack = Stack(f"callcue-test-{os.getpid()}", f"http://127.0.0.1:{_free_port()}")
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
    except AssertionError as failed:
        raise AssertionError(f"{failed}\n{stack.compose('logs', '--tail', '40')}") from None


def docker(*arguments: str) -> str:
    """Run `docker`; return what it prints."""
    return _run("docker", *arguments)


def _run(*command: str, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-4000:]}"
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
