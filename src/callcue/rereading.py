"""The settings read again, on a signal or when `callcue reload` asks; one at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from callcue import logs
from callcue.control import Answer
from callcue.reloading import Reloader
from callcue.settings import Settings, SettingsError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the settings come from."""

    read: Callable[[], Settings]
    """Reads them; raises `SettingsError`."""
    socket: Path | None = None
    """Where `callcue reload` asks."""


class Rereading:
    """Reads, puts in force or refuses as a whole, and says so in the log."""

    def __init__(self, reloader: Reloader, source: Source | None) -> None:
        self._reloader = reloader
        self._source = source
        self._turn = asyncio.Lock()
        reloader.heeds.append(lambda new: logs.configure(new.log.level, new.log.format))

    async def reload(self) -> Answer:
        """Do it now."""
        if self._source is None:
            return Answer(refused=True, lines=("the settings did not come from a file",))
        async with self._turn:
            try:
                # In a thread: a file may be on a slow disk, and calls go on meanwhile.
                fresh = await asyncio.to_thread(self._source.read)
                reloaded = await self._reloader.reload(fresh)
            except SettingsError as error:
                log.error("the settings are refused, the old ones stay", reason=str(error))
                return Answer(refused=True, lines=tuple(str(error).splitlines()))
            except Exception:  # a fault of ours: the next reload shall be heard all the same
                log.exception("the settings could not be read again")
                return Answer(refused=True, lines=("a fault in callcue; its log says more",))
        for line in reloaded.done:
            log.info("settings read again", change=line)
        if reloaded.needs_restart:
            log.warning("these settings need a restart", settings=list(reloaded.needs_restart))
        return Answer(refused=False, lines=reloaded.lines)

    async def at_each(self, again: asyncio.Event) -> None:
        """Do it each time *again* is set, until cancelled."""
        while True:
            await again.wait()
            again.clear()
            await self.reload()
