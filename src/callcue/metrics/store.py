"""The store, whose trouble keeps nobody waiting and so would go unseen."""

from collections.abc import Iterable, Sequence

from callcue.store.store import Store

from . import figures
from .readings import Readings


def add_store(readings: Readings, store: Store) -> None:
    """Show *store*."""

    def trouble() -> Iterable[tuple[Sequence[str], float]]:
        now = store.trouble
        return [((what,), what in now) for what in ("read", "written", "tidied")]

    def writes() -> Iterable[tuple[Sequence[str], float]]:
        return [(("done",), store.writes_done), (("failed",), store.writes_failed)]

    readings.add(figures.STORE_WRITES, writes)
    readings.add_one(figures.STORE_DROPS, lambda: store.answers.dropped)
    readings.add_one(figures.STORE_WAITING, lambda: store.answers.waiting)
    readings.add(figures.STORE_TROUBLE, trouble)
