"""What workspaces are told of: by streams, and by webhooks."""

from collections.abc import Sized

from callcue.store.store import Store

from . import figures
from .readings import Readings


def add_events(readings: Readings, store: Store, streams: Sized) -> None:
    """Show the events of *store*, and how many listen to them."""
    events, deliveries = store.events, store.deliveries
    readings.add_one(figures.STREAMS, lambda: len(streams))
    readings.add_one(figures.EVENTS_WAITING, lambda: events.waiting)
    readings.add_one(figures.EVENTS_DROPPED, lambda: events.dropped)
    readings.add(
        figures.DELIVERIES, lambda: (((name,), n) for name, n in deliveries.results.items())
    )
    readings.add_one(figures.DELIVERIES_WAITING, lambda: deliveries.waiting)
