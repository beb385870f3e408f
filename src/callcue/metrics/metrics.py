"""All figures of one service, in a registry of their own."""

import asyncio
from collections.abc import Sequence, Sized

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from callcue.core.controller import Controller
from callcue.core.ports import Ledger
from callcue.core.refusals import Refusals as BoundsReached
from callcue.media.watch import CacheSize
from callcue.store.store import Store

from . import figures
from .commands import Commands, Refusals
from .events import add_events
from .links import Linked, add_links
from .media import MediaFigures, add_cache
from .playbacks import CountedLedger, Times
from .readings import Readings
from .requests import Requests
from .sessions import add_sessions
from .store import add_store

# When each series was made is twice as much text, and nobody has a use for it.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Two services in one process have two of these, and do not count each other's."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.refusals = Refusals(self.registry)
        self.requests = Requests(self.registry, self.refusals)
        self.times = Times(self.registry)
        self.media = MediaFigures(self.registry)
        self._commands = figures.COMMANDS.counter(self.registry)
        self._readings = Readings(self.registry)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def commands(self, dialect: str) -> Commands:
        """Where that dialect counts its commands."""
        return Commands(self._commands, dialect, self.refusals)

    def counted(self, ledger: Ledger) -> CountedLedger:
        """*ledger*, and its ends are counted."""
        return CountedLedger(ledger, self.registry)

    def show(
        self,
        controller: Controller,
        servers: Sequence[Linked],
        cache: CacheSize,
        store: Store,
        bounds: BoundsReached,
        streams: Sized,
    ) -> None:
        """Read the rest there."""
        add_sessions(self._readings, controller)
        add_links(self._readings, servers)
        add_cache(self._readings, cache)
        add_store(self._readings, store)
        add_events(self._readings, store, streams)
        self._readings.add(
            figures.BOUNDS, lambda: (((name,), n) for name, n in bounds.counts().items())
        )
        self._readings.add_one(figures.TASKS, lambda: len(asyncio.all_tasks()))

    def text(self) -> bytes:
        """All of it, in Prometheus' own format."""
        return generate_latest(self.registry)
