"""The small commands, the start and the end of the service."""

import asyncio
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from callcue.api.keys import digest
from callcue.cli import app

RUNNER = CliRunner()
SOURCE = Path(__file__).parents[2] / "src"


def test_given_hash_password_then_the_hash_is_of_the_password() -> None:
    result = RUNNER.invoke(app, ["hash-password"], input="s3cret\n")
    assert result.exit_code == 0
    assert PasswordHasher().verify(result.stdout.strip(), "s3cret")
    assert "s3cret" not in result.output


@pytest.mark.parametrize("password", ["", "x", "with blank", "ümlaut", "a'b"])
def test_given_a_password_that_api_php_would_change_then_it_is_refused(password: str) -> None:
    result = RUNNER.invoke(app, ["hash-password"], input=f"{password}\n")
    assert result.exit_code == 2
    assert not result.stdout


def test_given_new_key_then_key_and_digest_belong_together() -> None:
    outputs = [RUNNER.invoke(app, ["new-key"]).stdout for _ in range(2)]
    key, sha256 = (line.rpartition(": ")[2] for line in outputs[0].splitlines())
    assert len(key) >= 43
    assert digest(key) == sha256
    assert outputs[0] != outputs[1]


def test_given_version_then_it_says_which() -> None:
    result = RUNNER.invoke(app, ["--version"])
    assert (result.exit_code, result.stdout.split()[0]) == (0, "callcue")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _start(folder: Path, port: int, *options: str) -> asyncio.subprocess.Process:
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(SOURCE),
        "CALLCUE_HTTP_PORT": str(port),
        "CALLCUE_ASTERISK_SECRET": "ami-s3cret",
        "CALLCUE_ASTERISK_PORT": str(_free_port()),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcue", "serve", *options),
        cwd=folder,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_given_a_signal_then_it_ends_cleanly(tmp_path: Path, number: int) -> None:
    process = await _start(tmp_path, _free_port(), "--demo")
    assert process.stderr is not None
    heard = b""
    async with asyncio.timeout(20):
        while b"listening" not in heard:
            line = await process.stderr.readline()
            assert line, heard
            heard += line
        process.send_signal(number)
        _, rest = await process.communicate()
    assert process.returncode == 0, rest
    assert b"DEMONSTRATION MODE" in heard
    assert b"Traceback" not in heard + rest
    assert b"ami-s3cret" not in heard + rest
    assert not _files(tmp_path)


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_given_a_port_in_use_then_one_line_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await _start(tmp_path, taken.getsockname()[1])
        async with asyncio.timeout(20):
            _, errors = await process.communicate()
    assert process.returncode == 1
    lines = [line for line in errors.decode().splitlines() if line.startswith("callcue: ")]
    assert len(lines) == 1
    assert re.search(r"cannot listen at 127\.0\.0\.1 port \d+: .*in use", lines[0])
    assert "Traceback" not in errors.decode()
