"""Calls in which phones say tones, and what of them is heard."""

import asyncio

from ears import hearing
from ears.clips import RATE
from ears.ear import Frame

from .handset import Handset
from .phone import Call, Phone

LOW, HIGH = 440.0, 1000.0
"""Hz that the caller and the called say."""

MUSIC = 300.0
"""Hz of the test PBX's music on hold."""

A_WHILE = 0.3
"""Seconds to listen."""


def pitches(handset: Handset, frames: list[Frame]) -> set[int]:
    """The pitches heard, to 20 Hz; 0 is silence."""
    return {
        round(hearing.pitch(f.samples) * handset.rate / RATE / 20) * 20 if hearing.audible(f) else 0
        for f in frames
    }


def strength(handset: Handset, frame: Frame, hertz: float) -> float:
    """The amplitude of that tone in what was heard."""
    return hearing.strength(frame.samples, hertz * RATE / handset.rate)


async def hears_only(call: Call, hertz: float) -> None:
    """Wait until that tone has come, and hear nothing else from then on."""
    ear = call.handset
    async with asyncio.timeout(5):
        while pitches(ear, await ear.listen(0.06)) != {hertz}:
            pass
    frames = await ear.listen(A_WHILE)
    assert len(frames) > 0.8 * A_WHILE * 50
    assert pitches(ear, frames) == {hertz}


async def each_hears_only(*expected: tuple[Call, float]) -> None:
    """The same of several at once, where nobody has just come back from a hold."""
    await asyncio.gather(*(hears_only(call, hertz) for call, hertz in expected))


async def talking(caller: Phone, called: Phone, *, extension: str = "") -> tuple[Call, Call]:
    """A call in which both say their tones."""
    call = await caller.call(extension or called.name)
    answered = await called.answer()
    await call.talks()
    call.handset.says(LOW)
    answered.handset.says(HIGH)
    return call, answered
