"""bcrypt of a low cost, computed in a process beside this one: here it would hold up every call.

Each thread has a process of its own, made when first needed, as modest as its thread: a stranger's
hash is waited for by strangers alone. A process ends with its thread, and when this service ends,
however that comes to pass: it reads from a pipe that nobody holds any longer.
"""

import subprocess
import sys
import threading
from contextlib import suppress

from . import eksblowfish
from .eksblowfish import HASH_BYTES, REQUEST, bcrypt_of_low_cost

END_SECONDS = 1.0
"""An idle process ends at once. One that does not is killed."""

_ours = threading.local()


def bcrypt_beside(password: bytes, salt: bytes, cost: int) -> bytes:
    """See `bcrypt_of_low_cost`. Where no process can be had it is computed here."""
    for _ in range(2):  # one that was found dead is replaced
        try:
            return _process().ask(password, salt, cost)
        except OSError:
            _ours.process = None
    return bcrypt_of_low_cost(password, salt, cost)


class _Process:
    """The other process; what goes there goes by a pipe, so that nobody sees it in a list."""

    def __init__(self) -> None:
        self.popen = subprocess.Popen(
            # It needs neither our packages nor our environment, and no Ctrl-C is meant for it.
            [sys.executable, "-I", "-S", eksblowfish.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def ask(self, password: bytes, salt: bytes, cost: int) -> bytes:
        """The hash. Raises `OSError`: it is dead."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        self.popen.stdin.write(REQUEST.pack(salt, cost, len(password)) + password)
        self.popen.stdin.flush()
        answer = self.popen.stdout.read(HASH_BYTES)
        if len(answer) < HASH_BYTES:
            raise BrokenPipeError
        return answer

    def __del__(self) -> None:
        if not hasattr(self, "popen"):
            return  # it could not be started
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self.popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def _process() -> _Process:
    """This thread's."""
    process: _Process | None = getattr(_ours, "process", None)
    if process is None:
        process = _ours.process = _Process()
    return process
