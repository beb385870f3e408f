"""Many who want the same, a small cache, a full disk: what is heard is heard to its end."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import unused_port
from ears import clips, hearing
from ears.ear import Ear, EarServer
from fakes import audio
from fakes.origin import Origin, answer, origin
from real.hand import Hand
from real.pbx import Pbx
from real.process import Served, serving
from real.room import Room
from real.service import Integrator, running_service, table

from callcue.settings.media import Media
from callcue.settings.tables import Asterisk

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("before_all_others")]

SILENT_ROOMS = 46
ROOMS_WITH_EARS = 4
CALLS_A_ROOM = 4
FRAME = 0.020
RATE = 8000
BYTES_PER_SECOND = 16_000


def tone_of(seconds: float, hertz: float = 1000.0) -> bytes:
    return audio.wav(audio.tone(seconds, RATE, hertz=hertz), RATE)


def seconds_of(ear: Ear) -> float:
    return sum(hearing.audible(frame) for frame in ear.frames) * FRAME


def url(there: Origin, path: str, body: bytes) -> str:
    there.paths[path] = answer(body)
    return f"http://127.0.0.1:{there.port}{path}"


@asynccontextmanager
async def crowd(hand: Hand, rooms: int) -> AsyncIterator[list[UUID]]:
    """So many rooms, with parties in each that only listen."""
    calls = [uuid4() for _ in range(CALLS_A_ROOM * rooms)]
    for number, call in enumerate(calls):
        reply = await hand.do(
            "Originate",
            Channel=f"Local/load-8600{600 + number // CALLS_A_ROOM}@callcue-test-rooms/n",
            Context="callcue-test-parties",
            Exten="listen",
            Priority="1",
            Async="true",
            ChannelId=f"crowd-{call}",
            OtherChannelId=str(call),
        )
        assert reply["Response"] == "Success", reply
    start = len(hand.events)
    yield calls
    for call in calls:
        await hand.do("Hangup", Channel=f"crowd-{call}")
    gone = {str(call) for call in calls}
    async with asyncio.timeout(10):
        while not gone <= {event["Uniqueid"] for event in hand.of("Hangup", start)}:
            await asyncio.sleep(0.05)


async def test_given_200_calls_that_ask_for_a_new_url_at_once_then_it_is_fetched_once(
    pbx: Pbx, hand: Hand, ears: EarServer, tmp_path: Path
) -> None:
    """Four in each of 50 rooms: the clip is heard in all rooms at once, and three times more."""
    async with origin() as there:
        wanted = url(there, "/offer.wav", tone_of(0.5))
        media = {"allow": [f"127.0.0.1:{there.port}"]}
        async with (
            serving(pbx, tmp_path, {"media": media}) as service,
            crowd(hand, SILENT_ROOMS) as silent,
        ):
            numbers = range(800, 800 + ROOMS_WITH_EARS)
            rooms = [Room(f"8600{number}", hand, ears) for number in numbers]
            listeners = [await room.party() for room in rooms for _ in range(CALLS_A_ROOM)]
            calls = [*silent, *(ear.id for ear in listeners)]
            assert len(calls) == 200
            await service.knows(*calls)
            there.hold = asyncio.Event()
            birds = [service.integrator(call) for call in calls]
            query = "wait=started&waitSeconds=30"
            asking = [asyncio.create_task(bird.play_media(wanted, query=query)) for bird in birds]
            async with asyncio.timeout(15):
                for bird in birds:
                    while not await all_wait(bird):
                        await asyncio.sleep(0.02)
            there.hold.set()
            answers = await asyncio.gather(*asking)
            assert [said.get("status", said) for _, said in answers] == ["started"] * 200
            for bird, (_, said) in zip(birds, answers, strict=True):
                ended = await bird.ended(said["id"], within=10)
                assert (ended["endReason"], ended["detail"]) == ("finished", "")
        assert [request.target for request in there.seen] == ["/offer.wav"]
        for ear in listeners:
            assert abs(seconds_of(ear) - CALLS_A_ROOM * 0.5) <= 0.1
            heard = [hz for f in ear.frames for hz in hearing.identities(f, (500, 1000, 1500))]
            assert set(heard) == {1000}
        for room in rooms:
            await room.close()


async def all_wait(bird: Integrator) -> bool:
    """Whether the room's first playback is being prepared, and the others are queued."""
    status = await bird.status()
    return status["state"] == "preparing" and len(status["queue"]) == CALLS_A_ROOM - 1


# How clips are kept has nothing to do with the version of Asterisk.
@pytest.mark.parametrize("pbx", ["22"], indirect=True)
async def test_given_a_cache_at_its_limit_when_others_come_then_what_is_heard_stays_to_its_end(
    pbx: Pbx, hand: Hand, ears: EarServer
) -> None:
    """Heard twice over: for the second round Asterisk opens the file once more."""
    limit = 6 * BYTES_PER_SECOND
    folder = pbx.sounds / "callcue" / "small"

    def kept() -> dict[str, int]:
        return {path.name: path.stat().st_size for path in (folder / "cache").glob("*.sln")}

    async with origin() as there:
        media = Media(folder=str(folder), allow=(f"127.0.0.1:{there.port}",), cache=limit)
        asterisk = Asterisk.model_validate(table("main", pbx) | {"media_folder": "callcue/small"})
        async with running_service(pbx, media=media, asterisk=(asterisk,)) as service:
            room = Room("8600097", hand, ears)
            ear = await room.party()
            bird = service.integrator(ear.id)
            heard = url(there, "/heard.wav", audio.wav(clips.sweep(3)[:, None], RATE))
            _, said = await bird.play_media(heard, loop=2)
            await ear.until(lambda: any(map(hearing.audible, ear.frames)))
            (mine,) = kept()
            for number in range(5):
                if number == 1:  # while it streams, and then for as long as this may take
                    await bird.control("pause")
                other = url(there, f"/{number}.wav", tone_of(1.0, 400.0 + 100 * number))
                assert (await service.check(other))["playable"]
                assert sum(kept().values()) <= limit
                assert mine in kept()
            # Beside what is heard there is no room for this one.
            large = await service.check(url(there, "/large.wav", tone_of(5.0)))
            assert large["why"] == "disk full: the cache is full of clips in use"
            assert (await bird.control("resume"))["round"] == 1
            ended = await bird.ended(said["id"], within=10)
            assert (ended["endReason"], ended["detail"]) == ("finished", "")
            await ear.listen(0.1)
            assert abs(seconds_of(ear) - 2 * 3.0) <= 3 * FRAME
            whole = [f for f in ear.frames if hearing.audible(f) and hearing.is_pure(f)]
            places = [hearing.sweep_position(frame) for frame in whole]
            turns = [n for n, (sooner, later) in enumerate(pairwise(places), 1) if later < sooner]
            assert len(turns) == 1
            assert all(abs(n - 150) <= 5 for n in (turns[0], len(places) - turns[0]))

            assert (await service.check(url(there, "/large-2.wav", tone_of(5.0, 500))))["playable"]
            assert mine not in kept()
            assert sum(kept().values()) <= limit
            await room.close()


SMALL_DISK = 'mount -t tmpfs -o size=1m,mode=755 none "$0" && exec "$@"'


def with_a_small_disk(folder: Path) -> list[str]:
    """Before a command: it has that folder on a disk of 1 MiB, which goes when it ends."""
    folder.mkdir()
    user = ["--map-root-user"] if os.geteuid() else []
    private = ["unshare", *user, "--mount", "--propagation", "private"]
    return [*private, "sh", "-c", SMALL_DISK, str(folder)]


def fill(disk: Path, *, but: int) -> None:
    """Leave no more than so many bytes."""
    with (disk / "filler").open("ab", buffering=0) as filler:
        with suppress(OSError):
            while True:
                filler.write(bytes(4096))
        filler.truncate(filler.seek(0, os.SEEK_END) - but)


def files_of(disk: Path) -> dict[str, int]:
    """Every file of sound on the disk, finished or not, and its bytes."""
    found = (path for name in ("cache", "sounds") for path in (disk / name).glob("*"))
    return {path.name: path.stat().st_size for path in found}


# How clips are kept has nothing to do with the version of Asterisk.
@pytest.mark.parametrize("pbx", ["22"], indirect=True)
async def test_given_a_full_disk_then_it_is_said_what_plays_goes_on_and_nothing_half_is_played(
    pbx: Pbx, hand: Hand, ears: EarServer, tmp_path: Path
) -> None:
    """The disk is the service's own: Asterisk gets clips from it by their addresses."""
    port, folder = unused_port(), tmp_path / "media"
    async with origin() as there:
        tables: dict[str, dict[str, Any]] = {
            "media": {"folder": str(folder), "allow": [f"127.0.0.1:{there.port}"]},
            "asterisk": {"media_folder": "", "media_url": f"http://127.0.0.1:{port}"},
        }
        before = with_a_small_disk(folder)
        async with serving(pbx, tmp_path, tables, port=port, before=before) as service:
            disk = service.sees(folder)
            room, beside = (Room(number, hand, ears) for number in ("8600095", "8600096"))
            ear, other = await room.party(), await beside.party()
            await service.knows(ear.id, other.id)
            bird = service.integrator(ear.id)
            plays = url(there, "/plays.wav", audio.wav(clips.sweep(5)[:, None], RATE))
            _, said = await bird.play_media(plays)
            await ear.until(lambda: any(map(hearing.audible, ear.frames)))
            there_before = files_of(disk)

            await refused_for_want_of_room(service, there, disk, other)
            assert files_of(disk) == there_before
            assert not any(map(hearing.audible, other.frames))
            assert (await bird.status())["state"] == "playing"
            ended = await bird.ended(said["id"], within=10)
            assert (ended["endReason"], ended["detail"]) == ("finished", "")
            await ear.listen(0.1)
            assert max(hearing.quiet_runs(ear.frames), default=0) <= hearing.LOST_FRAME
            assert abs(seconds_of(ear) - 5.0) <= 0.05

            (disk / "filler").unlink()
            await is_played_again(service, there, other)
            for one in (room, beside):
                await one.close()


BODY = 32 * 1024
"""So much room is enough for the file, and not for the clip in it."""


async def refused_for_want_of_room(service: Served, there: Origin, disk: Path, ear: Ear) -> None:
    bird = service.integrator(ear.id)
    for name, but in (("/at-once.mp3", 0), ("/half-way.mp3", BODY)):
        file = audio.encoded(audio.tone(3.0), "mp3", "libmp3lame", b="48000")
        assert len(file) < BODY < 3 * BYTES_PER_SECOND
        fill(disk, but=but)
        status, said = await bird.play_media(url(there, name, file), query="wait=started")
        why = "disk full: No space left on device"
        assert (status, said.get("details")) == (422, {"$.media[0]": [why]}), said
        ended = await bird.status()
        assert (ended["endReason"], ended["detail"]) == ("failed", f"item 1: {why}")
        status, said = await service.put_sound("offer", file)
        assert (status, said["code"]) == (503, "store_unavailable")
        assert said["message"] == "there is no room for another clip"


async def is_played_again(service: Served, there: Origin, ear: Ear) -> None:
    """For a moment the failure is remembered."""
    bird = service.integrator(ear.id)
    again = f"http://127.0.0.1:{there.port}/half-way.mp3"
    async with asyncio.timeout(10):
        while True:
            status, said = await bird.play_media(again, query="wait=started")
            if status == 202:
                break
            await asyncio.sleep(0.1)
    assert (await bird.ended(said["id"], within=10))["endReason"] == "finished"
    await ear.listen(0.1)
    assert abs(seconds_of(ear) - 3.0) <= 0.1
    status, said = await service.put_sound("offer", tone_of(0.5))
    assert (status, said["lengthMilliseconds"]) == (201, 500)
