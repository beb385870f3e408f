"""The links to the Asterisks, each by the name that the settings give it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from callcue.asterisk.figures import LinkCounts, LinkFigures
from callcue.asterisk.status import Phase

from . import figures
from .readings import Read, Readings


class Linked(Protocol):
    """One Asterisk."""

    @property
    def name(self) -> str:
        """As the settings have it."""

    def figures(self) -> LinkFigures:
        """How its link is."""


def add_links(readings: Readings, servers: Sequence[Linked]) -> None:
    """Show all of *servers*."""

    def each(value: Callable[[LinkFigures], float]) -> Read:
        return lambda: [((server.name,), value(server.figures())) for server in servers]

    def states() -> Iterable[tuple[Sequence[str], float]]:
        for server in servers:
            now = server.figures().phase
            yield from (((server.name, each.value), each.value == now) for each in Phase)

    def events() -> Iterable[tuple[Sequence[str], float]]:
        for server in servers:
            yield from (((server.name, *fate), n) for *fate, n in _fates(server.figures().counts))

    readings.add(figures.LINK_STATE, states)
    readings.add(figures.LINK_SECONDS, each(lambda link: link.seconds))
    readings.add(figures.RECONNECTS, each(lambda link: max(0, link.counts.ups - 1)))
    readings.add(figures.REJECTIONS, each(lambda link: link.counts.rejections))
    readings.add(figures.EVENTS, events)
    readings.add(figures.OVERFLOWS, each(lambda link: link.counts.overflows))
    readings.add(figures.EVENT_QUEUE, each(lambda link: link.queued))
    readings.add(figures.IN_FLIGHT, each(lambda link: link.in_flight))


def _fates(counts: LinkCounts) -> list[tuple[str, int]]:
    return [("taken", counts.taken), ("ignored", counts.ignored), ("lost", counts.lost)]
