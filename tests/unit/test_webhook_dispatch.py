"""What is sent when, to a receiver that is a function: windows, back-off, deaths and replays."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fakes.deliveries import wait_for
from fakes.service import OTHER_WORKSPACE, WORKSPACE
from fakes.waiting import until
from fakes.webhooks import SECRET, Clock, Rig, rigged

from callcue.core.types import PlaybackId
from callcue.events import dispatch, lane, slots
from callcue.events.event import Event, EventsOutOfReach
from callcue.events.lane import WINDOW, Page
from callcue.events.pace import AT_ONCE
from callcue.events.retries import LONGEST_DELAY
from callcue.events.sending import Outcome
from callcue.events.slots import OF_A_WORKSPACE
from callcue.events.webhook import Delivery, Webhook
from callcue.store.database import StoreOutOfReach
from callcue.store.deliveries import CROWDED_OUT, DeliveryLimits, DeliveryRecord
from callcue.store.known_webhooks import KnownWebhooks

DAY = 86_400.0
EVENT = Event(1, WORKSPACE, PlaybackId(uuid4()), {"type": "started", "callIds": []})
NO_CONNECTION: Any = None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture(autouse=True)
def _clocks_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    # They are set by hand, so they have to be looked at all the time.
    monkeypatch.setattr(lane, "LOOKED_AGAIN_SECONDS", 0.005)
    monkeypatch.setattr(dispatch, "END_SECONDS", 0.05)
    monkeypatch.setattr(slots, "APART_SECONDS", 0.0)


class Post:
    """Takes all, or fails as *failure* says of each."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.failure: Callable[[Delivery], str] = lambda _: ""
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, _webhook: Webhook, delivery: Delivery) -> Outcome:
        self.sent.append(delivery.event.id)
        await self.hold.wait()
        return Outcome(self.failure(delivery))

    async def until_sent(self, number: int) -> None:
        async def so_many() -> bool:
            return len(self.sent) >= number

        await until(so_many)


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Somebody else writes, and does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def is_down(_: Delivery) -> str:
    return "answers 500"


async def test_given_ten_thousand_that_wait_then_a_window_of_them_is_in_memory_and_all_come(
    file: Path,
) -> None:
    post = Post()
    post.hold.clear()
    async with rigged(file, post) as rig:
        await rig.add()
        calls = [str(number) for number in range(50)]
        playbacks = [uuid4() for _ in calls]
        for number in range(10_000):
            call = number % len(calls)
            rig.happens(calls[call], playback=playbacks[call])
            if number % 1000 == 999:
                await rig.record_all()
        assert rig.record.waiting == 10_000
        await post.until_sent(8)
        assert len(post.sent) == AT_ONCE
        assert WINDOW // 2 < rig.dispatcher.held <= WINDOW
        most, held = 0, rig.dispatcher

        async def all_are_sent() -> bool:
            nonlocal most
            most = max(most, held.held)
            await rig.record.write()
            return len(post.sent) >= 10_000 and rig.record.waiting == 0

        post.hold.set()
        await until(all_are_sent, 60)
        assert most <= WINDOW
        for call in range(len(calls)):
            mine = [number for number in post.sent if number % len(calls) == (call + 1) % 50]
            assert mine == sorted(mine)
        assert sorted(post.sent) == list(range(1, 10_001))
        assert rig.dispatcher.held == 0
        assert await rig.rows() == []


async def test_given_one_call_whose_events_are_not_taken_then_those_behind_all_its_own_are(
    file: Path,
) -> None:
    post = Post()
    post.failure = lambda delivery: "answers 500" if delivery.event.id == 1 else ""
    async with rigged(file, post) as rig:
        await rig.add()
        for _ in range(2 * WINDOW + 10):
            rig.happens("a")
        await rig.record_all()
        await rig.until_tried(1)
        others = [await rig.tell(str(number)) for number in range(20)]
        await post.until_sent(21)
        assert sorted(post.sent) == [1, *others]
        assert rig.dispatcher.held == 2 * WINDOW + 10


async def test_given_much_is_in_memory_then_a_window_does_not_grow_beyond_its_usual_size(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MOST_HELD", 0)
    post = Post()
    post.failure = is_down
    async with rigged(file, post) as rig:
        await rig.add()
        for _ in range(2 * WINDOW):
            rig.happens("a")
        await rig.record_all()
        await rig.until_tried(1)
        (its_lane,) = rig.dispatcher._lanes.values()

        async def has_read_enough() -> bool:
            return len(its_lane) >= WINDOW and not its_lane._is_to_be_read()

        await rig.tell("b")
        await until(has_read_enough)
        assert len(its_lane) < WINDOW + lane.PAGE
        assert post.sent == [1]


async def test_given_one_that_is_down_then_it_costs_a_request_a_minute_and_opens_at_once(
    file: Path,
) -> None:
    clock, post = Clock(), Post()
    post.failure = is_down
    async with rigged(file, post, clock) as rig:
        await rig.add()
        for number in range(400):
            rig.happens(str(number))
        await rig.record_all()
        await post.until_sent(AT_ONCE)
        for minute in range(1, 31):
            await rig.record.write()
            clock.now += 60
            await post.until_sent(AT_ONCE + minute)
        assert len(post.sent) == AT_ONCE + 30
        assert rig.dispatcher.held == 400
        post.failure = lambda _: ""
        clock.now += 60
        await rig.until_on_record(0)
        assert rig.record.results["taken"] == 400


async def has_failed_long_ago(rig: Rig, webhook: Webhook, event: int) -> None:
    """Put one in whose receiver was down, and that is due in an hour."""
    body = {"type": "started", "callIds": []}
    fate = {"attempts": 9, "due": rig.clock() + 3600, "tried": rig.clock() - 9, "failure": "down"}
    await wait_for(rig.database, webhook.id, event, body=json.dumps(body), **fate)


async def test_given_it_was_down_before_a_restart_then_the_first_that_is_taken_frees_the_others(
    file: Path,
) -> None:
    clock, post = Clock(), Post()
    async with rigged(file, post, clock) as rig:
        for number in range(10):
            rig.happens(str(number))
        events = await rig.record_all()
        webhook = await rig.add()
        for event in events:
            await has_failed_long_ago(rig, webhook, event)
    async with rigged(file, post, clock) as rig:
        await rig.tell("a")
        await rig.until_on_record(0)


async def test_given_a_receiver_is_well_when_all_is_read_anew_then_what_it_failed_at_before_goes(
    file: Path,
) -> None:
    post = Post()
    async with rigged(file, post) as rig:
        webhook = await rig.add()
        await rig.tell("a")
        await rig.until_on_record(0)
        await has_failed_long_ago(rig, webhook, 2)
        rig.dispatcher.serve([replace(webhook, revision=2)])
        await rig.until_on_record(0)


async def test_given_a_webhook_is_changed_then_what_waits_for_the_others_is_not_read_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = DeliveryRecord.oldest, list[UUID]()

    async def oldest(record: DeliveryRecord, webhook: Webhook, after: int, limit: int) -> Page:
        read.append(webhook.id)
        return await real(record, webhook, after, limit)

    monkeypatch.setattr(DeliveryRecord, "oldest", oldest)
    async with rigged(file, Post()) as rig:
        one, other = await rig.add(), await rig.add()

        async def both_and_one_again() -> bool:
            return sorted(read, key=str) == sorted([one.id, one.id, other.id], key=str)

        await until(lambda: asyncio.sleep(0, len(read) == 2))
        await rig.book.rotate(one.id, SECRET.secret, 0)
        await rig.look()
        await until(both_and_one_again)


async def test_given_it_fails_for_a_day_then_it_is_dead_and_the_next_of_its_call_goes(
    file: Path,
) -> None:
    clock, post = Clock(), Post()
    async with rigged(file, post, clock) as rig:
        webhook = await rig.add()
        post.failure = lambda delivery: "answers 500" if delivery.event.id == 1 else ""
        assert await rig.tell("a") == 1
        await rig.until_tried(1)
        clock.now += DAY - 10
        await rig.until_tried(2)
        second = await rig.tell("a")
        clock.now += 10  # not an hour, as the delay would have been
        await post.until_sent(4)
        assert post.sent == [1, 1, 1, second]
        await rig.until_on_record(1)
        (row,) = await rig.rows()
        assert (row.dead, row.attempts, row.failure) == (clock(), 3, "answers 500")
        assert rig.record.results == {"taken": 1, "failed": 2, "dead": 1}
        assert rig.record.waiting == 0

        post.failure = lambda _: ""
        clock.now += 60
        await rig.replay(webhook)
        await rig.until_on_record(0)
        assert post.sent[-1] == 1


async def test_given_a_clock_that_is_set_back_then_a_receiver_that_is_well_hears_nothing_of_it(
    file: Path,
) -> None:
    clock, post = Clock(), Post()
    post.failure = is_down
    async with rigged(file, post, clock) as rig:
        await rig.add()
        await rig.tell("a")
        await rig.until_tried(1)
        clock.set_back(DAY)
        post.failure = lambda _: ""
        await rig.tell("b")
        await post.until_sent(2)
        clock.now += 2  # as long as the first would have waited anyway
        await rig.until_on_record(0)


async def test_given_a_clock_set_back_before_a_restart_then_nothing_waits_for_longer_than_ever(
    file: Path,
) -> None:
    clock, post = Clock(), Post()
    post.failure = is_down
    async with rigged(file, post, clock) as rig:
        await rig.add()
        await rig.tell("a")
        await rig.until_tried(1)
    clock.set_back(DAY)
    post.failure = lambda _: ""
    async with rigged(file, post, clock) as rig:

        async def is_read() -> bool:
            return rig.dispatcher.held == 1

        await until(is_read)
        clock.now += LONGEST_DELAY
        await rig.until_on_record(0)
        assert post.sent == [1, 1]


async def test_given_a_receiver_is_down_for_a_day_then_all_that_are_old_die_without_a_try_each(
    file: Path,
) -> None:
    clock, post = Clock(), Post()
    post.failure = is_down
    async with rigged(file, post, clock) as rig:
        await rig.add()
        for number in range(40):
            rig.happens(str(number))
        await rig.record_all()
        await post.until_sent(5)
        clock.now += DAY
        late = await rig.tell("late")
        await rig.record.write()

        async def are_dead() -> bool:
            return sum(row.dead is not None for row in await rig.rows()) == 40

        await until(are_dead)
        assert len(post.sent) < 20
        alive = [row.event for row in await rig.rows() if row.dead is None]
        assert alive == [late]
        dead = {row.failure for row in await rig.rows() if row.dead is not None}
        assert dead == {"answers 500"}


@pytest.mark.parametrize("page", [1, lane.PAGE])
async def test_given_a_replay_while_others_wait_then_it_takes_its_place_by_its_id(
    file: Path, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "PAGE", page)
    clock, post = Clock(), Post()
    post.failure = is_down
    async with rigged(file, post, clock) as rig:
        webhook = await rig.add()
        first = await rig.tell("a")
        await rig.until_tried(1)
        clock.now += DAY

        async def is_dead() -> bool:
            return (await rig.rows())[0].dead is not None

        await until(is_dead)
        second, third = await rig.tell("a"), await rig.tell("a")
        await post.until_sent(3)
        assert post.sent == [first, first, second]
        await rig.replay(webhook)
        post.failure = lambda _: ""
        clock.now += 2
        await rig.until_on_record(0)
        assert post.sent[3:] in ([first, second, third], [second, first, second, third])


@pytest.mark.parametrize("page", [1, lane.PAGE])
async def test_given_all_is_read_anew_while_some_are_on_their_way_then_none_goes_twice(
    file: Path, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "PAGE", page)
    post = Post()
    post.hold.clear()
    async with rigged(file, post) as rig:
        webhook = await rig.add()
        for number in range(12):
            rig.happens(str(number % 4))
        await rig.record_all()
        await post.until_sent(4)
        for revision in range(2, 5):
            rig.dispatcher.serve([replace(webhook, revision=revision)])
            await rig.tell("more")
        post.hold.set()
        await rig.until_on_record(0)
        assert sorted(post.sent) == list(range(1, 16))


async def test_given_dead_ones_then_they_are_kept_for_a_week(file: Path) -> None:
    clock, post = Clock(), Post()
    post.failure = is_down
    async with rigged(file, post, clock) as rig:
        await rig.add()
        await rig.tell("a")
        await rig.until_tried(1)
        clock.now += DAY
        await rig.until_tried(2)
        clock.now += 7 * DAY - 1
        await rig.record.tidy()
        assert len(await rig.rows()) == 1
        clock.now += 100
        await rig.record.tidy()
        assert len(await rig.rows()) == 0


async def test_given_more_than_may_wait_then_the_oldest_die_and_it_is_counted(file: Path) -> None:
    post = Post()
    post.failure = is_down
    async with rigged(file, post, limits=DeliveryLimits(most=100)) as rig:
        await rig.add()
        for _ in range(130):
            rig.happens("a")
        await rig.record_all()
        await rig.until_tried(1)
        await rig.record.tidy()
        rows = await rig.rows()
        assert [row.failure for row in rows if row.dead is not None] == [CROWDED_OUT] * 30
        assert (rig.record.results["dead"], rig.record.waiting) == (30, 100)
        await rig.look()
        post.failure = lambda _: ""
        await rig.until_on_record(30)
        assert post.sent[1:] == list(range(31, 131))


async def test_given_one_on_its_way_is_crowded_out_when_it_fails_then_it_stays_dead(
    file: Path,
) -> None:
    post = Post()
    post.failure = lambda delivery: "answers 500" if delivery.event.id == 1 else ""
    async with rigged(file, post, limits=DeliveryLimits(most=3)) as rig:
        await rig.add()
        post.hold.clear()
        for _ in range(4):
            await rig.tell("a")
        await post.until_sent(1)
        await rig.record.tidy()
        await rig.look()
        post.hold.set()
        await rig.until_on_record(1)
        (row,) = await rig.rows()
        assert (row.event, row.failure) == (1, CROWDED_OUT)
        assert row.dead is not None
        assert sorted(post.sent) == [1, 2, 3, 4]


async def test_given_more_dead_ones_than_are_kept_then_the_oldest_are_forgotten(
    file: Path,
) -> None:
    post = Post()
    post.failure = is_down
    async with rigged(file, post, limits=DeliveryLimits(most=100)) as rig:
        await rig.add()
        for _ in range(250):
            rig.happens("a")
        await rig.record_all()
        await rig.until_tried(1)
        await rig.record.tidy()
        rows = await rig.rows()
        assert [row.event for row in rows if row.dead is not None] == list(range(51, 151))
        assert rig.record.waiting == 100


async def test_given_types_and_workspaces_then_each_webhook_gets_its_own(file: Path) -> None:
    got: dict[str, list[str]] = {}

    async def post(webhook: Webhook, delivery: Delivery) -> Outcome:
        got.setdefault(webhook.url, []).append(delivery.event.type)
        return Outcome()

    async with rigged(file, post) as rig:
        await rig.add("http://all/")
        await rig.add("http://ends/", types=["finished", "failed"])
        await rig.add("http://others/", workspace=OTHER_WORKSPACE)
        for kind in ("started", "paused", "finished"):
            await rig.tell("a", kind=kind)
        await rig.until_on_record(0)
        assert got == {
            "http://all/": ["started", "paused", "finished"],
            "http://ends/": ["finished"],
        }


async def test_given_a_workspace_whose_receivers_are_slow_then_another_one_is_sent_its_own(
    file: Path,
) -> None:
    sent: list[UUID] = []

    async def post(webhook: Webhook, _: Delivery) -> Outcome:
        sent.append(webhook.workspace)
        if webhook.workspace == WORKSPACE:
            await asyncio.Event().wait()
        return Outcome()

    async with rigged(file, post) as rig:
        for _ in range(10):
            await rig.add()
        await rig.add(workspace=OTHER_WORKSPACE)
        for number in range(20):
            rig.happens(str(number))
        await rig.record_all()

        async def has_its_share() -> bool:
            return len(sent) == OF_A_WORKSPACE

        await until(has_its_share)
        for number in range(40):
            rig.happens(str(number), workspace=OTHER_WORKSPACE)
        await rig.record_all()
        await rig.until_on_record(200)
        assert sent.count(WORKSPACE) == OF_A_WORKSPACE


async def test_given_a_webhook_is_deleted_then_nothing_of_it_is_left(file: Path) -> None:
    clock, post = Clock(), Post()
    post.failure = is_down
    async with rigged(file, post, clock) as rig:
        webhook = await rig.add()
        await rig.tell("a")
        await rig.until_tried(1)
        rig.happens("a")
        await rig.remove(webhook)
        await rig.record_all()
        assert (rig.dispatcher.held, len(await rig.rows())) == (0, 0)
        clock.now += DAY
        await rig.tell("a")
        assert len(post.sent) == 1


async def test_given_an_event_of_a_webhook_that_was_just_deleted_then_it_is_swept(
    file: Path,
) -> None:
    post = Post()
    post.hold.clear()
    async with rigged(file, post) as rig, rigged(file, Post()) as other:
        webhook = await rig.add()
        await other.remove(webhook)
        await rig.tell("a")  # it has not seen that yet
        assert len(await rig.rows()) == 1
        await rig.record.tidy()
        assert len(await rig.rows()) == 0


async def test_given_nothing_to_tidy_then_it_waits_for_nobody_who_writes(file: Path) -> None:
    post = Post()
    post.failure = is_down
    async with rigged(file, post) as rig:
        await rig.add()
        await rig.tell("a")
        await rig.until_tried(1)
        async with locked(file):
            await rig.record.tidy()


async def test_given_nobody_who_sends_then_nothing_is_kept_to_be_sent(file: Path) -> None:
    async with rigged(file, Post()) as rig:
        await rig.add()
        without = KnownWebhooks(rig.database)
        assert await without.look() is False
        assert without.of(WORKSPACE) == ()
        assert (
            await DeliveryRecord(rig.database, without).write_into(NO_CONNECTION, [EVENT], [""])
            == []
        )


async def test_given_a_store_out_of_reach_then_it_goes_on_when_that_is_back(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, post = 0, Post()

    async def away(_record: DeliveryRecord, *_: object) -> Page:
        nonlocal asked
        asked += 1
        raise EventsOutOfReach("away")

    async def was_asked() -> bool:
        return asked > 3

    async with rigged(file, post) as rig:
        with monkeypatch.context() as patch:
            patch.setattr(DeliveryRecord, "oldest", away)
            await rig.add()
            await rig.tell("a")
            await until(was_asked)
            assert post.sent == []
        await rig.until_on_record(0)
        assert post.sent == [1]


async def test_given_a_fault_of_ours_in_the_record_then_the_lane_goes_on(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post()
    real, failed = DeliveryRecord.oldest, asyncio.Event()

    async def fails_once(record: DeliveryRecord, webhook: Webhook, after: int, limit: int) -> Page:
        if not failed.is_set():
            failed.set()
            raise RuntimeError
        return await real(record, webhook, after, limit)

    monkeypatch.setattr(DeliveryRecord, "oldest", fails_once)
    async with rigged(file, post) as rig:
        await rig.add()
        await failed.wait()
        await rig.tell("a")
        await rig.until_on_record(0)
    assert "nothing can be sent now" in caplog.text


async def test_given_results_cannot_be_written_then_they_are_kept_and_nothing_is_sent_twice(
    file: Path,
) -> None:
    post = Post()
    async with rigged(file, post) as rig:
        webhook = await rig.add()
        await rig.tell("a")

        async def is_taken() -> bool:
            return rig.record.results["taken"] == 1

        await until(is_taken)
        async with locked(file):
            with pytest.raises(StoreOutOfReach):
                await rig.record.write()
        # All is read anew, and the row is still there.
        rig.dispatcher.serve([replace(webhook, revision=2)])
        await rig.tell("a")
        await rig.until_on_record(0)
        assert post.sent == [1, 2]


async def test_given_a_fault_of_ours_then_the_delivery_is_tried_again(file: Path) -> None:
    clock = Clock()
    sent = []

    async def post(_webhook: Webhook, delivery: Delivery) -> Outcome:
        sent.append(delivery.event.id)
        if len(sent) == 1:
            raise RuntimeError("s3cret")
        return Outcome()

    async with rigged(file, post, clock) as rig:
        await rig.add()
        await rig.tell("a")
        await rig.until_tried(1)
        assert "fault of callcue" in (await rig.rows())[0].failure
        clock.now += 2
        await rig.until_on_record(0)
        assert sent == [1, 1]
