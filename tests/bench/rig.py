"""The rig: one Asterisk, one callcue beside it, rooms, an ear, and everybody who is compared."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import uuid4

from ears import clips
from ears.ear import Ear, EarServer
from real.hand import Hand
from real.parties import ears_for
from real.pbx import Pbx, running_pbx
from real.room import Room

from .ari import Ari, load_modules
from .bird import Bird
from .contestant import Contestant, Place, Refused
from .raw import RawAmi
from .screen import Screen
from .service import Service, running_service

CLIP = "bench-sweep"
CLIP_SECONDS = 12
"""As long as a sweep can be."""
LONG_CLIP = "bench-long"
LONG_SECONDS = 1800
KNOWN_SECONDS = 30.0
TRIES = 5
PATIENCE_SECONDS = 5.0
LAST_LINES = 30
EVERYDAY = ('"request"', '"playback accepted"', '"stopped"')

_numbers = count(200)


@dataclass
class Rig:
    """What experiments use."""

    pbx: Pbx
    service: Service
    hand: Hand
    ears: EarServer
    folder: Path
    raw: RawAmi
    ari: Ari
    screen: Screen
    bird: Bird
    say: Callable[[str], None]
    parties: list[Place] = field(default_factory=list)
    """Rooms with somebody in them who only listens."""

    @property
    def contestants(self) -> list[Contestant]:
        """All that are compared, in no order."""
        return [self.raw, self.ari, self.screen, self.bird]

    def last_words(self) -> str:
        """The end of callcue's log, without what it says of every request: for a failed run."""
        lines = (self.folder / "callcue.log").read_text(errors="replace").splitlines()
        telling = [line for line in lines if not any(event in line for event in EVERYDAY)]
        return "\n".join(telling[-LAST_LINES:])

    async def room_with_ear(self) -> tuple[Place, Ear]:
        """A room, and the party in it who hears for us."""
        number = _number()
        place_agent = f"bench-{number}"
        room = Room(number, self.hand, self.ears, agent=place_agent)
        ear = await room.party(agent=True)
        place = Place(number, place_agent, ear.id)
        await self._known(place)
        return place, ear

    async def rooms(self, wanted: int) -> list[Place]:
        """At least so many rooms whose parties only listen."""
        fresh = [await self._party() for _ in range(wanted - len(self.parties))]
        for place in fresh:
            await self._known(place)
        self.parties += fresh
        return self.parties[:wanted]

    async def close_rooms(self) -> None:
        """Send everybody away who only listened: each room costs Asterisk what a call costs."""
        for place in self.parties:
            await self.hand.do("Hangup", Channel=f"bench-{place.call}")
        self.parties.clear()

    async def _party(self) -> Place:
        number = _number()
        place = Place(number, f"bench-{number}", uuid4())
        reply = await self.hand.do(
            "Originate",
            {"__CALLCUE_AGENT": place.agent},
            Channel=f"Local/load-{number}@callcue-test-rooms/n",
            Context="callcue-test-parties",
            Exten="listen",
            Priority="1",
            Async="true",
            ChannelId=f"bench-{place.call}",
            OtherChannelId=str(place.call),
        )
        assert reply["Response"] == "Success", reply
        return place

    async def _known(self, place: Place) -> None:
        async with asyncio.timeout(KNOWN_SECONDS):
            while not await self.bird.knows(place):
                await asyncio.sleep(0.02)

    async def play_in_all(self, contestant: Contestant, places: list[Place]) -> list[Place]:
        """A long clip in each room, one after the other, until Asterisk can take no more.

        Returns where it plays.
        """
        for number, place in enumerate(places):
            if not await self._plays(contestant, place):
                self.say(f"{contestant.name}: Asterisk takes {number} of {len(places)} more")
                return places[:number]
        return places

    async def _plays(self, contestant: Contestant, place: Place) -> bool:
        for _ in range(TRIES):
            try:
                await contestant.play(place, LONG_CLIP)
            except Refused:
                await asyncio.sleep(0.5)
            else:
                return True
        return False

    async def stop_in_all(self, contestant: Contestant, places: list[Place]) -> None:
        """End them."""
        for place in places:
            await end(contestant, place)


async def end(contestant: Contestant, place: Place) -> None:
    """Stop whatever still plays, and take away what that leaves."""
    for action in (contestant.stop, contestant.clear):
        # It has ended already, or has never begun.
        with suppress(Refused, TimeoutError, KeyError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await action(place)


@asynccontextmanager
async def running_rig(say: Callable[[str], None]) -> AsyncIterator[Rig]:
    """Everything up and known to callcue; at the end nothing is left."""
    async with AsyncExitStack() as stack:
        pbx = stack.enter_context(running_pbx("--asterisk", "22"))
        _write_clips(pbx.sounds)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callcue-bench-")))
        hand = Hand()
        await hand.open(pbx.host, pbx.port, pbx.secret)
        stack.push_async_callback(hand.close)
        await load_modules(hand)
        # Else each event of each channel would be written and read for nobody.
        await hand.do("Events", EventMask="off")
        ears = await stack.enter_async_context(ears_for(pbx, hand))
        service = await stack.enter_async_context(running_service(pbx, folder))
        rig = Rig(
            pbx,
            service,
            hand,
            ears,
            folder,
            raw=await RawAmi.open(pbx.host, pbx.port, pbx.username, pbx.secret),
            ari=await Ari.open(pbx),
            screen=Screen(service.host, service.port),
            bird=Bird(service.host, service.port),
            say=say,
        )
        for contestant in rig.contestants:
            stack.push_async_callback(contestant.close)
        yield rig


def _number() -> str:
    return f"8600{next(_numbers)}"


def _write_clips(sounds: Path) -> None:
    clips.write_wav(sounds / f"{CLIP}.wav", clips.sweep(CLIP_SECONDS))
    clips.write_wav(sounds / f"{LONG_CLIP}.wav", clips.tone(440, LONG_SECONDS))
