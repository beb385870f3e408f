"""What became of the events that webhooks are to be sent."""

from callcue.store.store import Store

from . import figures
from .readings import Readings


def add_webhooks(readings: Readings, store: Store) -> None:
    """Show those of *store*."""
    deliveries = store.deliveries
    readings.add(
        figures.DELIVERIES, lambda: (((name,), n) for name, n in deliveries.results.items())
    )
    readings.add_one(figures.DELIVERIES_WAITING, lambda: deliveries.waiting)
