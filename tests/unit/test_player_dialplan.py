"""An Asterisk that callcue's files were never added to: it says so instead of failing each PLAY."""

import asyncio

from fake_ami import error
from fake_ami.pbx import FakePbx

from callcue.asterisk.server import AsteriskAddress, AsteriskServer


async def test_given_no_dialplan_of_ours_when_connected_then_not_ready_and_it_says_why() -> None:
    async with FakePbx() as pbx:
        pbx.ami.on("Originate", lambda _action: error("Extension does not exist."))
        belief = pbx.ami.belief
        server = AsteriskServer(
            AsteriskAddress("main", "127.0.0.1", pbx.ami.port, belief.username, belief.secret)
        )
        running = asyncio.create_task(server.run())
        try:
            async with asyncio.timeout(5):
                while "callcue-player.conf" not in server.readiness().reason:
                    await asyncio.sleep(0.005)
            assert not server.readiness().ready
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
