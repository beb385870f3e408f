"""What lies between, beside and below callcue fails, and comes back: what is heard stays right.

Each fault meets a callcue of its own, which plays a clock in one room, stands paused in another
and has one waiting behind it. Afterwards the clock has no gap and no jump, what is reported is what
is heard, every verb is obeyed again, each playback has one end, and the service, its Asterisk and
the processes are back where they began.
"""

import asyncio
from pathlib import Path

import pytest
from chaos.faults import FAULTS
from chaos.scene import Ground
from chaos.verdict import meets
from ears.ear import EarServer
from real.hand import Hand
from real.pbx import Pbx
from real.picture import picture, until_as
from real.restarting import nothing_left_behind

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("before_all_others")]

SIDE_BY_SIDE = 3
"""Each has a callcue of its own, whose start takes more than all the rest."""


async def test_given_any_fault_when_it_is_over_then_nothing_was_cut_doubled_or_lost(
    pbx: Pbx, hand: Hand, ears: EarServer, tmp_path: Path
) -> None:
    before = await picture(hand)
    ground = Ground(pbx, hand, ears, tmp_path)
    waiting = list(FAULTS)

    async def meet_the_next() -> None:
        while waiting:
            await meets(waiting.pop(), ground)

    async with nothing_left_behind(hand), asyncio.TaskGroup() as group:
        for _ in range(SIDE_BY_SIDE):
            group.create_task(meet_the_next())
    await until_as(hand, before)
