"""What plays and what waits, read from the sessions."""

from collections import Counter
from collections.abc import Iterable, Sequence

from callcue.core.controller import Controller
from callcue.core.states import State

from . import figures
from .readings import Readings


def add_sessions(readings: Readings, controller: Controller) -> None:
    """Show all of *controller*."""

    def playbacks() -> Iterable[tuple[Sequence[str], float]]:
        live = Counter(one.state for one in controller.sessions if one.current is not None)
        return [((state.value,), live[state]) for state in State if state is not State.IDLE]

    readings.add(figures.SESSIONS, playbacks)
    readings.add_one(figures.QUEUED, lambda: sum(len(one.queue) for one in controller.sessions))
    readings.add_one(figures.WAITING, lambda: sum(one.waiting for one in controller.sessions))
