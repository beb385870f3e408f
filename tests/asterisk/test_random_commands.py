"""The random scripts of `stateful`, on the real Asterisk: what is reported is what is heard."""

import asyncio

from hypothesis import Phase, given, settings
from real.pbx import Pbx
from real.world import real_world
from stateful.runner import run
from stateful.script import Script, scripts
from stateful.test_random_commands import SAME_EVERYWHERE


# A failing script is shown as it is: to shrink it in real time would take as long as all tests.
@settings(SAME_EVERYWHERE, max_examples=25, phases=[Phase.explicit, Phase.generate])
@given(script=scripts(rooms=2))
def test_given_any_script_when_played_then_what_is_reported_is_what_is_heard(
    pbx: Pbx, script: Script
) -> None:
    async def whole() -> None:
        async with real_world(pbx, rooms=2) as world:
            await run(world, script)

    asyncio.run(whole())
