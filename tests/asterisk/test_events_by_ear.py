"""Events by ear: what is told is what was heard, in that order and at that moment."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from aiohttp import StreamReader
from ears import hearing
from ears.ear import Ear, Frame
from real.room import NewRoom
from real.service import Integrator, Screen, Service

from callcue import demo

NEAR = 0.1
"""Seconds between what is told and what is heard."""
LOW, MID = 440, 900
TARGET = 6
"""Seconds into the sweep."""


class Told:
    """What a listener to one call has been told."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._more = asyncio.Condition()

    async def take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        async with self._more:
            self._more.notify_all()

    def kinds(self, playback: str) -> list[str]:
        return [event["type"] for event in self.events if event["playbackId"] == playback]

    async def until(self, playback: str, kind: str, times: int = 1) -> None:
        async with asyncio.timeout(10), self._more:
            await self._more.wait_for(lambda: self.kinds(playback).count(kind) >= times)

    def at(self, kind: str, nth: int = 0) -> float:
        """When that was, in monotonic seconds."""
        found = [event for event in self.events if event["type"] == kind][nth]
        moment = datetime.fromisoformat(found["at"]).timestamp()
        return moment - time.time() + time.monotonic()

    def far_from(self, by_ear: Mapping[tuple[str, int], float]) -> dict[tuple[str, int], float]:
        """What was told at another moment than that at which it was heard, and by how much."""
        late = {kind: round(self.at(*kind) - moment, 3) for kind, moment in by_ear.items()}
        return {kind: seconds for kind, seconds in late.items() if abs(seconds) > NEAR}


@asynccontextmanager
async def told_of(service: Service, call: UUID) -> AsyncIterator[Told]:
    told = Told()
    url = f"{service.url}/workspaces/{demo.WORKSPACE}/channels/{demo.CHANNEL}/calls/{call}/events"
    headers = {"Authorization": f"AccessKey {demo.ACCESS_KEY}"}

    async def read(lines: StreamReader) -> None:
        async for line in lines:
            if line.startswith(b"data: "):
                await told.take(json.loads(line[len(b"data: ") :]))

    async with service.http.get(url, headers=headers) as response:
        assert response.status == 200
        reading = asyncio.create_task(read(response.content))
        try:
            yield told
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def first(frames: Sequence[Frame], is_it: Callable[[Frame], bool]) -> float:
    return next(frame.at for frame in frames if hearing.audible(frame) and is_it(frame))


def last(frames: Sequence[Frame], is_it: Callable[[Frame], bool]) -> float:
    return [frame.at for frame in frames if hearing.audible(frame) and is_it(frame)][-1]


def is_anything(_frame: Frame) -> bool:
    return True


def is_tone(hertz: float) -> Callable[[Frame], bool]:
    return lambda frame: hearing.identities(frame, (LOW, MID)) == [hertz]


async def test_given_a_list_and_verbs_then_what_is_told_is_what_is_heard_and_when(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party()
    bird = service.integrator(ear.id)
    async with told_of(service, ear.id) as told:
        _, answer = await bird.play("short-low", "short-mid", "sweep")
        playback = answer["id"]
        await told.until(playback, "item_started", 3)
        await ear.listen(0.3)
        await bird.control("pause")
        await ear.listen(0.3)
        paused, again = last(ear.frames, is_anything), time.monotonic()
        await bird.control("resume")
        await ear.listen(0.3)
        heard, seen = ear.frames[-1], await bird.status()
        position = hearing.sweep_position(heard) + time.monotonic() - heard.at
        await bird.control("seek", {"positionMilliseconds": TARGET * 1000})
        await ear.listen(0.3)
        await bird.control("stop")
        await told.until(playback, "stopped")
        await ear.listen(0.2)
    assert told.kinds(playback) == [
        *("accepted", "started", "item_started", "item_started", "item_started"),
        *("paused", "resumed", "seeked", "stopped"),
    ]
    assert abs(seen["positionMilliseconds"] / 1000 - position) <= 0.06
    by_ear = {
        ("started", 0): first(ear.frames, is_tone(LOW)),
        ("item_started", 0): first(ear.frames, is_tone(LOW)),
        ("item_started", 1): first(ear.frames, is_tone(MID)),
        ("paused", 0): paused,
        ("resumed", 0): first(ear.since(again), is_anything),
        ("seeked", 0): first(
            ear.since(again), lambda frame: abs(hearing.sweep_position(frame) - TARGET) < 0.1
        ),
        ("stopped", 0): last(ear.frames, is_anything),
    }
    assert told.far_from(by_ear) == {}


async def test_given_one_that_waits_then_it_is_told_to_start_when_the_first_is_heard_no_more(
    new_room: NewRoom, service: Service
) -> None:
    room = await new_room()
    ear = await room.party()
    bird = service.integrator(ear.id)
    async with told_of(service, ear.id) as told:
        _, before = await bird.play("short-low")
        asked = time.monotonic()
        _, answer = await bird.play("short-mid", if_playing="queue")
        await told.until(answer["id"], "finished")
    kinds = [(event["type"], event["playbackId"] == answer["id"]) for event in told.events]
    ends = kinds.index(("finished", False))
    assert kinds[ends + 1 :] == [("started", True), ("item_started", True), ("finished", True)]
    assert [kind for kind, is_second in kinds[:ends] if is_second] == ["accepted", "queued"]
    assert told.kinds(before["id"]) == ["accepted", "started", "item_started", "finished"]
    by_ear = {
        ("accepted", 1): asked,
        ("queued", 0): asked,
        ("finished", 0): last(ear.frames, is_tone(LOW)),
        ("started", 1): first(ear.frames, is_tone(MID)),
        ("finished", 1): last(ear.frames, is_tone(MID)),
    }
    assert told.far_from(by_ear) == {}


Way = Callable[[Ear, Integrator, Screen], Awaitable[str]]
"""How a playback of a low tone comes to its end; returns its id."""


async def finishes(_ear: Ear, bird: Integrator, _screen: Screen) -> str:
    return str((await bird.play("short-low"))[1]["id"])


async def is_timed_out(_ear: Ear, bird: Integrator, _screen: Screen) -> str:
    return str((await bird.play("low", timeout=1))[1]["id"])


async def fails(_ear: Ear, bird: Integrator, _screen: Screen) -> str:
    """Its second item cannot be had."""
    media = ("sound:short-low", "http://169.254.169.254/refused.wav")
    return str((await bird.play_media(*media))[1]["id"])


async def _heard(ear: Ear, bird: Integrator) -> str:
    _, answer = await bird.play("low")
    await ear.until(lambda: any(map(hearing.audible, ear.frames)))
    # The ear may have its first frame some ms before callcue is told.
    while (await bird.status())["state"] != "playing":
        pass
    return str(answer["id"])


async def is_stopped_by_a_key(ear: Ear, bird: Integrator, _screen: Screen) -> str:
    playback = await _heard(ear, bird)
    await bird.control("stop")
    return playback


async def is_stopped_by_a_screen(ear: Ear, bird: Integrator, screen: Screen) -> str:
    playback = await _heard(ear, bird)
    assert "SUCCESS" in await screen.stage("STOP")
    return playback


async def is_replaced_by_a_key(ear: Ear, bird: Integrator, _screen: Screen) -> str:
    playback = await _heard(ear, bird)
    assert (await bird.play("short-mid", if_playing="replace"))[0] == 202
    return playback


async def is_replaced_by_a_screen(ear: Ear, bird: Integrator, screen: Screen) -> str:
    playback = await _heard(ear, bird)
    assert "SUCCESS" in await screen.play("short-mid", override=True)
    return playback


async def is_hung_up(ear: Ear, bird: Integrator, _screen: Screen) -> str:
    playback = await _heard(ear, bird)
    ear.hang_up()
    return playback


@pytest.mark.parametrize(
    ("end", "way"),
    [
        ("finished", finishes),
        ("timed_out", is_timed_out),
        ("failed", fails),
        ("stopped", is_stopped_by_a_key),
        ("stopped", is_stopped_by_a_screen),
        ("replaced", is_replaced_by_a_key),
        ("replaced", is_replaced_by_a_screen),
        ("hung_up", is_hung_up),
    ],
)
async def test_given_each_way_to_end_then_it_is_told_when_the_sound_ends(
    new_room: NewRoom, service: Service, end: str, way: Way
) -> None:
    room = await new_room()
    ear = await room.party(agent=True)
    async with told_of(service, ear.id) as told:
        playback = await way(ear, service.integrator(ear.id), service.screen(room.agent))
        await told.until(playback, end)
    assert told.kinds(playback) == ["accepted", "started", "item_started", end]
    assert told.far_from({(end, 0): last(ear.frames, is_tone(LOW))}) == {}
