"""Root's rights, for the few steps that need them."""

import os
import shutil
import subprocess
from pathlib import Path

from pbxlib.saying import CannotHaveAsterisk


def as_root(command: list[str]) -> list[str]:
    """Return the command, through sudo if we are not root ourselves."""
    if os.geteuid() == 0:
        return command
    return [*_sudo(), *command]


def demand_root() -> None:
    """Ask for the password now, where a person still looks, or fail with one line."""
    if os.geteuid() == 0:
        return
    if subprocess.run([*_sudo(), "true"], check=False).returncode != 0:
        raise CannotHaveAsterisk(
            "no Asterisk on this machine, and making one needs root: run as root or allow sudo"
        )


def _sudo() -> list[str]:
    if shutil.which("sudo") is None:
        raise CannotHaveAsterisk(
            "no Asterisk on this machine, and making one needs root or sudo: neither is here"
        )
    return ["sudo"] if _has_terminal() else ["sudo", "-n"]


def _has_terminal() -> bool:
    try:
        Path("/dev/tty").open("rb").close()
    except OSError:
        return False
    return True
