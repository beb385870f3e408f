"""Asterisk itself dies, or stands still, while callcue plays."""

from pathlib import Path

import pytest
from chaos.house import asterisk_is_killed, asterisk_stands_still
from real.pbx import Pbx

pytestmark = pytest.mark.alone


async def test_given_asterisk_when_it_is_killed_then_each_has_its_end_and_the_next_one_is_played_to(
    pbx: Pbx, tmp_path: Path
) -> None:
    await asterisk_is_killed(pbx.major, tmp_path)


async def test_given_asterisk_when_it_stands_still_then_commands_are_answered_and_it_is_as_told(
    pbx: Pbx, tmp_path: Path
) -> None:
    await asterisk_stands_still(pbx.major, tmp_path)
