"""The two containers of docker/compose.yaml: healthy, closed to the outside, and heard.

The name keeps this file out of `make test`; `make compose-test` runs it.
"""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from aiohttp import ClientError, ClientSession
from ears import hearing
from ears.ear import Ear

from compose.party import party
from compose.stack import Stack, docker, running_stack

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
SERVICES = ("asterisk", "callcue")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Built and started once; when it ends, that nothing of it is left is asserted too."""
    with running_stack() as running:
        yield running


@pytest_asyncio.fixture
async def client(stack: Stack) -> AsyncIterator[ClientSession]:
    """A client of the published port."""
    async with ClientSession(stack.url) as session:
        yield session


def voice(ear: Ear, since: float) -> int:
    """How many frames of speech were heard."""
    return sum(hearing.audible(frame) for frame in ear.since(since))


async def play_as_vicidial(client: ClientSession) -> None:
    async with client.get(VICIDIAL) as response:
        answer = await response.text()
    assert answer == "SUCCESS: audio_playback function sent - ss-noservice|PLAY|1000\n"


async def until_ready(client: ClientSession) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with client.get("/health/ready") as response:
                    if response.status == 200:
                        return
            except ClientError:
                pass  # it is not there
            await asyncio.sleep(0.05)


def login(address: str, secret: str) -> str:
    """What AMI answers to a login from this machine."""
    request = f"Action: Login\r\nUsername: callcue\r\nSecret: {secret}\r\n\r\n"
    with socket.create_connection((address, 5038), timeout=5) as ami:
        ami.sendall(request.encode())
        answer = b""
        while b"Message: " not in answer:
            piece = ami.recv(4096)
            assert piece, answer
            answer += piece
    return answer.decode()


def test_given_compose_up_when_docker_is_asked_then_both_are_healthy(stack: Stack) -> None:
    assert [stack.inspect(name)["State"]["Health"]["Status"] for name in SERVICES] == [
        "healthy",
        "healthy",
    ]


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


def test_given_the_containers_when_looked_at_then_neither_may_do_more_than_it_must(
    stack: Stack,
) -> None:
    for name in SERVICES:
        host = stack.inspect(name)["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert stack.inside(name, "id", "-u").strip() != "0"
    assert stack.inspect("callcue")["HostConfig"]["ReadonlyRootfs"]


def test_given_the_containers_when_looked_at_then_only_http_is_published_and_on_loopback(
    stack: Stack,
) -> None:
    port = stack.url.rpartition(":")[2]
    published = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}

    assert stack.inspect("callcue")["HostConfig"]["PortBindings"] == published
    assert not stack.inspect("asterisk")["HostConfig"]["PortBindings"]


def test_given_the_secret_when_looked_for_then_it_is_in_the_shared_memory_only(
    stack: Stack,
) -> None:
    secret = stack.inside("callcue", "cat", "/run/ami/secret")

    assert re.fullmatch("[0-9a-f]{48}", secret)
    for name in SERVICES:
        assert secret not in str(stack.inspect(name))
        image = f"{stack.name}-{name}"
        docker("run", "--rm", "--entrypoint", "test", image, "!", "-e", "/run/ami")


def test_given_the_right_secret_when_this_machine_logs_in_to_ami_then_it_may_not(
    stack: Stack,
) -> None:
    secret = stack.inside("callcue", "cat", "/run/ami/secret")

    assert "Response: Error" in login(stack.address("asterisk"), secret)


async def test_given_asterisk_starts_anew_when_a_clip_is_played_then_it_is_heard_again(
    stack: Stack, client: ClientSession
) -> None:
    await asyncio.to_thread(stack.compose, "restart", "asterisk")
    await asyncio.to_thread(stack.compose, "up", "--wait", "--no-recreate")
    await until_ready(client)

    async with party(stack, "8600051") as ear:
        start = time.monotonic()
        await play_as_vicidial(client)
        await ear.listen(2)

    assert voice(ear, start) > 20
