"""Hashes of a low cost are computed in another process, and in none that outlives its thread."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from callcue.vicidialdb import beside
from callcue.vicidialdb.beside import _process, bcrypt_beside
from callcue.vicidialdb.eksblowfish import bcrypt_of_low_cost

SALT = b"0123456789abcdef"


@pytest.mark.parametrize("password", [b"", b"1", b"Pass.1234", b"x" * 72])
def test_given_a_password_when_hashed_beside_then_the_hash_is_the_same(password: bytes) -> None:
    assert bcrypt_beside(password, SALT, 1) == bcrypt_of_low_cost(password, SALT, 1)


def test_given_a_thread_when_it_hashes_then_by_a_process_of_its_own_that_ends_with_it() -> None:
    processes = {}

    def hashing() -> None:
        bcrypt_beside(b"a", SALT, 0)
        first = _process().popen
        bcrypt_beside(b"b", SALT, 0)
        assert _process().popen is first
        processes[threading.get_ident()] = first

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        one.submit(hashing).result()
        other.submit(hashing).result()
        assert len({process.pid for process in processes.values()}) == 2
        assert [process.poll() for process in processes.values()] == [None, None]
    assert [process.returncode for process in processes.values()] == [0, 0]


def test_given_a_process_that_was_killed_when_hashed_then_there_is_another() -> None:
    bcrypt_beside(b"a", SALT, 0)
    first = _process().popen
    first.kill()
    first.wait()
    assert bcrypt_beside(b"a", SALT, 0) == bcrypt_of_low_cost(b"a", SALT, 0)
    assert _process().popen is not first


def test_given_no_process_to_be_had_then_it_is_computed_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(*_: object, **__: object) -> NoReturn:
        raise OSError

    monkeypatch.setattr(beside, "_ours", threading.local())
    monkeypatch.setattr(subprocess, "Popen", none)
    assert bcrypt_beside(b"a", SALT, 0) == bcrypt_of_low_cost(b"a", SALT, 0)


def test_given_a_service_that_is_killed_then_its_process_ends_too() -> None:
    program = (
        "import os, sys\n"
        "from callcue.vicidialdb.beside import _process, bcrypt_beside\n"
        f"bcrypt_beside(b'a', {SALT!r}, 0)\n"
        "print(_process().popen.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    # It ends when nobody holds its output: stderr is inherited by the process beside.
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=30, check=False
    )
    assert ended.returncode == -9
    assert ended.stdout.strip().isdigit()
