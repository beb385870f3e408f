"""Any sequence of commands and mishaps: what callcue says is what is heard."""

import asyncio

from hypothesis import example, given, settings

from callcue.core.commands import Pause, Play, Resume, Seek, Stop
from callcue.core.playback import PlayRequest
from callcue.core.types import IfPlaying, Milliseconds
from stateful.everywhere import SAME_EVERYWHERE
from stateful.fake_world import fake_world
from stateful.runner import run
from stateful.script import Do, EndClip, Leave, LoseLink, Script, scripts

PLAY = Do(0, Play(PlayRequest(("greeting", "offer"))))
QUEUE = Do(0, Play(PlayRequest(("goodbye",), if_playing=IfPlaying.QUEUE)))
OVERRIDE = Do(0, Play(PlayRequest(("goodbye",), if_playing=IfPlaying.REPLACE)))


def play_in_a_fake_world(script: Script) -> None:
    async def whole() -> None:
        async with fake_world() as world:
            await run(world, script)

    asyncio.run(whole())


@settings(SAME_EVERYWHERE, max_examples=120)
@given(scripts(rooms=2))
@example([[PLAY, OVERRIDE, Do(0, Pause())], [Do(0, Resume())], [EndClip(0)], [EndClip(0)]])
@example([[PLAY], [QUEUE, QUEUE], [Do(0, Pause()), EndClip(0)], [Do(0, Stop(keep_queue=True))]])
@example([[PLAY], [Do(0, Seek(Milliseconds(30_000), 2)), Leave(0)], [PLAY]])
def test_given_any_script_when_played_then_what_is_reported_is_what_is_heard(
    script: Script,
) -> None:
    play_in_a_fake_world(script)


@settings(SAME_EVERYWHERE, max_examples=60)
@given(scripts(rooms=2, faults=True))
@example([[PLAY], [LoseLink()], [Do(0, Pause())], [LoseLink(), Do(0, Stop())]])
@example([[PLAY, LoseLink()], [OVERRIDE, LoseLink()], [QUEUE, EndClip(0)]])
def test_given_any_script_when_the_link_is_cut_now_and_then_then_still_so(
    script: Script,
) -> None:
    play_in_a_fake_world(script)
