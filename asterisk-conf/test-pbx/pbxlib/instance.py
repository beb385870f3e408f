"""An instance: the private folder that one running test PBX lives in."""

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pbxlib.engine import CLOCK, CLOCK_LIBRARY, Engine
from pbxlib.music import write_music
from pbxlib.rootfs import cache_folder

PREFIX = "callcue-pbx-"
TEST_CONF = Path(__file__).resolve().parent.parent
OPERATOR_CONF = TEST_CONF.parent
# Every folder that Asterisk writes to or reads from, and what asterisk.conf calls it.
FOLDERS = {
    "etc": "astetcdir",
    "lib": "astvarlibdir",
    "db": "astdbdir",
    "keys": "astkeydir",
    "data": "astdatadir",
    "agi": "astagidir",
    "spool": "astspooldir",
    "run": "astrundir",
    "log": "astlogdir",
    "cache": "astcachedir",
}
# Before this version some files have another form, kept beside them with the suffix `.16`.
FIRST_MODERN_MAJOR = 20
OLD_FORM = ".16"


@dataclass(frozen=True)
class Instance:
    """The folder, and how to log in to the Asterisk that runs on it."""

    folder: Path
    conf: tuple[Path, ...] = (OPERATOR_CONF, TEST_CONF)
    port: int = field(default_factory=lambda: _free_port())
    http_port: int = field(default_factory=lambda: _free_port())
    sip_port: int = field(default_factory=lambda: _free_port())
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    host: str = "127.0.0.1"
    username: str = "callcue"

    @property
    def sounds(self) -> Path:
        """Where tests may put clips of their own."""
        return self.folder / "data/sounds/en"

    @property
    def console_log(self) -> Path:
        """What Asterisk itself and the programs around it print."""
        return self.folder / "log/console.log"

    @property
    def control_socket(self) -> Path:
        """The socket of Asterisk's console."""
        return self.folder / "run/asterisk.ctl"

    def fill(self, engine: Engine) -> None:
        """Write all that Asterisk needs into the folder."""
        for name in FOLDERS:
            (self.folder / name).mkdir()
        self._write_asterisk_conf(engine)
        self._copy_conf(engine)
        self._link_data(engine)
        self._copy_sounds(engine)
        write_music(self.folder / "data/sounds/music")
        self._make_clock(engine)
        self._give_to(engine.owner)

    def _write_asterisk_conf(self, engine: Engine) -> None:
        inside = engine.seen_from_inside(self.folder)
        lines = ["[directories]", f"astmoddir => {engine.module_folder()}"]
        lines += [f"{name} => {inside / folder}" for folder, name in FOLDERS.items()]
        lines += ["", "[options]", "transmit_silence = yes", "systemname = callcue-test"]
        lines += ["nocolor = yes", ""]
        (self.folder / "etc/asterisk.conf").write_text("\n".join(lines))

    def _copy_conf(self, engine: Engine) -> None:
        old = engine.major < FIRST_MODERN_MAJOR
        for path in (path for folder in self.conf for path in folder.glob("*.conf")):
            old_form = path.with_name(path.name + OLD_FORM)
            text = (old_form if old and old_form.exists() else path).read_text()
            (self.folder / "etc" / path.name).write_text(self._filled_in(text))

    def _filled_in(self, text: str) -> str:
        for name, value in {
            "AMI_PORT": self.port,
            "AMI_SECRET": self.secret,
            "HTTP_PORT": self.http_port,
            "SIP_PORT": self.sip_port,
        }.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def _link_data(self, engine: Engine) -> None:
        stock = engine.data_folder()
        for entry in engine.on_host(stock).iterdir():
            if entry.name != "sounds":
                (self.folder / "data" / entry.name).symlink_to(stock / entry.name)

    def _copy_sounds(self, engine: Engine) -> None:
        # Copies, not links: a link into the root file system would point nowhere on the host,
        # and callcue looks at the clips from there.
        stock = engine.on_host(engine.data_folder() / "sounds/en")
        if stock.is_dir():
            shutil.copytree(
                stock, self.sounds, copy_function=shutil.copyfile, ignore_dangling_symlinks=True
            )
        self.sounds.mkdir(parents=True, exist_ok=True)

    def _make_clock(self, engine: Engine) -> None:
        if engine.faketime is not None:
            shutil.copyfile(engine.faketime, self.folder / CLOCK_LIBRARY)
            (self.folder / CLOCK).write_text("+0\n")

    def _give_to(self, owner: tuple[int, int] | None) -> None:
        if owner is None:
            return
        # The folder itself stays ours, so that only we can remove it; others may pass through.
        self.folder.chmod(0o711)
        for path in self.folder.rglob("*"):
            os.chown(path, *owner, follow_symlinks=False)
        (self.folder / "etc").chmod(0o700)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Make a fresh folder and remove it at the end; remove those of killed runs first."""
    base = Path(tempfile.gettempdir())
    # One at a time: a folder just made is not yet locked and must not be taken for a left one.
    with (cache_folder() / "instances.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        _remove_left_behind(base)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        life = _lock_file(folder).open("w")
        fcntl.flock(life, fcntl.LOCK_EX)
    with life:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind(base: Path) -> None:
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.geteuid() and not _is_alive(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(folder: Path) -> bool:
    try:
        with _lock_file(folder).open("r") as life:
            fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _lock_file(folder: Path) -> Path:
    return folder / "lock"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
