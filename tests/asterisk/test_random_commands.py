"""The random scripts of `stateful`, on the real Asterisk: what is reported is what is heard."""

import asyncio

from hypothesis import Phase, given, settings
from real.pbx import Pbx
from real.world import real_world
from stateful.everywhere import SAME_EVERYWHERE
from stateful.runner import run
from stateful.script import Script, scripts

SCRIPTS = 25
SIDE_BY_SIDE = 5
"""Worlds at a time, each with a callcue and rooms of its own."""


def drawn() -> list[Script]:
    """The scripts, the same ones each time."""
    found: list[Script] = []

    # A failing script is shown as it is: to shrink it in real time would take as long as all tests.
    @settings(SAME_EVERYWHERE, max_examples=SCRIPTS, phases=[Phase.generate])
    @given(script=scripts(rooms=2))
    def draw(script: Script) -> None:
        found.append(script)

    draw()
    assert len(found) == SCRIPTS
    return found


async def test_given_any_script_when_played_then_what_is_reported_is_what_is_heard(
    pbx: Pbx,
) -> None:
    waiting = drawn()

    async def play_the_next() -> None:
        while waiting:
            script = waiting.pop()
            try:
                async with real_world(pbx, rooms=2) as world:
                    await run(world, script)
            except Exception as failure:
                failure.add_note(f"in this script: {script}")
                raise

    async with asyncio.TaskGroup() as group:  # where one fails the others stop
        for _ in range(SIDE_BY_SIDE):
            group.create_task(play_the_next())
