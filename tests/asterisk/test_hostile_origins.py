"""Origins that mean no good: each ends with its reason, in its time, and no call hears of it."""

import asyncio
import socket
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ears import clips, hearing
from ears.ear import EarServer, Frame
from fakes import hostile
from fakes.origin import origin
from real.hand import Hand
from real.pbx import Pbx
from real.process import serving
from real.room import Room
from real.service import running_service

from callcue.settings.media import Media

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("before_all_others")]

FETCH_SECONDS = 1.0
SLACK_SECONDS = 2.0
"""Beyond its limit: until a decoder has begun and the end is told, on a busy machine."""

REBINDING = "rebinding.test"
NOBODYS = "3000::1"
"""Public by its number, and nobody has it: IANA has not given it away."""

FRAME = 0.020
SWEEP_SECONDS = 3
"""It is played again and again, for as long as the origins take."""

FLOOD = 15
"""Besides: with these, as many bodies as are taken at once come as fast as they can."""

MIB = 1024**2


class RebindingResolver:
    """Names an address of the Internet first, and from then on one of this machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self._others = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, host: Any, *arguments: Any, **options: Any) -> Any:
        if host != REBINDING:
            return self._others(host, *arguments, **options)
        self.asked += 1
        family, to = (socket.AF_INET, "127.0.0.1")
        if self.asked == 1:
            family, to = (socket.AF_INET6, NOBODYS)
        return [(family, socket.SOCK_STREAM, 6, "", (to, 80))]


async def test_given_a_hostile_origin_when_its_url_is_played_then_the_end_says_why_and_in_time(
    pbx: Pbx, hand: Hand, ears: EarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = RebindingResolver(monkeypatch)
    async with origin() as there:
        table = hostile.scripts()
        there.paths |= {path: script for path, (script, _) in table.items()}
        here = f"127.0.0.1:{there.port}"
        expected = {f"http://{here}{path}": {reason} for path, (_, reason) in table.items()}
        # Nothing connects to what it was renamed to; whether there is a way to NOBODYS is the
        # machine's own affair.
        expected[f"http://{REBINDING}/a.wav"] = {"unreachable", "timed out"}
        expected[hostile.METADATA] = {"refused address"}
        expected["http://127.0.0.1/"] = {"refused address"}
        media = Media(
            folder=str(pbx.sounds / "callcue"),
            allow=(here,),
            connect_seconds=FETCH_SECONDS,
            fetch_seconds=FETCH_SECONDS,
            longest_seconds=60,
            largest=5_000_000,
        )
        async with running_service(pbx, media=media) as service:
            room = Room("8600094", hand, ears)
            ear = await room.party()
            bird = service.integrator(ear.id)
            for url, reasons in expected.items():
                began = time.monotonic()
                status, answer = await bird.play_media(url)
                assert status == 202, (url, answer)
                ended = await bird.ended(answer["id"], within=FETCH_SECONDS + SLACK_SECONDS)
                assert time.monotonic() - began < FETCH_SECONDS + SLACK_SECONDS, url
                which, reason, *_ = str(ended["detail"]).split(": ")
                assert (url, ended["endReason"], which) == (url, "failed", "item 1")
                assert reason in reasons, (url, ended["detail"])
            assert not any(map(hearing.audible, ear.frames))
            await room.close()
    assert resolver.asked == 1


async def test_given_hostile_origins_all_at_once_when_a_clip_plays_then_each_frame_of_it_is_heard(
    pbx: Pbx, hand: Hand, ears: EarServer, tmp_path: Path
) -> None:
    """Origin and service have processes of their own, as in life; `largest` is the default."""
    table = hostile.scripts()
    asked = [*table, *(f"/endless?{number}" for number in range(FLOOD))]
    clips.write_sln(pbx.sounds / "whole-sweep.sln", clips.sweep(SWEEP_SECONDS))
    async with hostile.in_its_own_process() as port:
        here = f"127.0.0.1:{port}"
        media = {"allow": [here], "fetch_seconds": 5, "longest_seconds": 600}
        async with serving(pbx, tmp_path, {"media": media}) as service:
            room = Room("8600098", hand, ears)
            ear = await room.party()
            await room.party()
            await service.knows(ear.id)
            bird = service.integrator(ear.id)
            memory = service.memory()
            service.forget_peak()

            _, answer = await bird.play("whole-sweep", loop=1000)
            await ear.until(lambda: any(map(hearing.audible, ear.frames)))
            looked = await asyncio.gather(
                *(service.check(f"http://{here}{path}") for path in asked)
            )
            await bird.control("stop")
            ended = await bird.ended(answer["id"])
            grown = service.memory("VmHWM") - memory
            await service.has_no_child()
            assert service.nameless_files() == []
            await room.close()

    assert (ended["endReason"], ended["detail"]) == ("stopped", "")
    is_whole(ear.frames)
    for path, one in zip(asked, looked, strict=True):
        reason = table[path.partition("?")[0]][1]
        assert (path, str(one["why"]).partition(":")[0]) == (path, reason)
    assert grown < 32 * MIB
    left = (pbx.sounds / "callcue" / "cache").glob("*.part")
    assert list(left) == []


def is_whole(frames: list[Frame]) -> None:
    """Each round of the sweep is heard frame by frame, in order, and no frame of it is silent."""
    heard = [(n, hearing.sweep_position(f)) for n, f in enumerate(frames) if hearing.audible(f)]
    turns = [n for n, ((_, a), (_, b)) in enumerate(pairwise(heard), 1) if b < a - 1]
    rounds = [heard[start:end] for start, end in pairwise([0, *turns, len(heard)])]
    assert len(rounds) > 1
    for one in rounds[:-1]:  # the last is stopped
        assert abs(len(one) - SWEEP_SECONDS / FRAME) <= 2
    for one in rounds:
        # Of its first and its last frame there may be a part only.
        for (n, sooner), (m, later) in pairwise(one[1:-1]):
            assert m == n + 1, sooner
            assert abs(later - sooner - FRAME) < FRAME / 2
