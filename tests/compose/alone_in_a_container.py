"""callcue's image as docs/docker.md has it in production: alone, beside an Asterisk elsewhere."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from textwrap import dedent
from urllib.request import urlopen

import pytest
from real.pbx import running_pbx

from compose.stack import REPOSITORY, Failed, Stack, docker, free_port

PASSWORD = "correct-horse"
SETTINGS = """
[asterisk]
port = {port}
secret_file = "ami-secret"

[[users]]
user = "7777"
password_hash = "{hash}"
"""
PLAY = (
    "/agc/api.php?source=test&user=7777&pass={}&agent_user=1000"
    "&function=audio_playback&value=ss-noservice&stage=PLAY"
)
SECONDS_TO_COME_BACK = 60


@dataclass(frozen=True, slots=True)
class Alone:
    """The one container; compose reads its file from stdin."""

    name: str
    file: str
    image: str
    url: str

    def compose(self, *arguments: str) -> str:
        command = ("compose", "--project-name", self.name, "--file", "-", *arguments)
        return docker(*command, given=self.file)

    def ready(self) -> str:
        return self.compose("exec", "--no-TTY", "callcue", "healthy", "ready")

    def api(self, path: str) -> str:
        with urlopen(self.url + path, timeout=10) as answer:
            text: str = answer.read().decode()
        return text


def from_the_page(image: str, volume: str, port: int) -> str:
    """The compose file that docs/docker.md shows, with a volume in place of the folder."""
    page = (REPOSITORY / "docs" / "docker.md").read_text()
    block = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert block is not None
    file = dedent(block[1])
    for ours, theirs in {
        "image: callcue": f"image: {image}",
        "./callcue:": "settings:",
        "    environment:\n": f"    environment:\n      CALLCUE_HTTP_PORT: {port}\n",
    }.items():
        assert ours in file
        file = file.replace(ours, theirs)
    assert file.endswith("\nvolumes:\n  state:\n")
    return f"{file}  settings: {{external: true, name: {volume}}}\n"


@pytest.fixture
def alone(stack: Stack) -> Iterator[Alone]:
    image, name, port = stack.image_name("callcue"), f"{stack.name}-alone", free_port()
    hashed = docker("run", "--rm", "-i", image, "hash-password", given=PASSWORD).strip()
    with running_pbx() as pbx:
        settings = SETTINGS.format(port=pbx.port, hash=hashed)
        here = Alone(name, from_the_page(image, name, port), image, f"http://127.0.0.1:{port}")
        try:
            put(image, name, "callcue.toml", settings)
            put(image, name, "ami-secret", pbx.secret)
            here.compose("up", "--wait")
            yield here
        finally:
            here.compose("down", "--volumes")
            docker("volume", "rm", "--force", name)


def put(image: str, volume: str, name: str, text: str) -> None:
    """Write a file into the volume, with the owner and mode that the page names."""
    write = f"cat > {name} && chown -R 10001:10001 . && chmod 400 {name}"
    mount = f"{volume}:/etc/callcue"
    options = ["--user", "0", "--volume", mount, "--entrypoint", "sh"]
    docker("run", "--rm", "-i", *options, image, "-c", write, given=text)


def test_given_the_page_when_it_is_followed_then_a_clip_plays_and_a_killed_callcue_comes_back(
    alone: Alone,
) -> None:
    assert '"ready"' in alone.ready()
    assert alone.api(PLAY.format("wrong")).startswith("ERROR")
    assert alone.api(PLAY.format(PASSWORD)).startswith("SUCCESS")
    assert alone.api(PLAY.format(PASSWORD).replace("PLAY", "STOP")).startswith("SUCCESS")

    kill_its_process(alone)

    end = time.monotonic() + SECONDS_TO_COME_BACK
    answer = ""
    while '"ready"' not in answer and time.monotonic() < end:
        with suppress(Failed):  # not there yet, or not ready
            answer = alone.ready()
    assert alone.api(PLAY.format(PASSWORD)).startswith("SUCCESS")


def test_given_the_page_when_it_is_followed_then_the_store_is_in_the_volume(alone: Alone) -> None:
    command = ("exec", "--no-TTY", "callcue", "callcue")
    assert "7777" in alone.compose(*command, "user", "list")
    # Fails where there is no store: so the service could make one.
    assert "result" in alone.compose(*command, "log")


def kill_its_process(alone: Alone) -> None:
    """From the outside, as the kernel does; `docker kill` would count as wanted."""
    container = alone.compose("ps", "--quiet").strip()
    process = docker("inspect", "--format", "{{.State.Pid}}", container).strip()
    options = ["--pid", "host", "--user", "0", "--entrypoint", "sh"]
    docker("run", "--rm", *options, alone.image, "-c", f"kill -9 {process}")
