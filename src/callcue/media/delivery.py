"""How a clip gets to an Asterisk: by a folder that both see, or by a URL of ours."""

import re
from typing import Protocol

from callcue.core.types import SoundName

from .clip_urls import ClipUrls
from .clips import Clip

_FOLDER = re.compile(r"[A-Za-z0-9_./-]{1,200}")


class Delivery(Protocol):
    """One Asterisk's way to our clips."""

    needs_fetching: bool
    """Whether Asterisk has to fetch it first, and so is asked whether it could."""

    def name(self, clip: Clip) -> SoundName:
        """What this Asterisk calls it."""


class ByFolder:
    """Asterisk sees the folder of clips, by the same path or another."""

    needs_fetching = False

    def __init__(self, folder: str) -> None:
        """*folder*: what Asterisk calls it, absolute or below its sounds. Raises `ValueError`."""
        if not _FOLDER.fullmatch(folder) or ".." in folder:
            raise ValueError("Asterisk cannot be told a folder of that name")
        self._folder = folder.rstrip("/")

    def name(self, clip: Clip) -> SoundName:
        """See `Delivery.name`. Below the folder as it lies there, without the extension."""
        return SoundName(f"{self._folder}/{clip.path.parent.name}/{clip.digest}")


class ByUrl:
    """Asterisk sees no folder of ours: it fetches the clip from this service, and keeps it."""

    needs_fetching = True

    def __init__(self, urls: ClipUrls, base: str) -> None:
        """*base*: where this Asterisk reaches the service."""
        self._urls = urls
        self._base = base.rstrip("/")

    def name(self, clip: Clip) -> SoundName:
        """See `Delivery.name`."""
        return SoundName(f"{self._base}{self._urls.path(clip.path.parent.name, clip.digest)}")
