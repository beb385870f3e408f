"""`kill -9` between acceptance, start and end, twenty times: all is told, nothing plays twice."""

from pathlib import Path

import pytest
from chaos.kills import callcue_is_killed
from chaos.scene import Ground
from ears.ear import EarServer
from real.hand import Hand
from real.pbx import Pbx
from real.restarting import nothing_left_behind

pytestmark = pytest.mark.usefixtures("before_all_others")


# On the other version `make soak` does it.
@pytest.mark.parametrize("pbx", ["22"], indirect=True)
async def test_given_twenty_kills_at_random_then_each_playback_is_told_whole_and_heard_once(
    pbx: Pbx, hand: Hand, ears: EarServer, tmp_path: Path
) -> None:
    async with nothing_left_behind(hand):
        await callcue_is_killed(Ground(pbx, hand, ears, tmp_path, seed=20))
