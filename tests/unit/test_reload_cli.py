"""`callcue reload` and SIGHUP, and the service as a process of its own."""

import asyncio
import os
import pty
import signal
import socket
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fake_ami.pbx import FakePbx

from callcue.control import Answer, ControlSocket, NobodyThere, ask_to_reload
from callcue.settings.control import DEFAULT_NAME, control_socket

SOURCE = Path(__file__).parents[2] / "src"
ENVIRON = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCE)}
CALLCUE = (sys.executable, "-m", "callcue")


@dataclass
class Running:
    """A service, and what it has logged so far."""

    process: Process
    file: Path
    heard: str = ""
    port: int = field(default_factory=lambda: _free_port())

    async def until(self, words: str) -> None:
        """Wait until that is in the log."""
        assert self.process.stderr is not None
        async with asyncio.timeout(20):
            while words not in self.heard:
                line = await self.process.stderr.readline()
                assert line, self.heard
                self.heard += line.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tables(http: int, *asterisks: tuple[str, int], secret: str = "a-secret") -> str:
    lines = ["[http]", f"port = {http}", "[log]", 'format = "json"', "[store]", 'path = ":memory:"']
    for name, port in asterisks:
        lines += ["[[asterisk]]", f'name = "{name}"', f"port = {port}", f'secret = "{secret}"']
    return "\n".join(lines)


@asynccontextmanager
async def _serving(folder: Path, text: str) -> AsyncIterator[Running]:
    file = folder / "callcue.toml"
    file.write_text(text)
    process = await asyncio.create_subprocess_exec(
        *CALLCUE, "serve", "--settings", str(file), env=ENVIRON, stdout=PIPE, stderr=PIPE
    )
    running = Running(process, file)
    try:
        await running.until('"listening"')
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        _, rest = await process.communicate()
        running.heard += rest.decode()


async def _reload(*options: str) -> tuple[int, str]:
    """Exit code, and all that was said."""
    process = await asyncio.create_subprocess_exec(
        *CALLCUE, "reload", *options, env=ENVIRON, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(20):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_given_a_service_when_told_to_reload_then_it_does_or_refuses_it_whole(
    tmp_path: Path,
) -> None:
    http = _free_port()
    async with FakePbx() as main, FakePbx() as east:
        one, two = ("main", main.ami.port), ("east", east.ami.port)
        async with _serving(tmp_path, _tables(http, one)) as running:
            options = ("--settings", str(running.file))
            socket_file = tmp_path / DEFAULT_NAME
            assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600

            running.file.write_text(_tables(http, one, two))
            assert await _reload(*options) == (0, "asterisk east is added\n")
            await east.ami.wait_for("Login")

            # A mistake, and beside it something that would be right.
            running.file.write_text(_tables(http, one) + "\nno-such-setting = 1\n")
            code, said = await _reload(*options)
            assert code == 2
            assert "refused, the old settings stay in force" in said
            assert "asterisk.no-such-setting: there is no such setting" in said
            await running.until("the settings are refused")
            assert "no-such-setting" in running.heard

            # No TOML at all: the socket is found all the same.
            running.file.write_text("[[[")
            code, said = await _reload(*options)
            assert (code, "is no TOML" in said) == (2, True)
            assert east.ami.open_connections == main.ami.open_connections == 1

            # SIGHUP does the same.
            running.file.write_text(_tables(http + 1, one))
            running.process.send_signal(signal.SIGHUP)
            await running.until("these settings need a restart")
            assert "asterisk east is removed" in running.heard
            await east.ami.wait_until(lambda: east.ami.open_connections == 0)
            assert (main.ami.open_connections, main.ami.connections) == (1, 1)
        assert running.process.returncode == 0
        assert not socket_file.exists()
        assert "a-secret" not in running.heard
        code, said = await _reload(*options)
        assert code == 1
        assert f"no callcue answers at {socket_file}" in said


async def test_given_a_terminal_that_goes_away_then_the_service_ends_and_does_not_reload(
    tmp_path: Path,
) -> None:
    file = tmp_path / "callcue.toml"
    file.write_text(_tables(_free_port(), ("main", _free_port())))
    master, slave = pty.openpty()
    starter = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    starter += " os.execv(sys.executable, [sys.executable, '-m', 'callcue', *sys.argv[1:]])"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", starter, "serve", "--settings", str(file)),
        env=ENVIRON,
        stdin=slave,
        stderr=PIPE,
        start_new_session=True,
    )
    os.close(slave)
    running = Running(process, file)
    try:
        await running.until('"listening"')
    finally:
        os.close(master)
    async with asyncio.timeout(20):
        await process.communicate()
    assert process.returncode == 0


async def test_given_a_socket_of_a_living_service_then_another_one_leaves_it_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "here"
    asked = []

    async def reload(which: str) -> Answer:
        asked.append(which)
        return Answer(refused=False, lines=(which,))

    first = ControlSocket(path, lambda: reload("first"))
    second = ControlSocket(path, lambda: reload("second"))
    await first.open()
    await second.open()
    await second.close()
    assert (await ask_to_reload(path)).lines == ("first",)
    await first.close()
    assert asked == ["first"]
    assert not path.exists()
    with pytest.raises(NobodyThere):
        await ask_to_reload(path)


async def test_given_a_socket_that_was_left_over_then_it_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "here"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))

    async def reload() -> Answer:
        return Answer(refused=True, lines=("so it is",))

    control = ControlSocket(path, reload)
    await control.open()
    assert await ask_to_reload(path) == Answer(refused=True, lines=("so it is",))
    await control.close()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", DEFAULT_NAME),
        ('[control]\nsocket = "run/here"\n', "run/here"),
        ("[control]\nsocket = 7\n", DEFAULT_NAME),
        ("[[[", DEFAULT_NAME),
    ],
)
def test_given_settings_however_wrong_then_the_socket_is_known(
    tmp_path: Path, text: str, name: str
) -> None:
    file = tmp_path / "callcue.toml"
    file.write_text(text)
    assert control_socket(file) == tmp_path / name
    assert control_socket(None) is None
