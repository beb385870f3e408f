"""The clips of one playback as they come: all are fetched side by side, whichever is first."""

import asyncio
import logging
from collections.abc import Sequence

from .errors import CallcueError, ClipFailed, ClipNotFound, NotStarted
from .ports import MediaLibrary
from .types import SoundName

_log = logging.getLogger(__name__)


class Supply:
    """Fetches the clips of a list, each name once. Close it when the playback has ended.

    The first item is to be asked for first, and by one alone: who asks fetches it himself. A task
    would get its turn when others have had theirs, and somebody waits to hear it.
    """

    def __init__(self, library: MediaLibrary, media: Sequence[str]) -> None:
        """Begin to fetch. *media* is not empty."""
        self._library = library
        self._names = media
        self._first: SoundName | CallcueError | None = None
        others = dict.fromkeys(name for name in media if name != media[0])
        self._tasks = {name: asyncio.create_task(_outcome(library, name)) for name in others}
        self._taken: set[str] = set()

    async def clip(self, index: int) -> SoundName:
        """That item's clip, once it is there.

        Raises:
            CallcueError: it cannot be had; a `ClipFailed` names the item.

        """
        outcome = await self._outcome(index)
        if isinstance(outcome, CallcueError):
            raise _of_item(index, outcome)
        self._taken.add(self._names[index])
        return outcome

    async def _outcome(self, index: int) -> SoundName | CallcueError:
        name = self._names[index]
        if name in self._tasks:
            return await asyncio.shield(self._tasks[name])
        if self._first is None:
            self._first = await _outcome(self._library, name)
        return self._first

    async def at_hand(self) -> None:
        """Give those that need no fetching the moment they take."""
        if self._tasks:
            await asyncio.sleep(0)

    def arrived(self, index: int) -> bool:
        """Whether it need not be waited for."""
        task = self._tasks.get(self._names[index])
        return self._first is not None if task is None else task.done()

    def close(self) -> None:
        """Nobody waits for the rest any more; what has come and nobody took is given back."""
        for name, task in self._tasks.items():
            if not task.cancel() and not task.cancelled() and name not in self._taken:
                outcome = task.result()
                if not isinstance(outcome, CallcueError):
                    self._library.release([outcome])


async def _outcome(library: MediaLibrary, name: str) -> SoundName | CallcueError:
    """An error is an outcome too: nobody may ever ask for it."""
    try:
        return await library.prepare(name)
    except CallcueError as error:
        return error
    except Exception as error:  # a fault of ours is this item's end, and no end of the session
        _log.exception("an item could not be prepared")  # not which: a URL may hold a secret
        return NotStarted(f"a fault in callcue: {error!r}")


def _of_item(index: int, error: CallcueError) -> CallcueError:
    match error:
        case ClipNotFound():
            return ClipNotFound(index, error.media)
        case ClipFailed():
            return ClipFailed(index, error.media, error.why)
        case _:
            return error
