"""The two reference calls, to a `callcue serve --demo` of its own process, as a newcomer has it."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, ClientSession
from ears import hearing
from ears.ear import Ear, EarServer
from real.hand import Hand
from real.pbx import Pbx
from real.room import Room

CALLCUE = Path(sys.executable).with_name("callcue")
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def demonstration(pbx: Pbx) -> AsyncIterator[ClientSession]:
    """`callcue serve --demo` beside the test PBX, ready, and a client of it."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "CALLCUE_ASTERISK_HOST": pbx.host,
        "CALLCUE_ASTERISK_PORT": str(pbx.port),
        "CALLCUE_ASTERISK_USERNAME": pbx.username,
        "CALLCUE_ASTERISK_SECRET": pbx.secret,
        "CALLCUE_HTTP_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        CALLCUE,
        "serve",
        "--demo",
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with ClientSession(f"http://127.0.0.1:{port}") as client:
            await until_ready(client)
            yield client
    finally:
        process.terminate()
        assert await process.wait() == 0


async def until_ready(client: ClientSession) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                async with client.get("/health/ready") as response:
                    if response.status == 200:
                        return
            except ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(0.05)


def voice(ear: Ear, since: float) -> int:
    """How many frames of speech were heard."""
    return sum(hearing.audible(frame) for frame in ear.since(since))


async def test_given_the_demonstration_when_the_vicidial_url_is_sent_then_success_and_it_is_heard(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    room = Room("8600051", hand, ears)
    ear = await room.party()
    start = time.monotonic()

    async with demonstration(pbx) as client:
        async with client.get(VICIDIAL) as response:
            answer = await response.text()
        await ear.listen(2)
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

    async with demonstration(pbx) as client:
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
    await room.close()
