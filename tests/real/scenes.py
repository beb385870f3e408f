"""Places of every kind with parties in them: some are to hear a clip, and the others are not."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from ears import hearing
from ears.ear import Ear, Frame

from .hand import Hand, Message
from .room import NewRoom
from .service import Integrator, Service
from .talk import Telephone

VOICES = (200.0, 3600.0, 3400.0)
"""Hz of what the parties say: multiples of 50, and no sweep of the tests gets there."""

MUSIC = 300.0
"""Hz of the test PBX's music on hold."""

BRIDGES = ("barge", "member", "caller", "called")
"""All in a bridge of two, and of three; one side of a bridge."""

PLACES = ("room", "wait", "music")
"""One member of a room; alone.

And "conference" is all in a room, which other tests hear enough of.
"""


@dataclass
class Scene:
    """One call."""

    listeners: list[Ear]
    """Who is to hear what plays."""
    others: list[Ear]
    bird: Integrator
    """Asks for it."""
    audience: str = "everyone"
    way: str = ""
    """How callcue says that everyone there is played to."""
    room: str = ""
    """Its number, if it is one."""
    music: tuple[float, ...] = ()
    """Hz of what is heard here besides, while nothing plays."""

    @property
    def parties(self) -> list[Ear]:
        """All of them."""
        return [*self.listeners, *self.others]

    def others_of(self, ear: Ear) -> list[Ear]:
        """Whom that party hears."""
        return [party for party in self.parties if party is not ear]

    def voices(self, ear: Ear) -> list[float]:
        """What that party hears without us."""
        return [*(party.pitch for party in self.others_of(ear)), *self.music]

    def behind(self, ear: Ear, frames: Iterable[Frame]) -> list[Frame]:
        """What that party hears besides the voices of the others."""
        return [hearing.without(frame, *self.voices(ear)) for frame in frames]

    def hears(self, ear: Ear) -> bool:
        """Whether it hears a clip now."""
        return hearing.audible(self.behind(ear, ear.frames[-1:])[0])

    async def leave(self) -> None:
        """One after the other hangs up: what is on record depends on who was first."""
        for ear in self.parties:
            ear.hang_up()
            async with asyncio.timeout(5):
                await ear.gone.wait()


class Scenes:
    """Makes them."""

    def __init__(
        self, hand: Hand, telephone: Telephone, new_room: NewRoom, service: Service
    ) -> None:
        self._hand = hand
        self._telephone = telephone
        self._new_room = new_room
        self._service = service
        self._scenes: list[Scene] = []

    async def make(self, kind: str) -> Scene:
        """One of these kinds; everybody is there, and speaks, when this returns."""
        scene = await self._made(kind)
        self._scenes.append(scene)
        for ear, pitch in zip(scene.parties, VOICES, strict=False):
            ear.pitch = pitch
        for ear in scene.parties:
            await ear.until(lambda ear=ear: self._hears_all(scene, ear))  # type: ignore[misc]
        return scene

    def close(self) -> None:
        """All leave all of them."""
        for ear in (ear for scene in self._scenes for ear in scene.parties):
            ear.hang_up()

    @staticmethod
    def _hears_all(scene: Scene, ear: Ear) -> bool:
        samples = ear.frames[-1].samples
        return all(hearing.strength(samples, voice) > 1000 for voice in scene.voices(ear))

    async def _made(self, kind: str) -> Scene:
        match kind:
            case "barge":
                return await self._scene([*await self._telephone.talk()], [], way="barge")
            case "member":
                caller, called = await self._telephone.talk()
                third = await self._telephone.alone("third", WITH=str(caller.id))
                return await self._scene([caller, called, third], [], way="member")
            case "caller":
                caller, called = await self._telephone.talk()
                return await self._scene([caller], [called], way="barge")
            case "called":
                caller, called = await self._telephone.talk()
                return await self._scene([called], [caller], way="barge")
            case "room" | "conference":
                room = await self._new_room()
                ears = [await room.party() for _ in range(3)]
                if kind == "conference":
                    return await self._scene(ears, [], way="room", room=room.number)
                others = [ears[0], ears[2]]
                return await self._scene(ears[1:2], others, way="room", room=room.number)
            case _:
                scene = await self._scene([await self._telephone.alone(kind)], [], way="beside")
                return replace(scene, music=(MUSIC,) if kind == "music" else ())

    async def _scene(
        self, listeners: list[Ear], others: list[Ear], way: str, room: str = ""
    ) -> Scene:
        audience = str(await self._call_of(listeners[0])) if others else "everyone"
        # It is asked for through a party that may well be another one.
        asker = (others or listeners)[-1]
        bird = self._service.integrator(await self._call_of(asker))
        return Scene(listeners, others, bird, audience, way, room)

    async def _call_of(self, ear: Ear) -> UUID:
        """The id of that party's call, which callcue may know some ms later than the ear does."""
        uniqueid, known = self._hand.born(ear.mark)["Uniqueid"], self._service.server.directory
        await self._service.until(lambda: any(c.uniqueid == uniqueid for c in known.calls()))
        return next(call.id for call in known.calls() if call.uniqueid == uniqueid)

    def records(self, scene: Scene) -> list[Message]:
        """What is on record of that call, with names that are the same for any such call.

        Without what may come after it: whether the dialplan still gets to its `Hangup`, and a
        record says so, is decided between those who leave.
        """
        same = self._names(scene)
        born = [self._hand.born(ear.mark) for ear in scene.parties]
        channels = {channel["Channel"] for channel in born}
        found = [
            {key: _replaced(value, same) for key, value in record.items() if key not in _OWN}
            for record in self._hand.of("Cdr")
            if {record["Channel"], record["DestinationChannel"]} & channels
            and record["LastApplication"] != "Hangup"
        ]
        return sorted(found, key=str)

    def _names(self, scene: Scene) -> Message:
        names = {scene.room: "<room>"} if scene.room else {}
        for n, ear in enumerate(scene.parties):
            born = self._hand.born(ear.mark)
            for name in (born["Channel"], born["Uniqueid"], ear.channel):
                names[name] = f"<party {n}>"
        return names


def _replaced(text: str, names: Message) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text


_OWN = {"StartTime", "AnswerTime", "EndTime", "Duration", "BillableSeconds", "UniqueID"}
"""What two records of the same call may differ in."""
