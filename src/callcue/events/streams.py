"""Those who listen to events now, each with a bounded buffer: who does not read is cut off."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from .event import Event, Gap, Page

BUFFER = 1000
"""Events that may wait for one listener. Whoever has more to read had better read the record."""
BEAT_SECONDS = 15.0
"""So often something is sent, be it nothing: proxies close what is silent."""
PAGE = 200
"""Events that are read from the record at a time."""


class Record(Protocol):
    """Where all events are."""

    async def after(self, workspace: UUID, event_id: int, limit: int) -> Page:
        """A workspace's events after that id. Raises `EventsOutOfReach`."""

    async def newest(self) -> int:
        """The highest id of all; 0 when there is none. Raises `EventsOutOfReach`."""


@dataclass(frozen=True, slots=True)
class Start:
    """A stream begins after that event: so it can go on, also before anything has come."""

    id: int


class TooManyStreams(Exception):
    """As many listen as may."""


class Listener:
    """One who listens to a workspace."""

    def __init__(self, workspace: UUID) -> None:
        self.workspace = workspace
        self._waiting: deque[Event] = deque()
        self._something = asyncio.Event()
        self.over = False
        """Nothing more will come: it was too slow, or the service ends."""

    def put(self, event: Event) -> None:
        """Tell it; one that has too much to read already is told nothing more."""
        if len(self._waiting) >= BUFFER:
            self.end()
        elif not self.over:
            self._waiting.append(event)
            self._something.set()

    def end(self) -> None:
        """Let it go once it has read what waits."""
        self.over = True
        self._something.set()

    async def events(self, within: float) -> Sequence[Event]:
        """What has come; nothing, if that takes longer than so many seconds, or it is over."""
        try:
            async with asyncio.timeout(within):
                await self._something.wait()
        except TimeoutError:
            return ()
        came, self._waiting = self._waiting, deque()
        if not self.over:
            self._something.clear()
        return came


class Streams:
    """All who listen."""

    def __init__(self, most: int) -> None:
        """*most*: how many may listen at one time."""
        self._most = most
        self._by_workspace: dict[UUID, set[Listener]] = {}
        self._count = 0
        self._closed = False

    def __len__(self) -> int:
        """How many listen."""
        return self._count

    def publish(self, events: Sequence[Event]) -> None:
        """Tell those whom it concerns. Never waits."""
        for event in events:
            for listener in self._by_workspace.get(event.workspace, ()):
                listener.put(event)

    @contextmanager
    def listening(self, workspace: UUID) -> Iterator[Listener]:
        """Listen to that workspace.

        Raises:
            TooManyStreams: others do already.

        """
        if self._count >= self._most:
            raise TooManyStreams
        listener = Listener(workspace)
        if self._closed:
            listener.end()
        self._count += 1
        self._by_workspace.setdefault(workspace, set()).add(listener)
        try:
            yield listener
        finally:
            self._count -= 1
            others = self._by_workspace[workspace]
            others.discard(listener)
            if not others:
                del self._by_workspace[workspace]

    def close(self) -> None:
        """Let all go: the service ends."""
        self._closed = True
        for listeners in self._by_workspace.values():
            for listener in listeners:
                listener.end()


async def follow(
    record: Record, listener: Listener, last: int | None, *, beat: float
) -> AsyncIterator[Sequence[Event | Gap | Start]]:
    """What a workspace is told, in order and, but for what is forgotten, without a gap.

    From after the event *last*, or else from now on. An empty one comes each *beat* seconds. It
    ends when the listener is let go.

    Raises:
        EventsOutOfReach: the record cannot be read now.

    """
    if last is None:
        last = await record.newest()
        yield (Start(last),)
    else:
        while (page := await record.after(listener.workspace, last, PAGE)).gap or page.events:
            if page.gap is not None:
                last = page.gap.begins - 1
                yield (page.gap,)
            if page.events:
                last = page.events[-1].id
                yield page.events
        yield ()  # who listens is told at once that it does
    while True:
        events = await listener.events(beat)
        # What came while the record was read may be in both.
        yield [event for event in events if event.id > last]
        if listener.over:
            return
