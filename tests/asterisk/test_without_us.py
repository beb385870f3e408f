"""The service goes away in mid-clip: what is heard does not."""

import asyncio
import time

from ears import hearing
from ears.ear import EarServer
from real.hand import Hand
from real.pbx import Pbx
from real.room import Room
from real.service import running_service


async def leg_in(hand: Hand) -> str:
    """The name of the player half, as Asterisk has it."""
    return next(
        name for name in await hand.channels() if "@callcue-join" in name and name[-1] == "1"
    )


async def test_given_a_list_that_plays_when_the_service_goes_then_it_plays_to_its_end(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    room = Room("8600090", hand, ears, agent="agent-90")
    async with running_service(pbx) as service:
        ear = await room.party(agent=True)
        start = time.monotonic()
        await service.integrator(ear.id).play("short-low", "short-mid", "short-high")
        await ear.listen(0.2)
    await ear.listen(1.2)

    heard = [f for f in ear.since(start) if hearing.audible(f)]
    assert abs(len(heard) * 0.020 - 0.9) <= 0.060
    assert hearing.strength(heard[-2].samples, 1500) > 500
    await room.close()


async def test_given_a_paused_clip_when_resumed_with_nobody_to_open_it_then_it_opens_by_itself(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    room = Room("8600091", hand, ears, agent="agent-91")
    async with running_service(pbx) as service:
        ear = await room.party(agent=True)
        integrator = service.integrator(ear.id)
        await integrator.play("sweep")
        await ear.listen(0.5)
        await integrator.control("pause")
    leg = await leg_in(hand)
    await ear.listen(0.1)

    resumed = time.monotonic()
    reply = await hand.do(
        "Redirect", Channel=leg, Context="callcue-player", Exten="resume-99", Priority="1"
    )
    assert reply["Response"] == "Success"
    await ear.listen(1)

    first = hearing.first_audible(ear.since(resumed))
    assert first is not None
    assert first.at - resumed < 0.35
    places = [hearing.sweep_position(f) for f in ear.since(resumed) if hearing.audible(f)]
    assert abs(places[5] - 0.8) < 0.15
    ear.hang_up()
    await hand.do("Hangup", Channel=leg)
    await asyncio.wait_for(ear.gone.wait(), 5)
