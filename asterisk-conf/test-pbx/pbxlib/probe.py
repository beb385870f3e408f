"""Ask a running Asterisk whether it is ready: over its console socket, and over AMI."""

import contextlib
import os
import re
import socket
from pathlib import Path

BOOTED = b"fully booted"


def is_booted(control_socket: Path, seconds: float) -> bool:
    """Whether Asterisk says so itself; waits for its answer for so long.

    The console socket needs no AMI rights, and lies in the instance folder, where we reach it
    from outside the root file system too. Commands end with a zero byte.
    """
    with contextlib.suppress(OSError), _connect(control_socket) as console:
        console.settimeout(seconds)
        console.sendall(b"core waitfullybooted\0")
        return _read_until(console, BOOTED)
    return False


def _connect(path: Path) -> socket.socket:
    console = socket.socket(socket.AF_UNIX)
    # The address has room for 108 bytes only; by its folder's descriptor any path fits.
    folder = os.open(path.parent, os.O_PATH)
    try:
        console.connect(f"/proc/self/fd/{folder}/{path.name}")
    except OSError:
        console.close()
        raise
    finally:
        os.close(folder)
    return console


def greets(host: str, port: int, seconds: float) -> bool:
    """Whether an AMI server answers there."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((host, port), timeout=seconds) as ami,
    ):
        return _read_until(ami, b"Asterisk Call Manager/")
    return False


def ami_version(host: str, port: int, username: str, secret: str, seconds: float) -> str | None:
    """Log in, and return the version of the Asterisk behind it; None if it lets us not in."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((host, port), timeout=seconds) as ami,
    ):
        login = _action("Login", Username=username, Secret=secret, Events="off")
        settings = _action("CoreSettings")
        ami.sendall(login + settings + _action("Logoff"))
        version = _header(_read_all(ami), "AsteriskVersion")
        # Distributions add marks of their own: 22.10.1+dfsg+~cs6.17 is 22.10.1.
        return version and re.split(r"[+~-]", version)[0]
    return None


def _action(name: str, **headers: str) -> bytes:
    lines = [f"Action: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _header(text: str, name: str) -> str | None:
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key == name:
            return value
    return None


def _read_until(peer: socket.socket, wanted: bytes) -> bool:
    heard = b""
    while wanted not in heard:
        piece = peer.recv(4096)
        if not piece:
            return False
        heard += piece
    return True


def _read_all(peer: socket.socket) -> str:
    pieces = []
    with contextlib.suppress(TimeoutError):
        while piece := peer.recv(4096):
            pieces.append(piece)
    return b"".join(pieces).decode(errors="replace")
