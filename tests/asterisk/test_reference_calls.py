"""The two reference calls, to a `callcue serve --demo` of its own process, as a newcomer has it."""

import time

from ears import hearing
from ears.ear import Ear, EarServer
from real.hand import Hand
from real.pbx import Pbx
from real.process import demonstration
from real.room import Room

VICIDIAL = (
    "/agc/api.php?source=test&user=6666&pass=1234&agent_user=1000"
    "&function=audio_playback&value=ss-noservice&stage=PLAY"
)
CALLS = (
    "/workspaces/11111111-1111-4111-8111-111111111111"
    "/channels/22222222-2222-4222-8222-222222222222/calls"
)
BIRD = {"media": ["sound:ss-noservice"], "loop": 0, "timeout": 0, "pauseMilliseconds": 0}
KEY = {"Authorization": "AccessKey demo-access-key"}


def voice(ear: Ear, since: float) -> int:
    """How many frames of speech were heard."""
    return sum(hearing.audible(frame) for frame in ear.since(since))


async def test_given_the_demonstration_when_the_vicidial_url_is_sent_then_success_and_it_is_heard(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    room = Room("8600051", hand, ears)
    ear = await room.party()
    start = time.monotonic()

    async with demonstration(pbx) as (client, _):
        async with client.get(VICIDIAL) as response:
            answer = await response.text()
        await ear.until(lambda: voice(ear, start) > 20, within=2)
        async with client.get(VICIDIAL.replace("PLAY", "STOP")) as response:
            stopped = await response.text()

    assert answer == "SUCCESS: audio_playback function sent - ss-noservice|PLAY|1000\n"
    assert stopped.startswith("SUCCESS")
    assert voice(ear, start) > 20
    await room.close()


async def test_given_the_demonstration_when_birds_request_is_sent_then_202_and_it_is_heard(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    room = Room("8600066", hand, ears)
    ear = await room.party()
    start = time.monotonic()

    async with demonstration(pbx) as (client, _):
        async with client.get(CALLS, headers=KEY) as response:
            calls = {call["conference"]: call["id"] for call in (await response.json())["results"]}
        playback = f"{CALLS}/{calls['8600066']}/playback"
        async with client.post(playback, headers=KEY, json=BIRD) as response:
            status, accepted = response.status, await response.json()
        await ear.until(lambda: voice(ear, start) > 20, within=2)
        async with client.post(f"{playback}/stop", headers=KEY) as response:
            assert response.status == 200

    assert status == 202
    assert (accepted["callId"], accepted["status"]) == (calls["8600066"], "accepted")
    assert voice(ear, start) > 20
    await room.close()
