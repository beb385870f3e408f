"""Where a test plays a scenario with phones: it asks callcue for a clip, or for none."""

import asyncio
import time
from collections import Counter
from typing import Any

from ears.ear import Frame
from real.hand import Message
from real.service import Integrator, Service

import callcue.core.ports
from callcue.core.types import CallId

from . import picture
from .exchange import Exchange
from .handset import Handset
from .phone import Call, Phone
from .talking import LOW, strength

CLIP = 2000.0
"""Hz of the clips; nobody says it."""

HEARD = 1500.0
"""Amplitude from which on a clip is heard; its own is near 8000."""

ON_ITS_WAY = 0.15
"""Seconds: what may still reach an ear after an end (frames, RTP, a busy machine)."""

A_WHILE = 0.25


def hears(ear: Handset, since: float, until: float = float("inf")) -> list[bool]:
    """Of each frame of that time, whether the clip is in it."""
    return [strength(ear, f, CLIP) > HEARD for f in ear.since(since) if f.at < until]


async def until_heard(call: Call, hertz: float) -> None:
    """Wait until that tone is heard, whatever else is."""
    ear, since = call.handset, time.monotonic()
    await ear.until(lambda: any(strength(ear, f, hertz) > HEARD for f in ear.since(since)[-1:]))


LONG_CLIP = "phones-life"
"""A clip longer than any scenario: when it ends, it ends for a reason."""


class Stage:
    """Where a scenario is played: three phones, and perhaps a clip."""

    def __init__(self, phones: Exchange, service: Service, clip: str = LONG_CLIP) -> None:
        self.phones = phones
        self._service = service
        self._clip = clip
        self._since = len(phones.hand.events)
        self._playback = ""
        self._bird: Integrator | None = None

    def named(self, *names: str) -> list[Phone]:
        return self.phones.phones(*names)

    async def play(
        self, asked: Call, *listeners: Call, others: tuple[Call, ...] = (), way: str = "barge"
    ) -> None:
        """Play the clip to everyone, or to *listeners* if there are *others*; they hear it."""
        if not self._clip:
            return
        self._bird = bird = self._service.integrator((await self._at_pbx(asked)).id)
        async with asyncio.timeout(5):
            while (await bird.call())["join"] != way:
                await asyncio.sleep(0.01)
        audience = str((await self._at_pbx(listeners[0])).id) if others else "everyone"
        status, answer = await bird.play(self._clip, audience=audience)
        assert status == 202, answer
        self._playback = answer["id"]
        await self.hears(*listeners)
        for other in others:
            assert not any(hears(other.handset, other.handset.frames[-1].at - 0.1))

    async def hears(self, *listeners: Call) -> None:
        """From now on the clip is heard by these, if there is one."""
        if self._clip:
            await asyncio.gather(*(until_heard(call, CLIP) for call in listeners))

    async def hear_all_along(self, *expected: list[Any]) -> None:
        """Each of these calls hears the clip for a while, and the tones that are named with it.

        A busy machine brings frames late and mixes a gap in: then it is the next while that counts.
        """
        async with asyncio.timeout(5):
            await asyncio.gather(*(self._hears_a_while(*one) for one in expected))

    async def _hears_a_while(self, call: Call, *tones: float) -> None:
        while not self._is_whole(await call.handset.listen(A_WHILE), call, CLIP, *tones):
            pass

    @staticmethod
    def _is_whole(frames: list[Frame], call: Call, *tones: float) -> bool:
        return len(frames) > 0.8 * A_WHILE * 50 and all(
            strength(call.handset, frame, tone) > HEARD for frame in frames for tone in tones
        )

    async def alone(self, name: str) -> Call:
        """A phone that waits in the dialplan, where nobody is with it."""
        (phone,) = self.named(name)
        call = await phone.call("wait")
        await call.talks()
        async with asyncio.timeout(5):
            while not await self._waits(name):
                await asyncio.sleep(0.02)
        return call

    async def _waits(self, name: str) -> bool:
        channels = (await self.picture()).channels
        return any((c.name, c.application) == (f"PJSIP/{name}", "Wait") for c in channels)

    async def third(self, name: str, beside: Call) -> Call:
        """One more phone comes into the bridge of two."""
        call = await self.alone(name)
        await self.redirect(call, "callcue-test-calls", "third", WITH=await self.channel(beside))
        await until_heard(call, LOW)
        return call

    async def ends(self, reason: str) -> None:
        """The playback ends, or has ended, for that reason."""
        if self._bird is not None:
            assert (await self._bird.ended(self._playback))["endReason"] == reason

    async def cannot_be_asked(self, call: Call) -> None:
        """Nothing can be played to that call, and callcue says why."""
        answer = await self._service.integrator((await self._at_pbx(call)).id).call()
        assert answer["join"] is None
        assert answer["cannotPlay"]

    async def refused(self, call: Call, audience: str) -> str:
        """A clip is asked for and refused as impossible; why."""
        bird = self._service.integrator((await self._at_pbx(call)).id)
        status, answer = await bird.play(self._clip, audience=audience)
        assert (status, answer["code"]) == (409, "cannot_play_here"), answer
        return str(answer["message"])

    async def stop(self) -> None:
        if self._bird is not None:
            await self._bird.control("stop")
            await self.ends("stopped")

    async def nobody_hears_it(self, *calls: Call) -> None:
        since = time.monotonic() + ON_ITS_WAY
        await asyncio.sleep(ON_ITS_WAY + A_WHILE)
        for call in calls:
            heard = hears(call.handset, since)
            assert len(heard) > 0.5 * A_WHILE * 50
            assert not any(heard)

    async def _at_pbx(self, call: Call) -> callcue.core.ports.Call:
        """That phone's call as callcue knows it, which may be some ms behind the phone."""
        name = f"PJSIP/{call.phone.name}-"
        async with asyncio.timeout(5):
            while True:
                for known in self._service.server.directory.calls():
                    if known.channel.startswith(name):
                        return known
                await asyncio.sleep(0.01)

    async def id(self, call: Call) -> CallId:
        """The id by which callcue knows that phone's call."""
        return (await self._at_pbx(call)).id

    async def channel(self, call: Call) -> str:
        """Unique id of the PBX's channel to that phone."""
        return (await self._at_pbx(call)).uniqueid

    async def redirect(self, call: Call, context: str, exten: str, **variables: str) -> None:
        """Send that phone elsewhere in the PBX's dialplan."""
        where = {"Context": context, "Exten": exten, "Priority": "1"}
        for name, value in variables.items():
            await self.do("Setvar", Channel=await self.channel(call), Variable=name, Value=value)
        await self.do("Redirect", Channel=await self.channel(call), **where)

    async def do(self, action: str, **headers: str) -> None:
        """An action at the PBX, as another program does it."""
        reply = await self.phones.hand.do(action, None, **headers)
        assert reply["Response"] == "Success", reply

    def since(self, event: str) -> Message:
        """The last event of that name in this scenario."""
        return self.phones.hand.of(event, self._since)[-1]

    async def picture(self) -> picture.Picture:
        return await picture.take(self.phones.hand, self._since)

    async def until_recorded(self, *owners: str) -> None:
        """Wait until there is a record of each of these numbers; they come behind the hangup.

        The last one may be some ms later than the others, so it does not do to count them.
        """
        hand, wanted = self.phones.hand, Counter(owners)
        try:
            await hand.until(lambda: Counter(picture.owners(hand, self._since)) >= wanted)
        except TimeoutError:
            come = picture.owners(hand, self._since)
            raise AssertionError(f"records of {owners} wanted, there are {come}") from None
