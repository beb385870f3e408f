"""How much of what is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of one run; every contestant gets the same."""

    live: tuple[int, ...]
    """How many playbacks are live while verbs are measured, the measured one included."""
    rounds: int
    """How often each contestant goes through all verbs; the first `warm_up` are thrown away."""
    warm_up: int
    level_seconds: float
    """A level ends after so long, even with fewer rounds: a machine that is full misses verbs, and
    each miss takes seconds."""
    rooms: int
    """Rooms that are paused and resumed in parallel for the throughput."""
    blocks: int
    """How often each contestant has its turn there, and for how long."""
    block_seconds: float
    known: tuple[int, ...]
    """How many calls callcue knows while a verb is measured."""
    cycles: int
    """How often it goes through these numbers, with so many verbs for each dialect."""
    known_verbs: int
    weighed: int
    """Sessions that are weighed."""
    rest_seconds: float
    """How long it is watched doing nothing but having live playbacks."""


FULL = Plan(
    live=(1, 50, 200),
    rounds=44,
    warm_up=4,
    level_seconds=180.0,
    rooms=50,
    blocks=6,
    block_seconds=3.0,
    known=(10, 100, 500, 1000, 2000),
    cycles=4,
    known_verbs=200,
    weighed=100,
    rest_seconds=5.0,
)
"""About twelve minutes on two idle cores."""

QUICK = Plan(
    live=(1, 50),
    rounds=10,
    warm_up=2,
    level_seconds=60.0,
    rooms=20,
    blocks=2,
    block_seconds=1.5,
    known=(10, 2000),
    cycles=2,
    known_verbs=100,
    weighed=30,
    rest_seconds=2.0,
)
"""About two minutes: does it run, and is anything far off?"""
