"""The service goes away in mid-clip: what is heard does not."""

import asyncio
import time
from pathlib import Path

import pytest
from ears import hearing
from ears.ear import Ear, EarServer
from fakes.origin import origin, silent
from real.hand import Hand, Message
from real.pbx import Pbx
from real.process import serving
from real.room import Room
from real.service import running_service
from real.talk import Telephone

BOUND_SECONDS = 120
"""Of a leg that waits for a clip, in the dialplan."""

VOICE = 600.0
"""Hz of what the other party says."""


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


@pytest.mark.parametrize("kind", ["room", "bridge"])
async def test_given_a_leg_that_waits_for_an_item_when_the_service_dies_then_its_time_limit_ends_it(
    pbx: Pbx, hand: Hand, ears: EarServer, tmp_path: Path, kind: str
) -> None:
    telephone, room = Telephone(hand, ears), Room("8600092", hand, ears)
    if kind == "room":
        ear, other = await room.party(), await room.party()
    else:
        ear, other = await telephone.talk()
    channels = sorted(await hand.channels())
    async with origin() as there:
        there.paths["/late.wav"] = silent
        media = {"allow": [f"127.0.0.1:{there.port}"]}
        async with serving(pbx, tmp_path, {"media": media}) as service:
            await service.knows(ear.id)
            late = f"http://127.0.0.1:{there.port}/late.wav"
            _, said = await service.integrator(ear.id).play_media("sound:short-low", late)
            await hand.until(lambda: bool(steps_of(hand, said["id"], "waiting")))
            service.process.kill()
            await service.process.wait()

    leg = await leg_in(hand)
    left = (await hand.do("Getvar", Channel=leg, Variable="TIMEOUT(absolute)"))["Value"]
    assert BOUND_SECONDS - 10 < float(left) <= BOUND_SECONDS
    # Two minutes are over.
    await hand.do("Setvar", Channel=leg, Variable="TIMEOUT(absolute)", Value="0.3")
    await hand.until(lambda: bool(steps_of(hand, said["id"], "ended")))
    (ended,) = steps_of(hand, said["id"], "ended")
    assert (ended["Reason"], ended["Item"]) == ("timed_out", "2")

    async with asyncio.timeout(5):
        while sorted(await hand.channels()) != channels:
            await asyncio.sleep(0.02)
    for speaker, listener in ((ear, other), (other, ear)):
        await is_heard(speaker, listener)
    await telephone.close()
    await room.close()


def steps_of(hand: Hand, playback: str, state: str) -> list[Message]:
    """What the leg of that playback has said of itself."""
    said = (e for e in hand.of("UserEvent") if e["UserEvent"] == "CallcueLeg")
    return [e for e in said if e["Playback"] == playback and e["State"] == state]


async def is_heard(speaker: Ear, listener: Ear) -> None:
    """Wait until it is."""
    speaker.pitch = VOICE
    await listener.until(lambda: hearing.strength(listener.frames[-1].samples, VOICE) > 1000)
    speaker.pitch = 0.0
