"""The two containers of docker/compose.yaml: healthy, heard, and heard again after a restart."""

import asyncio
import statistics
import time

from aiohttp import ClientSession
from ears import hearing
from ears.ear import Ear
from fakes import audio

from compose.party import party
from compose.stack import SECONDS_TO_HEALTHY, SERVICES, Stack

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


async def play_as_vicidial(client: ClientSession) -> None:
    async with client.get(VICIDIAL) as response:
        answer = await response.text()
    assert answer == "SUCCESS: audio_playback function sent - ss-noservice|PLAY|1000\n"


async def until_health(stack: Stack, wanted: str) -> None:
    """Wait until Docker says so of callcue; else show what its last checks said."""
    end = time.monotonic() + SECONDS_TO_HEALTHY
    while (found := await asyncio.to_thread(stack.health, "callcue"))["Status"] != wanted:
        assert time.monotonic() < end, found
        await asyncio.sleep(1)


async def assert_heard(stack: Stack, client: ClientSession) -> None:
    async with party(stack, "8600051") as ear:
        start = time.monotonic()
        await play_as_vicidial(client)
        await ear.listen(2)
        async with client.get(VICIDIAL.replace("PLAY", "STOP")) as response:
            assert (await response.text()).startswith("SUCCESS")
    assert voice(ear, start) > 20


def test_given_compose_up_when_docker_is_asked_then_both_are_healthy(stack: Stack) -> None:
    assert [stack.health(name)["Status"] for name in SERVICES] == ["healthy", "healthy"]


async def test_given_the_containers_when_the_vicidial_url_is_sent_then_success_and_it_is_heard(
    stack: Stack, client: ClientSession
) -> None:
    async with party(stack, "8600051") as ear:
        before = voice(ear, 0)
        start = time.monotonic()
        await play_as_vicidial(client)
        await ear.listen(2)
        async with client.get(VICIDIAL.replace("PLAY", "STOP")) as response:
            stopped = await response.text()
        heard = voice(ear, start)
        quiet = await ear.listen(1)

    assert before == 0
    assert heard > 20
    assert stopped.startswith("SUCCESS")
    assert not any(hearing.audible(frame) for frame in quiet[5:])


async def test_given_the_containers_when_birds_request_is_sent_then_202_and_it_is_heard(
    stack: Stack, client: ClientSession
) -> None:
    async with party(stack, "8600066") as ear:
        start = time.monotonic()
        async with client.get(CALLS, headers=KEY) as response:
            calls = {call["conference"]: call["id"] for call in (await response.json())["results"]}
        playback = f"{CALLS}/{calls['8600066']}/playback"
        async with client.post(playback, headers=KEY, json=BIRD) as response:
            status, accepted = response.status, await response.json()
        await ear.listen(2)
        async with client.post(f"{playback}/stop", headers=KEY) as response:
            assert response.status == 200

    assert status == 202
    assert (accepted["callId"], accepted["status"]) == (calls["8600066"], "accepted")
    assert voice(ear, start) > 20


async def test_given_a_clip_of_the_audio_store_when_played_then_asterisk_finds_it(
    stack: Stack, client: ClientSession
) -> None:
    offer = audio.wav(audio.tone(1.0, hertz=1000.0))
    async with client.put("/sounds/offer", headers=KEY, data=offer) as response:
        assert response.status == 201, await response.text()
    async with party(stack, "8600051") as ear:
        async with client.get(VICIDIAL.replace("ss-noservice", "offer")) as response:
            assert (await response.text()).startswith("SUCCESS")
        await ear.listen(1.2)
    pitches = hearing.pitches(ear.frames)
    assert len(pitches) > 40
    assert abs(statistics.median(pitches) - 1000) < 10


async def test_given_asterisk_is_away_when_it_comes_back_then_callcue_is_ready_and_heard_again(
    stack: Stack, client: ClientSession
) -> None:
    await asyncio.to_thread(stack.compose, "stop", "asterisk")
    await until_health(stack, "unhealthy")
    async with client.get("/health/live") as response:
        alive = response.status
    not_ready = await asyncio.to_thread(stack.exit_code, "callcue", "healthy", "ready")
    live = await asyncio.to_thread(stack.exit_code, "callcue", "healthy", "live")
    await asyncio.to_thread(stack.compose, "start", "asterisk")
    await until_health(stack, "healthy")

    assert (alive, live, not_ready) == (200, 0, 1)
    await assert_heard(stack, client)


async def test_given_callcue_starts_anew_when_a_clip_is_played_then_it_is_heard_again(
    stack: Stack, client: ClientSession
) -> None:
    await asyncio.to_thread(stack.compose, "restart", "callcue")
    await asyncio.to_thread(stack.compose, "up", "--wait", "--no-recreate")

    await assert_heard(stack, client)


async def test_given_both_have_stopped_when_they_start_then_the_secret_is_new_and_it_is_heard(
    stack: Stack, client: ClientSession
) -> None:
    before = stack.inside("callcue", "cat", "/run/ami/secret")
    await asyncio.to_thread(stack.compose, "stop")
    await asyncio.to_thread(stack.compose, "up", "--wait", "--no-recreate")

    assert stack.inside("callcue", "cat", "/run/ami/secret") != before
    await assert_heard(stack, client)
