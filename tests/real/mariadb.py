"""The real MariaDB of the tests: Debian's, private, on loopback, thrown away at the end."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

from .process import free_port

PACKAGE = "mariadb-server-core"
"""The server alone: no service is installed with it, and none is started."""

NAME, USER, PASSWORD = "asterisk", "callcue", "Maria.pass-1"
"""What callcue is given. It may only read."""

OWNER, OWNERS_PASSWORD = "owner", "0wner.pass"

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
_SYSTEM_TABLES = ("system_tables", "system_tables_data")
_SMALL = ("--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M")
_END_WITH_US = ("setpriv", "--pdeathsig", "TERM")
"""A run that is killed leaves no server behind."""

_SECONDS_TO_START = 30


class NoMariaDB(Exception):
    """None can be had here; the text says in one line why."""


class MariaDB:
    """A server that a test may stop, freeze and start again; its data stays."""

    host = "127.0.0.1"

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Start it; it answers when this returns."""
        self._process = subprocess.Popen(
            [
                *_END_WITH_US,
                *self._command(),
                f"--port={self.port}",
                f"--bind-address={self.host}",
                f"--socket={self._folder / 'socket'}",
                f"--pid-file={self._folder / 'pid'}",
                f"--log-error={self._log}",
                "--skip-name-resolve",
                "--innodb-flush-log-at-trx-commit=0",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up = time.monotonic() + _SECONDS_TO_START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise NoMariaDB(f"mariadbd did not start: {self._last_words()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, if it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def freeze(self) -> None:
        """It keeps its connections and answers nothing, as a machine does that has hung."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # A busy machine lets its threads finish what they are at.
        threads = Path(f"/proc/{self._process.pid}/task")
        while any(_state(thread) != "T" for thread in threads.iterdir()):
            time.sleep(0.001)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def do(self, *statements: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run statements as their owner; the rows of the last one. *values* are for the last."""
        connection = pymysql.connect(
            host=self.host,
            port=self.port,
            user=OWNER,
            password=OWNERS_PASSWORD,
            database=NAME,
            autocommit=True,
        )
        with connection, connection.cursor() as cursor:
            for statement in statements[:-1]:
                cursor.execute(statement)
            cursor.execute(statements[-1], values or None)
            return list(cursor.fetchall())

    def prepare(self) -> None:
        """Make its own tables, and the users and the database of the tests."""
        grant = f"TO '{USER}'@'{self.host}' IDENTIFIED BY '{PASSWORD}'"
        script = [
            "CREATE DATABASE mysql;\nUSE mysql;\n",
            *(file.read_text(encoding="utf-8") for file in _system_tables()),
            "FLUSH PRIVILEGES;\n",
            f"CREATE DATABASE {NAME};\n",
            # More than it needs: what keeps callcue from writing must be its own doing.
            f"GRANT ALL ON {NAME}.* {grant};\n",
            f"GRANT ALL ON *.* TO '{OWNER}'@'{self.host}' IDENTIFIED BY '{OWNERS_PASSWORD}';\n",
        ]
        finished = subprocess.run(
            [*self._command(), "--bootstrap", "--skip-networking"],
            check=False,
            input="".join(script),
            capture_output=True,
            text=True,
        )
        if finished.returncode != 0:
            raise NoMariaDB(f"mariadbd made no tables: {finished.stderr.strip()[-300:]}")

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _command(self) -> list[str]:
        as_whom = ["--user=root"] if os.geteuid() == 0 else []
        return [
            self._program,
            "--no-defaults",
            *as_whom,
            f"--datadir={self._folder / 'data'}",
            *_SMALL,
        ]

    def _answers(self) -> bool:
        try:
            self.do("SELECT 1")
        except pymysql.MySQLError:
            return False
        return True

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return lines[-1] if lines else "it said nothing"


@contextmanager
def running_mariadb() -> Iterator[MariaDB]:
    """Start one, installed first if it must be, and end and remove it."""
    program = shutil.which("mariadbd", path=_PATH) or _install()
    with tempfile.TemporaryDirectory(prefix="callcue-mariadb-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        (folder / "data").mkdir()
        server = MariaDB(program, folder)
        try:
            server.prepare()
            server.start()
            yield server
        finally:
            server.stop()


def _state(thread: Path) -> str:
    """One letter, as the kernel has it; T is stopped."""
    return (thread / "stat").read_text().rpartition(")")[2].split()[0]


def _install() -> str:
    if shutil.which("apt-get") is None:
        raise NoMariaDB(f"no mariadbd here, and no apt-get to install {PACKAGE}")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    command += ["-o", "DPkg::Lock::Timeout=120"]  # another run may be installing it
    install = [*command, "--no-install-recommends", "install", PACKAGE]
    # The package lists of a fresh machine may be empty or old: try again with new ones.
    for step in (install, [*command, "update"], install):
        if _succeeds(step) and (program := shutil.which("mariadbd", path=_PATH)):
            return program
    raise NoMariaDB(f"no mariadbd here, and apt-get could not install {PACKAGE}")


def _succeeds(command: list[str]) -> bool:
    try:
        finished = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return False
    return finished.returncode == 0


def _system_tables() -> list[Path]:
    """The files it brings for making its own tables; their names differ between versions."""
    for folder in (Path("/usr/share/mariadb"), Path("/usr/share/mysql")):
        for prefix in ("mariadb", "mysql"):
            files = [folder / f"{prefix}_{name}.sql" for name in _SYSTEM_TABLES]
            if all(file.exists() for file in files):
                return files
    raise NoMariaDB("mariadbd is here, and not the files it makes its own tables from")
