"""A folder of sounds on this machine, to be listed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from callcue.core.ports import ListedSound

EXTENSIONS = frozenset({".wav", ".gsm"})
MOST = 100_000
"""Files; a folder with more is listed in part."""


class FolderOfSounds:
    """Implements `callcue.core.ports.SoundList`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def sounds(self) -> Sequence[ListedSound] | None:
        """See `SoundList.sounds`. No folder below it, and no name that could break a line."""
        return await asyncio.to_thread(self._listed)

    def _listed(self) -> Sequence[ListedSound] | None:
        found: list[ListedSound] = []
        try:
            for path in self._folder.iterdir():
                if len(found) < MOST and path.suffix in EXTENSIONS and path.name.isprintable():
                    found += _sound(path)
        except OSError:
            return None
        return found


def _sound(path: Path) -> list[ListedSound]:
    """It, unless it is a folder or has just gone."""
    try:
        status = path.stat()
        if not path.is_file():
            return []
    except OSError:
        return []
    return [ListedSound(path.name, status.st_size, int(status.st_mtime))]
