"""One Asterisk that says what it should not: the other one, and its calls, are not touched."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fake_ami.pbx import FakePbx
from stateful.stage import play
from structlog.testing import capture_logs

from callcue.asterisk.backoff import Backoff
from callcue.asterisk.message import AmiEvent
from callcue.asterisk.server import AsteriskAddress, AsteriskServer
from callcue.core.commands import Pause, Resume
from callcue.core.controller import Controller
from callcue.core.errors import CallcueError
from callcue.core.refusals import Bound, Refusals
from callcue.core.states import State
from callcue.core.types import Conference
from callcue.store.ledger import MemoryLedger

ROOM = "8600051"
DOUBLED = b"Event: UserEvent\r\nEvent: Hangup\r\nUniqueid: 1\r\nEVENT: Shutdown\r\n\r\n"
LINE = b"Event: UserEvent\r\nBig: " + b"x" * 5_000_000
EAST, WEST = Conference("east", ROOM), Conference("west", ROOM)


@dataclass
class Two:
    """A clip plays in a room of each."""

    east: FakePbx
    west: FakePbx
    servers: dict[str, AsteriskServer]
    controller: Controller
    refusals: Refusals

    async def plays_on(self, room: Conference) -> None:
        """A verb goes there and back."""
        await self.controller.perform(room, Pause())
        await self.controller.perform(room, Resume())

    def state(self, room: Conference) -> State:
        session = self.controller.session(room)
        assert session is not None
        return session.state

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def two() -> AsyncIterator[Two]:
    async with FakePbx() as east, FakePbx() as west:
        refusals = Refusals()
        servers = {}
        for name, pbx in {"east": east, "west": west}.items():
            belief = pbx.ami.belief
            address = AsteriskAddress(
                name, "127.0.0.1", pbx.ami.port, belief.username, belief.secret
            )
            servers[name] = AsteriskServer(address, refusals)
            servers[name]._link._backoff = Backoff(0.01, 0.05)
            pbx.enter(ROOM)
        controller = Controller(
            servers=list(servers.values()), ledger=MemoryLedger(), refusals=refusals
        )
        for server in servers.values():
            server.report_to(controller)
        running = [asyncio.create_task(server.run()) for server in servers.values()]
        world = Two(east, west, servers, controller, refusals)
        try:
            await world.until(lambda: all(one.readiness().ready for one in servers.values()))
            for room in (EAST, WEST):
                playback = await controller.perform(room, play("offer"))
                await playback.audible()
            yield world
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def test_given_doubled_headers_when_one_says_them_then_both_links_stand() -> None:
    async with two() as world:
        await world.east.ami.speak_rudely(DOUBLED * 3)
        await world.plays_on(EAST)
        await world.plays_on(WEST)
        assert (world.east.ami.connections, world.west.ami.connections) == (1, 1)


async def test_given_a_consumer_that_raises_when_events_come_then_both_links_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with two() as world:

        def fail(_: AmiEvent) -> None:
            raise RuntimeError("poison")

        monkeypatch.setattr(world.servers["east"]._probe, "on_event", fail)
        with capture_logs() as logs:
            await world.plays_on(EAST)
            await world.plays_on(WEST)
        assert any(line["event"] == "an event's handler failed" for line in logs)
        assert (world.east.ami.connections, world.west.ami.connections) == (1, 1)


async def test_given_a_line_of_5_mb_then_that_link_alone_comes_back_and_clips_play_on() -> None:
    async with two() as world:
        held = world.east.hold("Redirect")
        pausing = asyncio.create_task(world.controller.perform(EAST, Pause()))
        await world.east.ami.wait_for("Redirect")
        await world.east.ami.speak_rudely(LINE)
        with pytest.raises(CallcueError):  # told at once, and not after a time limit
            await asyncio.wait_for(pausing, 1)
        await world.plays_on(WEST)
        held.set()
        await world.until(lambda: world.state(EAST) in (State.PAUSED, State.PLAYING))
        await world.controller.perform(EAST, Resume())
        assert (world.east.ami.connections, world.west.ami.connections) == (2, 1)
        await world.until(lambda: len(world.east.heard(ROOM)) == len(world.west.heard(ROOM)) == 1)
        assert world.east.most_heard == world.west.most_heard == 1
        assert world.refusals.counts()[Bound.MESSAGES] == 1
