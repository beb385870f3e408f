"""A request that comes twenty times, over two kills of the service, is heard once."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientError
from ears import hearing
from real.hand import Hand
from real.restarting import ServiceProcess, legs
from real.room import Room

from callcue import demo

pytestmark = pytest.mark.usefixtures("before_all_others")

TIMES = 20


class _Stubborn:
    """A client that asks until it has had so many answers."""

    def __init__(self, process: ServiceProcess, call: UUID) -> None:
        self._process = process
        workspace = f"{process.url}/workspaces/{demo.WORKSPACE}"
        self._url = f"{workspace}/channels/{demo.CHANNEL}/calls/{call}/playback"
        self._headers = {
            "Authorization": f"AccessKey {demo.ACCESS_KEY}",
            "Idempotency-Key": str(uuid4()),
        }
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.lost = 0

    async def ask(self) -> None:
        """Once; the answer may be lost."""
        try:
            async with self._process.http.post(
                self._url, json={"media": ["sound:short-low"]}, headers=self._headers
            ) as response:
                self.answers.append((response.status, await response.json()))
        except (ClientError, OSError):
            self.lost += 1
            await asyncio.sleep(0.02)  # nobody is there: not as fast as can be


async def test_given_a_request_that_comes_twenty_times_over_kills_then_it_is_heard_once(
    process: ServiceProcess, room: Room, hand: Hand
) -> None:
    ear = await room.party(agent=True)
    await process.knows(ear)
    client = _Stubborn(process, ear.id)

    async def is_on_its_way() -> None:
        while not await legs(hand):
            await asyncio.sleep(0.002)

    first = asyncio.create_task(client.ask())
    async with asyncio.timeout(5):
        await is_on_its_way()
    await process.kill()  # whether or not the answer was out: it plays
    await first
    again = [asyncio.create_task(client.ask()) for _ in range(3)]
    await process.start()
    await asyncio.gather(*again)
    while len(client.answers) < TIMES // 2:
        await client.ask()
    await process.kill()
    await client.ask()
    await process.start()
    while len(client.answers) < TIMES:
        await asyncio.gather(client.ask(), client.ask())

    statuses = {status for status, _ in client.answers}
    bodies = [body for _, body in client.answers]
    assert (statuses, client.lost >= 1) == ({202}, True)
    assert all(body == bodies[0] for body in bodies)
    bird = process.integrator(ear.id)
    assert (await bird.ended(bodies[0]["id"]))["endReason"] == "finished"
    assert list(process.ends()) == [bodies[0]["id"]]
    await ear.listen(0.5)
    heard = [frame for frame in ear.frames if hearing.audible(frame)]
    assert abs(len(heard) - 15) <= 2
