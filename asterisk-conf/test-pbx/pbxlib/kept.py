"""The script's side of the keeper: a command that cannot outlive us."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType

from pbxlib import keeper
from pbxlib.root import as_root

SECONDS_TO_END = 15


class Kept:
    """A command under a keeper; leaving the `with` block ends it and all that came of it."""

    def __init__(
        self,
        command: list[str],
        *,
        log: Path,
        root: bool,
        owner: tuple[int, int] | None = None,
        remove: Path | None = None,
    ) -> None:
        # Isolated: as root, nothing of the user's Python settings may be read.
        argv = [sys.executable, "-I", keeper.__file__, "--log", str(log)]
        if owner is not None:
            argv += ["--owner", f"{owner[0]}:{owner[1]}"]
        if remove is not None:
            argv += ["--remove", str(remove)]
        argv += ["--", *command]
        self._process = subprocess.Popen(
            as_root(argv) if root else argv,
            stdin=subprocess.PIPE,
            # Whoever reads our stdout must see its end as soon as we are gone.
            stdout=subprocess.DEVNULL,
        )

    def __enter__(self) -> "Kept":
        """Return the running command."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the command."""
        self.end()

    @property
    def running(self) -> bool:
        """Whether the command still runs."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait until the command ends by itself; return its exit code."""
        return self._process.wait()

    def end(self) -> None:
        """Kill the command with all its descendants, and wait until they are gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(SECONDS_TO_END)

    def find(self, name: str) -> int | None:
        """Return the pid of the topmost descendant of that name."""
        known = keeper.processes()
        level = {self._process.pid}
        while level:
            below = [(pid, comm) for pid, parent, comm in known if parent in level]
            for pid, comm in below:
                if comm == name:
                    return pid
            level = {pid for pid, _ in below}
        return None
