"""One service, killed again and again while it plays: all is told, and each heard once."""

import asyncio
import json
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from itertools import groupby
from uuid import uuid4

from aiohttp import ClientError
from ears import hearing
from ears.ear import Ear
from fakes.receiver import receiving
from real.hand import Hand
from real.restarting import ServiceProcess, legs, service_process
from real.room import Room

from callcue import demo
from callcue.client import OneCall, Refused

from .scene import Ground, next_number
from .witnesses import Word, client, leading_to, sent_to, subscriber

TIMES = 20
SPANS = (0.01, 0.1, 0.8)
"""Seconds in which it is killed after a PLAY was sent: before it is accepted, before it is heard,
before its end."""
CLIPS = ("sound:short-low", "sound:short-mid")
TONES = (440, 900)
FRAMES = 15
"""Of each clip; one at each edge may be half a frame."""
END_SECONDS = 10.0

LEGAL = re.compile(r"accepted (queued )?(started item_started (item_started )*)?(finished|failed) ")
"""What may be told of one; it may have come to its end while nobody was there to see it start."""


async def callcue_is_killed(ground: Ground) -> None:
    """At moments that the seed says; then look at what became of all it had accepted."""
    chance = random.Random(ground.seed)
    room = Room(f"8600{next_number()}", ground.hand, ground.ears, agent="nobody")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(room.close)
        receiver = await stack.enter_async_context(receiving())
        process = await stack.enter_async_context(
            service_process(ground.pbx, ground.folder, leading_to(receiver))
        )
        ear = await room.party()
        since = len(ground.hand.events)
        await process.start()
        await process.knows(ear)
        witnesses = (subscriber(process), sent_to(receiver, process, ground.seed))
        told = [await stack.enter_async_context(witness) for witness in witnesses]
        callcue = await stack.enter_async_context(client(process))
        call = callcue.call(demo.CHANNEL, ear.id)
        ids = []
        for _ in range(TIMES):
            playing = asyncio.create_task(_played(call))
            await asyncio.sleep(chance.choice(SPANS) * chance.random())
            await process.kill()
            await process.start()
            ids.append(await playing)
        for playback in ids:
            await process.integrator(ear.id).ended(playback, END_SECONDS)
        while await legs(ground.hand):
            await asyncio.sleep(0.02)
        await ear.listen(0.2)
        await _told_all(process, ids, told)
        _heard_once(ear, _played_once(ground.hand, since, process))


async def _played(call: OneCall) -> str:
    """Ask until there is an answer, as it says that one may."""
    key = str(uuid4())
    while True:
        try:
            return str(await call.play(*CLIPS, key=key))
        except (ClientError, OSError, Refused):
            await asyncio.sleep(0.02)


async def _told_all(
    process: ServiceProcess, ids: Sequence[str], told: Sequence[list[Word]]
) -> None:
    """Each witness has all that is on record, in order; and that makes sense."""
    words = _on_record(process)
    for witness in told:
        async with asyncio.timeout(END_SECONDS):
            while words[-1] not in witness:
                await asyncio.sleep(0.02)
        # At least once: a second time it is no news.
        heard = list(dict.fromkeys(witness))
        assert heard == words, (heard, words)
    ends = process.ends()
    assert sorted(ends) == sorted(ids) == sorted({word.playback for word in words}), ends
    for playback, (reason, ended) in ends.items():
        story = [word.type for word in words if word.playback == playback]
        assert LEGAL.fullmatch(" ".join([*story, ""])), story
        assert (story[-1], ended is not None) == (reason, True), (reason, story)


def _on_record(process: ServiceProcess) -> list[Word]:
    with closing(sqlite3.connect(process.store)) as store:
        rows = store.execute("SELECT id, playback, body FROM events ORDER BY id").fetchall()
    return [Word(number, playback, json.loads(body)["type"]) for number, playback, body in rows]


def _played_once(hand: Hand, since: int, process: ServiceProcess) -> int:
    """As Asterisk itself has it: each had one leg and came to its end, or none; how many had.

    One whose leg was about to be sent when callcue was killed has failed: see decision 8.
    """
    born = Counter(event["Uniqueid"] for event in hand.of("Newchannel", since))
    seen = {p: (reason, born[f"callcue-p-{p}"]) for p, (reason, _) in process.ends().items()}
    others = {p: what for p, what in seen.items() if what not in (("finished", 1), ("failed", 0))}
    assert others == {}, others
    played = sum(reason == "finished" for reason, _ in seen.values())
    assert played >= len(seen) / 2, seen
    return played


def _heard_once(ear: Ear, playbacks: int) -> None:
    heard = [hearing.identities(frame, TONES) for frame in ear.frames]
    # Where one clip ends and the next begins a frame may have both.
    runs = [(hz, len([*run])) for hz, run in groupby(t[0] for t in heard if len(t) == 1)]
    assert [hz for hz, _ in runs] == [*TONES] * playbacks, runs
    cut = [run for run in runs if abs(run[1] - FRAMES) > 2]
    assert cut == [], cut
