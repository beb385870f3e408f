"""Asterisk itself dies, or stands still, while callcue plays: by ear, and by what is on record."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ears import hearing
from ears.ear import Ear, EarServer
from real.hand import open_hand
from real.parties import ears_for
from real.pbx import Pbx, running_pbx
from real.picture import picture, until_as
from real.restarting import ServiceProcess, service_process
from real.room import Room
from real.unreliable import Wire
from real.world import make_sounds

from .remains import at_rest, until_as_it_began
from .scene import CLOCK, HUNG_SECONDS

FROZEN_SECONDS = 11.0
BACK_SECONDS = 30.0


@dataclass
class House:
    """An Asterisk of its own, with ears in it."""

    pbx: Pbx
    ears: EarServer
    room: Room
    dead: bool = False
    """Whether its Asterisk was killed."""

    async def lets_in(self, other: Pbx) -> None:
        """Take callcue's secret of that Asterisk, as if it were the same one, started again.

        The first secret of the file is callcue's.
        """
        file = self.pbx.directory / "etc" / "manager.conf"
        text = file.read_text()
        file.write_text(text.replace(self.pbx.secret, other.secret, 1))
        reply = await self.room.hand.do("Reload", Module="manager")
        assert reply["Response"] == "Success", reply


async def asterisk_is_killed(version: int, folder: Path) -> None:
    """By `kill -9`, and another one is there in its place: what played has its end."""
    async with AsyncExitStack() as stack:
        before = await stack.enter_async_context(_house(version))
        after = await stack.enter_async_context(_house(version))
        wire = await stack.enter_async_context(Wire(before.pbx.port))
        process = await stack.enter_async_context(
            service_process(before.pbx, folder, ami_port=wire.port)
        )
        await process.start()
        empty = await picture(after.room.hand)
        ear = await _listener(before, process)
        began = await at_rest(process)
        bird = process.integrator(ear.id)
        ids = [(await bird.play(CLOCK))[1]["id"] for _ in range(2)]
        await ear.listen(0.3)

        os.kill(before.pbx.pid, signal.SIGKILL)
        before.dead = True
        await after.lets_in(before.pbx)
        wire.target = after.pbx.port
        async with asyncio.timeout(HUNG_SECONDS):
            status, _ = await bird.refused("pause")
        assert status in (404, 503), status
        await _is_ready(process)
        ear = await _listener(after, process)
        bird = process.integrator(ear.id)
        for each in ids:
            assert (await bird.ended(each))["endReason"] == "hung_up"
        _, again = await bird.play(CLOCK)
        assert any(map(hearing.audible, await ear.listen(0.5)))
        await bird.control("stop")
        assert (await bird.ended(again["id"]))["endReason"] == "stopped"
        assert sorted(process.ends()) == sorted([*ids, again["id"]])
        await until_as_it_began(process, began)
        await after.room.close()
        await until_as(after.room.hand, empty)


async def asterisk_stands_still(version: int, folder: Path) -> None:
    """By SIGSTOP: commands are answered meanwhile, and then it is as was told."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(_house(version))
        process = await stack.enter_async_context(service_process(house.pbx, folder))
        await process.start()
        empty = await picture(house.room.hand)
        ear = await _listener(house, process)
        began = await at_rest(process)
        bird = process.integrator(ear.id)
        _, accepted = await bird.play(CLOCK)
        await ear.listen(0.5)

        os.kill(house.pbx.pid, signal.SIGSTOP)
        try:
            codes = await _asked_meanwhile(process, house)
        finally:
            os.kill(house.pbx.pid, signal.SIGCONT)
        assert codes[0] == "not_confirmed", codes
        assert codes[-1] == "asterisk_unavailable", codes
        await _is_ready(process)

        # A pause that was not confirmed was on its way: Asterisk has read it since.
        seen = await bird.status()
        assert (seen["id"], seen["state"]) == (accepted["id"], "paused"), seen
        await ear.listen(0.5)
        assert hearing.falls_silent(await ear.listen(0.3))
        assert (await bird.control("resume"))["state"] == "playing"
        await ear.listen(0.2)
        assert all(map(hearing.audible, await ear.listen(0.3)))
        await bird.control("stop")
        assert list(process.ends()) == [accepted["id"]]
        await until_as_it_began(process, began)
        await house.room.close()
        await until_as(house.room.hand, empty)


@asynccontextmanager
async def _house(version: int) -> AsyncIterator[House]:
    house: House | None = None
    try:
        async with AsyncExitStack() as stack:
            pbx = stack.enter_context(running_pbx("--asterisk", str(version)))
            make_sounds(pbx.sounds)
            hand = await stack.enter_async_context(open_hand(pbx))
            ears = await stack.enter_async_context(ears_for(pbx, hand))
            house = House(pbx, ears, Room("8600901", hand, ears, agent="agent-901"))
            yield house
    except (TimeoutError, OSError):
        if house is None or not house.dead:  # a dead one sees nobody off
            raise


async def _listener(house: House, process: ServiceProcess) -> Ear:
    ear = await house.room.party(agent=True)
    await process.knows(ear)
    return ear


async def _is_ready(process: ServiceProcess) -> None:
    async with asyncio.timeout(BACK_SECONDS):
        while not await process.is_ready():
            await asyncio.sleep(0.05)


async def _asked_meanwhile(process: ServiceProcess, house: House) -> list[str]:
    """The codes of the answers to pauses while Asterisk stands still."""
    codes: list[str] = []
    loop = asyncio.get_running_loop()
    end = loop.time() + FROZEN_SECONDS
    (party,) = house.room.parties
    while loop.time() < end:
        async with asyncio.timeout(HUNG_SECONDS):
            _, answer = await process.integrator(party.id).refused("pause")
        codes.append(answer["code"])
        await asyncio.sleep(0.2)
    return codes
