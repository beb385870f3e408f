"""What is known of URLs: which clip each was, or why it was none, and since when."""

from collections import OrderedDict
from dataclasses import dataclass, field

from .failures import MediaFailed
from .fetch import Validators

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Remembered:
    """What came of a URL. All times in seconds of the one clock."""

    found: str | MediaFailed
    """The clip's digest, or the failure."""
    checked: float
    """When the origin last said so."""
    until: float
    """Till then it is not asked again."""
    validators: Validators = field(default_factory=Validators)


class RememberedUrls:
    """The last so many URLs; the longest unasked is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._urls: OrderedDict[str, Remembered] = OrderedDict()

    def __len__(self) -> int:
        return len(self._urls)

    def get(self, url: str) -> Remembered | None:
        """What is known of it."""
        if url in self._urls:
            self._urls.move_to_end(url)
        return self._urls.get(url)

    def put(self, url: str, remembered: Remembered) -> None:
        """From now on it is this."""
        self._urls[url] = remembered
        self._urls.move_to_end(url)
        while len(self._urls) > self._most:
            self._urls.popitem(last=False)
