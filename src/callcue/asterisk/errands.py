"""Actions that an event asks for: nobody waits for them, and nobody is told of their answers."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from callcue.asterisk.action import HeaderValue
from callcue.asterisk.errors import LinkError
from callcue.asterisk.link import Link
from callcue.core.playback import Playback
from callcue.core.tracing import REQUEST


class Errands:
    """Those of one link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._under_way: set[asyncio.Task[None]] = set()

    def run(
        self,
        playback: Playback,
        channel: str,
        action: str,
        headers: Mapping[str, HeaderValue],
        *,
        after: float = 0.0,
    ) -> None:
        """Send *action* to *channel*, *after* so many seconds; logged under what was asked."""
        errand = self._errand(playback, {"Channel": channel, **headers}, action, after)
        task = asyncio.create_task(errand)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _errand(
        self, playback: Playback, headers: Mapping[str, HeaderValue], action: str, after: float
    ) -> None:
        REQUEST.set(playback.asked_in)
        if after:
            await asyncio.sleep(after)
        with suppress(LinkError):  # the leg has ended, or helps itself in a moment
            await self._link.send(action, headers)
