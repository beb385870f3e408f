"""What may be there at once, beside connections: refused beyond, in words, and counted."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fake_ami import FakeAmi, linked
from fakes.audio import encoded, tone
from fakes.directory import FakeDirectory
from fakes.door import until
from fakes.events import born, event, joins
from fakes.ledger import FakeLedger
from fakes.service import KEY, Service, serving
from fakes.telephony import FakeTelephony
from stateful.fake_world import fake_world
from stateful.stage import play, queued

from callcue.app import REFUSALS
from callcue.asterisk import connection as ami
from callcue.asterisk import directory
from callcue.asterisk.directory import Directory
from callcue.asterisk.errors import NotConnected
from callcue.asterisk.snapshot import Snapshot
from callcue.core.commands import Pause, Resume
from callcue.core.controller import Controller
from callcue.core.errors import AudioStoreBusy, QueueFull, TooManyCommands, TooManySessions
from callcue.core.limits import Limits
from callcue.core.refusals import Bound, Refusals
from callcue.core.types import Conference
from callcue.media import audio_store
from callcue.media.audio_store import ShelvedSounds
from callcue.media.decoder import Decoder
from callcue.media.shelf import Shelf

OFFER = encoded(tone(0.2), "flac", "flac")


def test_given_nothing_refused_then_every_bound_has_its_name_and_a_nought() -> None:
    refusals = Refusals()
    assert refusals.counts() == {bound.value: 0 for bound in Bound}
    refusals.count(Bound.QUEUE)
    refusals.count(Bound.QUEUE)
    assert refusals.counts()["queue"] == 2


# ---- sessions, commands, playbacks -------------------------------------------------------------


class House:
    """A controller with room for two sessions, and for two commands and a playback in each."""

    def __init__(self) -> None:
        self.refusals = Refusals()
        self.directory = FakeDirectory()
        self.server = FakeTelephony(directory=self.directory)
        self.controller = Controller(
            servers=[self.server],
            ledger=FakeLedger(),
            limits=Limits(sessions=2, commands=2, queue=1),
            refusals=self.refusals,
        )
        self.server.report_to(self.controller)

    def room(self, number: str) -> Conference:
        self.directory.enter(number, f"PJSIP/{number}")
        return Conference("main", number)


async def test_given_as_many_sessions_as_may_be_then_one_more_is_refused_until_one_is_idle() -> (
    None
):
    house = House()
    one, two, three = (house.room(number) for number in ("100001", "100002", "100003"))
    first = await house.controller.perform(one, play("hello_1"))
    await house.controller.perform(two, play("hello_1"))
    await first.audible()
    with pytest.raises(TooManySessions):
        await house.controller.perform(three, play("hello_1"))
    assert house.refusals.counts()["sessions"] == 1
    house.server.player.finish(first)
    await first.gone()
    session = house.controller.session(one)
    await until(lambda: session is not None and session.dormant)
    await house.controller.perform(three, play("hello_1"))
    assert house.controller.session(one) is None  # nothing happened there any more


async def test_given_too_many_commands_or_playbacks_in_one_call_then_refused_and_counted() -> None:
    house = House()
    room = house.room("100001")
    await house.controller.perform(room, play("hello_1"))
    await house.controller.perform(room, queued("hello_1"))
    with pytest.raises(QueueFull):
        await house.controller.perform(room, queued("hello_1"))
    commands = [house.controller.perform(room, one) for one in (Pause(), Resume()) * 5]
    done = await asyncio.gather(*commands, return_exceptions=True)
    refused = [one for one in done if isinstance(one, TooManyCommands)]
    assert 0 < len(refused) < len(commands)
    counts = house.refusals.counts()
    assert (counts["queue"], counts["commands"]) == (1, len(refused))


# ---- the audio store ----------------------------------------------------------------------------


async def _put(service: Service, name: str, body: bytes = OFFER) -> tuple[int, Any]:
    headers = {"Authorization": f"AccessKey {KEY}"}
    async with service.client.put(f"/sounds/{name}", data=body, headers=headers) as answer:
        return answer.status, await answer.json()


def _counts(service: Service) -> dict[str, int]:
    app = service.client.app
    assert app is not None
    counts: dict[str, int] = app[REFUSALS].counts()
    return counts


async def test_given_as_many_names_as_may_be_then_no_new_one_but_an_old_one_may_change(
    tmp_path: Path,
) -> None:
    async with serving(media={"folder": str(tmp_path), "sounds": 2}) as service:
        assert (await _put(service, "one"))[0] == (await _put(service, "two"))[0] == 201
        status, refused = await _put(service, "three")
        assert (status, refused["code"]) == (503, "store_unavailable")
        assert _counts(service)["sounds"] == 1
        louder = encoded(tone(0.2, at=0.9), "flac", "flac")
        assert (await _put(service, "two", louder))[0] == 200
        assert {path.suffix for path in (tmp_path / "sounds").iterdir()} == {".json", ".sln"}


async def test_given_the_bytes_that_may_be_then_also_what_nobody_means_any_more_counts(
    tmp_path: Path,
) -> None:
    media = {"folder": str(tmp_path), "sounds_bytes": 10_000}
    async with serving(media=media) as service:
        found = []
        for loudness in (0.1, 0.2, 0.3, 0.4, 0.5):
            body = encoded(tone(0.2, at=loudness), "flac", "flac")
            found.append((await _put(service, "offer", body))[0])
        assert found[:2] == [201, 200]
        assert found[-1] == 503
        kept = sum(path.stat().st_size for path in (tmp_path / "sounds").iterdir())
        assert kept <= 10_000


async def test_given_as_many_uploads_as_may_be_then_one_more_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_store, "AT_ONCE", 1)
    refusals, whole = Refusals(), asyncio.Event()
    sounds = ShelvedSounds(Shelf(tmp_path), Decoder(), 1_000_000, refusals)

    async def slow() -> AsyncIterator[bytes]:
        yield OFFER[:10]
        await whole.wait()
        yield OFFER[10:]

    async def quick() -> AsyncIterator[bytes]:
        yield OFFER

    coming = asyncio.create_task(sounds.add("one", slow()))
    await asyncio.sleep(0)  # it has begun
    with pytest.raises(AudioStoreBusy):
        await sounds.add("two", quick())
    assert refusals.counts()["uploads"] == 1
    whole.set()
    await coming
    await sounds.add("two", quick())


# ---- what Asterisk says -------------------------------------------------------------------------


def test_given_a_snapshot_that_takes_long_then_only_what_says_something_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(directory, "KEPT_LIMIT", 3)
    here = Directory("main")
    here.expect_snapshot()
    for number in range(100):
        here.on_event(event("VarSet", Uniqueid="1.1", Variable="other", Value=str(number)))
        here.on_event(event("UserEvent", UserEvent="Other"))
    here.on_event(joins("1.1", "8600051"))
    assert here.may_apply
    here.apply(Snapshot([], {}, []))
    assert len(here.calls()) == 1
    here.expect_snapshot()
    for number in range(4):
        here.on_event(born(f"2.{number}"))
    overflowed = not here.may_apply
    here.expect_snapshot()
    assert overflowed
    assert here.may_apply


async def test_given_more_events_than_can_be_kept_then_it_is_read_anew_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with fake_world() as world:
        monkeypatch.setattr(directory, "KEPT_LIMIT", 3)
        held = world.pbx.hold("CoreSettings")
        world.pbx.drop_link()
        await world.pbx.ami.wait_for("CoreSettings", 2)
        for number in range(10):
            world.pbx.alone(f"PJSIP/many-{number}")
        await world.until(lambda: not world.server.directory.may_apply)
        held.set()
        await world.until(lambda: world.server._refusals.counts()["events"] == 1)
        await world.until_ready()
        assert len(world.server.directory.calls()) == 12


async def test_given_as_many_actions_in_flight_as_may_be_then_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ami, "IN_FLIGHT_LIMIT", 1)
    async with FakeAmi() as fake, linked(fake) as owner:
        fake.ignore("Redirect")
        waiting = asyncio.create_task(owner.link.send("Redirect", deadline=60))
        await fake.wait_for("Redirect")
        with pytest.raises(NotConnected, match="too many actions"):
            await owner.link.send("Redirect", deadline=0.05)
        connection = owner.link._connection
        assert connection is not None
        assert connection._refusals.counts()["actions"] == 1
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
