"""What the images hold, and what their containers may do: no more than they must."""

import gzip
import re
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from typing import IO

import pytest

from compose.stack import SERVICES, Failed, Stack, docker, lab

GZIP = b"\x1f\x8b"
PIECE = 1 << 20


def login(address: str, secret: str) -> str:
    """What AMI answers to a login from this machine."""
    request = f"Action: Login\r\nUsername: callcue\r\nSecret: {secret}\r\n\r\n"
    with socket.create_connection((address, 5038), timeout=5) as ami:
        ami.sendall(request.encode())
        answer = b""
        while b"Message: " not in answer:
            piece = ami.recv(4096)
            assert piece, answer
            answer += piece
    return answer.decode()


def saved(image: str) -> Iterator[tuple[str, IO[bytes]]]:
    """All that is in an image: each of its layers, its settings and its history."""
    with (
        subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving,
        tarfile.open(fileobj=saving.stdout, mode="r|") as parts,
    ):
        for part in parts:
            content = parts.extractfile(part) if part.isfile() else None
            if content is not None:
                yield part.name, content


def holds(content: IO[bytes], texts: list[bytes]) -> set[bytes]:
    """Which of the texts are in it; a newer Docker keeps layers compressed."""
    head = content.read(len(GZIP))
    found: set[bytes] = set()
    tail = head
    if head == GZIP:
        whole = gzip.decompress(head + content.read())
        return {text for text in texts if text in whole}
    while piece := content.read(PIECE):
        tail += piece
        found |= {text for text in texts if text in tail}
        tail = tail[-max(map(len, texts)) :]
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_given_a_container_when_looked_at_then_it_has_no_right_that_root_has(
    stack: Stack, name: str
) -> None:
    host = stack.inspect(name)["HostConfig"]

    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    status = stack.inside(name, "cat", "/proc/1/status")
    assert re.search(r"^Uid:\t(1000[12])\t\1\t\1\t\1$", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\t0{16}$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_given_an_image_without_compose_when_looked_at_then_its_user_is_not_root(
    stack: Stack, name: str
) -> None:
    settings = stack.image(name)["Config"]

    assert settings["User"].split(":")[0] not in ("", "0", "root")
    assert settings["Healthcheck"]["Test"][0] == "CMD"


def test_given_callcues_container_when_even_root_writes_then_the_file_system_is_read_only(
    stack: Stack,
) -> None:
    write = "for folder in / /etc/callcue /opt/callcue /tmp; do touch $folder/x 2>&1; done; true"

    answers = stack.compose(
        "exec", "--no-TTY", "--user", "0", "callcue", "sh", "-c", write
    ).splitlines()

    assert len(answers) == 4
    assert all("Read-only file system" in answer for answer in answers)


def test_given_the_containers_when_looked_at_then_only_http_is_published_and_on_loopback(
    stack: Stack,
) -> None:
    port = stack.url.rpartition(":")[2]
    published = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}

    assert stack.inspect("callcue")["HostConfig"]["PortBindings"] == published
    assert not stack.inspect("asterisk")["HostConfig"]["PortBindings"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((stack.network()["Gateway"], int(port)), timeout=5)


def test_given_the_secret_when_looked_for_then_it_is_in_the_shared_memory_only(
    stack: Stack,
) -> None:
    secret = stack.inside("callcue", "cat", "/run/ami/secret")

    assert re.fullmatch("[0-9a-f]{48}", secret)
    assert stack.inside("callcue", "stat", "-f", "-c", "%T", "/run/ami") == "tmpfs\n"
    for name in SERVICES:
        assert secret not in str(stack.inspect(name))
        assert secret not in stack.compose("logs", name)


@pytest.mark.parametrize(
    ("name", "its_own"),
    [
        ("asterisk", b"Fill in what is known only now"),
        ("callcue", b"Whether the callcue of this container"),
    ],
    ids=SERVICES,
)
def test_given_an_image_when_every_layer_is_searched_then_no_secret_is_in_it(
    stack: Stack, name: str, its_own: bytes
) -> None:
    secret = stack.inside("callcue", "cat", "/run/ami/secret").encode()
    found: set[bytes] = set()

    for _, content in saved(stack.image_name(name)):
        found |= holds(content, [secret, its_own])

    assert found == {its_own}


def test_given_the_right_secret_when_this_machine_logs_in_to_ami_then_it_may_not(
    stack: Stack,
) -> None:
    secret = stack.inside("callcue", "cat", "/run/ami/secret")

    assert "Response: Error" in login(stack.address("asterisk"), secret)


def test_given_no_settings_when_callcues_image_runs_then_it_says_what_is_missing(
    stack: Stack,
) -> None:
    with pytest.raises(Failed) as failed:
        docker("run", "--rm", "--read-only", stack.image_name("callcue"))

    assert failed.value.code == 2
    assert "asterisk: is missing" in str(failed.value)


def test_given_a_setting_that_nothing_fills_in_when_asterisk_starts_then_it_says_so_and_ends(
    stack: Stack,
) -> None:
    add = "echo 'bindport=@NEW_PORT@' >> /usr/local/share/test-pbx/new.conf && exec start-test-pbx"
    options = ["--rm", "--user", "0", "--env", "AMI_SECRET_FILE=/tmp/secret", "--entrypoint", "sh"]
    with pytest.raises(Failed) as failed:
        docker("run", *options, stack.image_name("asterisk"), "-c", add)

    assert failed.value.code == 1
    assert "new.conf:1:bindport=@NEW_PORT@" in str(failed.value)


def test_given_docker_works_when_the_lab_runs_then_it_is_used_as_it_is(stack: Stack) -> None:
    assert stack.left()
    here = docker("ps", "--quiet", "--no-trunc")

    assert lab("docker", "ps", "--quiet", "--no-trunc") == here
