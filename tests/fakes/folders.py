"""A folder that may not be entered, for root too, who runs some of these tests."""

import errno
import os
from pathlib import Path

import pytest


def close(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nobody may look at what is in *folder*."""
    stat_of = Path.stat

    def stat_or_not(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.parent == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return stat_of(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat_or_not)
