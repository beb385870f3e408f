"""The `World` of the random scripts, with the real Asterisk in it and an ear in each room."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count, pairwise
from pathlib import Path

from ears import clips, hearing
from ears.ear import Ear, EarServer, Frame
from stateful.script import SOUNDS
from stateful.stage import StrictLedger
from stateful.world import Heard

from callcue.asterisk.backoff import Backoff
from callcue.asterisk.server import AsteriskAddress, AsteriskServer
from callcue.core.commands import Command, Play, Seek
from callcue.core.controller import Controller
from callcue.core.errors import CallcueError
from callcue.core.playback import Playback
from callcue.core.session import CallSession
from callcue.core.types import Conference, IfPlaying, Milliseconds

from .hand import Hand, open_hand
from .parties import ears_for
from .pbx import Pbx
from .room import Room
from .unreliable import Wire

IDENTITIES = dict(zip((150.0, 250.0, 350.0), SOUNDS, strict=True))
"""Hz of the tone that says which sound it is."""

LENGTH_SECONDS = 60
SERVER = "pbx"

_numbers = count(500)


def make_sounds(folder: Path) -> None:
    """The sounds of the scripts, as clocks that an ear can read."""
    for hertz, name in IDENTITIES.items():
        clips.write_wav(folder / f"{name}.wav", clips.clock(hertz, LENGTH_SECONDS))


class RealWorld:
    """Implements `World`; made by `real_world`."""

    tolerance = 250
    """ms: a frame is 20, the mixer holds one or two, and a busy machine reads both late."""

    def __init__(
        self, pbx: Pbx, hand: Hand, ears: EarServer, rooms: int, wire: Wire | None = None
    ) -> None:
        """*wire*: what callcue's link goes over, to be cut."""
        self.wire = wire
        self._hand = hand
        self._rooms: dict[Conference, Room] = {}
        for _ in range(rooms):
            number = f"8600{next(_numbers)}"
            self._rooms[Conference(SERVER, number)] = Room(number, hand, ears)
        self.rooms: tuple[Conference, ...] = tuple(self._rooms)
        self.ledger = StrictLedger()
        self._ears: list[Ear] = []
        self._doors = {room: asyncio.Lock() for room in self.rooms}
        """Those who come and those who go take turns: each waits until callcue knows it."""
        self.server = AsteriskServer(
            AsteriskAddress(
                SERVER, pbx.host, wire.port if wire else pbx.port, pbx.username, pbx.secret
            )
        )
        # Cut every few seconds it would stay away ever longer, as a link that is no good should.
        self.server._link._backoff = Backoff(0.01, 0.05)
        self.controller = Controller(
            servers=[self.server],
            ledger=self.ledger,
        )
        self.server.report_to(self.controller)

    async def perform(self, room: Conference, command: Command) -> Playback:
        playback = await self.controller.perform(room, command)
        if isinstance(command, Play) and command.request.if_playing is not IfPlaying.QUEUE:
            await playback.audible()
        return playback

    def session(self, room: Conference) -> CallSession | None:
        return self.controller.session(room)

    async def heard(self, room: Conference) -> list[Heard]:
        """The newest frame, aged to this moment; nothing when nobody is there to hear."""
        ear = self._listener(room)
        if ear is None:
            return []
        if not await self._hears_on(ear):
            return []
        frame = ear.frames[-1]
        found = hearing.identities(frame, list(IDENTITIES))
        if not hearing.audible(frame):
            return []
        if len(found) != 1:
            return [Heard("noise", 0)] * max(2, len(found))
        age = (time.monotonic() - frame.at) * 1000 + 20
        return [Heard(IDENTITIES[found[0]], round(hearing.clock_ms(frame) + age))]

    @staticmethod
    async def _hears_on(ear: Ear) -> bool:
        """Wait for its next frame; false if it leaves instead."""
        tasks = [asyncio.create_task(ear.listen(0.02)), asyncio.create_task(ear.gone.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return not ear.gone.is_set()

    def most_heard(self) -> int:
        """In two frames running: one alone has both where one clip ends in it and the next begins.

        What is together by a fault is so for longer.
        """
        return max((_together(ear.frames) for ear in self._ears), default=0)

    def forget_what_was_heard(self) -> None:
        """All but the newest frames, and what Asterisk told the hand: a long run hears too much."""
        assert self.most_heard() <= 1
        for ear in self._ears:
            del ear.frames[:-5]
        self._ears = [ear for ear in self._ears if not ear.gone.is_set()]
        self._hand.forget()

    async def end_clip(self, room: Conference) -> None:
        """Nobody waits a minute: it is sent to its last 40 ms."""
        session = self.session(room)
        if session is None or session.current is None or not await self.heard(room):
            return
        with suppress(CallcueError):  # it has just ended
            await self.controller.perform(room, Seek(Milliseconds(LENGTH_SECONDS * 1000 - 40)))

    async def enter(self, room: Conference) -> None:
        async with self._doors[room]:
            self._ears.append(await self._rooms[room].party())
            await self._until_known(room, present=True)

    async def leave(self, room: Conference) -> None:
        async with self._doors[room]:
            await self._rooms[room].close()
            self._rooms[room].parties.clear()
            await self._until_known(room, present=False)

    async def lose_link(self) -> None:
        assert self.wire is not None, "the link of this world cannot be cut"
        self.wire.drop()

    async def until_ready(self) -> None:
        async with asyncio.timeout(5):
            while not self.server.readiness().ready:
                await asyncio.sleep(0.005)

    def _listener(self, room: Conference) -> Ear | None:
        present = [ear for ear in self._rooms[room].parties if not ear.gone.is_set()]
        return present[0] if present else None

    async def _until_known(self, room: Conference, *, present: bool) -> None:
        async with asyncio.timeout(5):
            while bool(self.server.directory.parties(room)) is not present:
                await asyncio.sleep(0.005)


def _together(frames: Sequence[Frame]) -> int:
    heard = [len(hearing.identities(frame, list(IDENTITIES))) for frame in frames]
    return max(map(min, pairwise(heard)), default=0)


@asynccontextmanager
async def real_world(pbx: Pbx, rooms: int, wire: Wire | None = None) -> AsyncIterator[RealWorld]:
    """A world whose link is up, with a party in each room."""
    async with open_hand(pbx) as hand, ears_for(pbx, hand) as ears:
        world = RealWorld(pbx, hand, ears, rooms, wire)
        running = asyncio.create_task(world.server.run())
        try:
            await world.until_ready()
            for room in world.rooms:
                await world.enter(room)
            yield world
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
