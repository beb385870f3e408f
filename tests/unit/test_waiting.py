"""A command that was obeyed is confirmed, whatever happens right after it."""

import pytest

from callcue.core.errors import NothingPlaying
from callcue.core.waiting import Confirmation


async def test_given_a_confirmed_command_when_the_playback_ends_then_it_stays_confirmed() -> None:
    # A seek past the end is obeyed, and 20 ms later nothing plays any more.
    confirmation = Confirmation(7)

    confirmation.settle()
    confirmation.settle(NothingPlaying())

    assert await confirmation.within(0)


async def test_given_a_command_that_never_will_be_confirmed_when_asked_then_it_says_why() -> None:
    confirmation = Confirmation(7)

    confirmation.settle(NothingPlaying())
    confirmation.settle()

    with pytest.raises(NothingPlaying):
        await confirmation.within(0)
