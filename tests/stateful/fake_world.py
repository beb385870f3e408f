"""All of callcue, on the fake Asterisk: a real socket, and nobody's ears needed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fake_ami.pbx import FakePbx

from callcue.asterisk.backoff import Backoff
from callcue.asterisk.server import AsteriskAddress, AsteriskServer
from callcue.core.commands import Command, Play
from callcue.core.controller import Controller
from callcue.core.limits import Limits
from callcue.core.playback import Playback
from callcue.core.session import CallSession
from callcue.core.states import State
from callcue.core.types import Conference, IfPlaying, Place

from .stage import StrictLedger
from .world import Heard

SERVER = "pbx1"
ROOM = Conference(SERVER, "8600051")
OTHER_ROOM = Conference(SERVER, "8600066")


class FakeWorld:
    """Implements `World`; made by `fake_world`."""

    def __init__(self, pbx: FakePbx, settings: AsteriskAddress, limits: Limits) -> None:
        self.pbx = pbx
        self.rooms: tuple[Conference, ...] = (ROOM, OTHER_ROOM)
        self.ledger = StrictLedger()
        self.tolerance = 250  # a report that a busy machine reads late puts the place off by that
        self.server = AsteriskServer(settings)
        self.server._link._backoff = Backoff(0.01, 0.05)  # a lost link is back at once
        self.controller = Controller(
            servers=[self.server],
            ledger=self.ledger,
            limits=limits,
        )
        self.server.report_to(self.controller)

    # World

    async def perform(self, room: Place, command: Command) -> Playback:
        playback = await self.controller.perform(room, command)
        if isinstance(command, Play) and command.request.if_playing is not IfPlaying.QUEUE:
            await playback.audible()
        return playback

    def session(self, room: Place) -> CallSession | None:
        return self.controller.session(room)

    async def heard(self, room: Conference) -> list[Heard]:
        return [Heard(*one) for one in self.pbx.heard(room.number)]

    def most_heard(self) -> int:
        return self.pbx.most_heard

    async def end_clip(self, room: Conference) -> None:
        if self.pbx.heard(room.number):
            self.pbx.finish_item(room.number)

    async def enter(self, room: Conference) -> None:
        self.pbx.enter(room.number)

    async def leave(self, room: Conference) -> None:
        for party in [one for one in self.pbx.parties.values() if one.room == room.number]:
            self.pbx.leave(party.uniqueid)

    async def lose_link(self) -> None:
        self.pbx.drop_link()

    # For tests of single cases.

    def state(self, room: Place = ROOM) -> State:
        session = self.session(room)
        return State.IDLE if session is None else session.state

    def current(self, room: Place = ROOM) -> Playback:
        session = self.session(room)
        assert session is not None
        assert session.current is not None
        return session.current

    async def until(self, condition: Callable[[], object], within: float = 5.0) -> None:
        """Wait until *condition* holds."""
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(0.001)

    async def until_ready(self) -> None:
        await self.until(lambda: self.server.readiness().ready)


@asynccontextmanager
async def fake_world(
    *,
    clips: Mapping[str, int] | None = None,
    ignore: tuple[str, ...] = (),
    agents: Mapping[str, str] | None = None,
    bound_seconds: float = 3600,
    hold_seconds: float = 3600,
    limits: Limits = Limits(),  # noqa: B008  # frozen
    parties: bool = True,
) -> AsyncIterator[FakeWorld]:
    """A world whose link is up, with a party in each room. No task of it may outlive it."""
    async with FakePbx(clips) as pbx:
        settings = AsteriskAddress(
            name=SERVER,
            host="127.0.0.1",
            port=pbx.ami.port,
            username=pbx.ami.belief.username,
            secret=pbx.ami.belief.secret,
            ignore=ignore,
            agents=agents or {},
            bound_seconds=bound_seconds,
            hold_seconds=hold_seconds,
        )
        world = FakeWorld(pbx, settings, limits)
        if parties:
            for room in world.rooms:
                pbx.enter(room.number)
        running = asyncio.create_task(world.server.run())
        try:
            await world.until_ready()
            yield world
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    await world.until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
