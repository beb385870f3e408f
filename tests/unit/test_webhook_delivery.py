"""Whatever a receiver does, each event comes to it at least once, signed, in order per call."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web
from fakes.receiver import NAME, Receiver, answer, hang_up, held, receiving
from fakes.waiting import until
from fakes.webhooks import KEY, SECRET, Clock, Rig, rigged

from callcue.events import dispatch, lane
from callcue.events.sending import Sender
from callcue.events.signing import verify
from callcue.events.webhook import SigningSecret
from callcue.outward.addresses import Addresses, Allowed


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as there:
        yield there


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture(autouse=True)
def _clocks_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    # They are set by hand, so they have to be looked at all the time.
    monkeypatch.setattr(lane, "LOOKED_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(dispatch, "END_SECONDS", 0.05)


def sender(receiver: Receiver, clock: Clock, seconds: float = 20.0) -> Sender:
    addresses = Addresses(receiver.resolve, Allowed(frozenset({receiver.host})))
    return Sender(addresses, timeout_seconds=seconds, clock=clock)


def running(
    file: Path, receiver: Receiver, clock: Clock | None = None, seconds: float = 20.0
) -> AbstractAsyncContextManager[Rig]:
    clock = clock or Clock()
    return rigged(file, sender(receiver, clock, seconds).send, clock)


async def came(receiver: Receiver, number: int) -> None:
    async def so_many() -> bool:
        return len(receiver.seen) >= number

    await until(so_many)


async def test_given_an_event_then_it_comes_signed_and_as_a_stream_tells_it(
    receiver: Receiver, file: Path
) -> None:
    async with running(file, receiver) as rig:
        webhook = await rig.add(receiver.url())
        number = await rig.tell("a", "b")
        await rig.until_on_record(0)
        (got,) = receiver.seen
        assert got.path == "/in?token=s3cret"
        assert got.data == {"id": str(number), **got.data, "type": "started", "callIds": ["a", "b"]}
        assert got.body == json.dumps(got.data, separators=(",", ":")).encode()
        assert got.signatures() == [got.signature_of(KEY)]
        assert verify(SECRET.secret, got.headers, got.body, clock=rig.clock) == str(number)
        assert got.headers == {
            "host": receiver.host,
            "accept": "*/*",
            "accept-encoding": "identity",
            "user-agent": "callcue",
            "content-type": "application/json",
            "content-length": str(len(got.body)),
            "webhook-id": str(number),
            "webhook-timestamp": str(int(rig.clock())),
            "webhook-signature": got.signature_of(KEY),
            "connection": "close",
        }
        assert rig.record.results == {"taken": 1, "failed": 0, "dead": 0}
        assert "s3cret" not in repr(webhook.secrets)


async def test_given_one_that_fails_and_comes_back_then_all_come_in_order_with_the_same_ids(
    receiver: Receiver, file: Path
) -> None:
    receiver.script = answer(500)
    async with running(file, receiver) as rig:
        await rig.add(receiver.url())
        first, second = await rig.tell("a"), await rig.tell("a")
        await rig.until_tried(1)
        other = await rig.tell("b")  # another call's does not wait
        await came(receiver, 2)
        assert receiver.ids == [first, other]
        receiver.script = answer(200)
        rig.clock.now += 2
        await rig.until_on_record(0)
        assert [number for number in receiver.ids if number != other] == [first, first, second]
        again = [got for got in receiver.seen if got.id == first]
        assert again[0].body == again[1].body
        stamps = [int(got.headers["webhook-timestamp"]) for got in again]
        assert stamps[1] - stamps[0] == 2
        assert all(got.signatures() == [got.signature_of(KEY)] for got in receiver.seen)


FAULTS = [
    (answer(500), "answers 500"),
    (answer(404), "answers 404"),
    (answer(302, Location="http://169.254.169.254/"), "redirects (302), which is not followed"),
    (answer(307, Location="/in"), "redirects (307), which is not followed"),
    (hang_up, "cannot be reached, or hangs up"),
    (held(asyncio.Event()), "does not answer within 1 s"),
]


@pytest.mark.parametrize(("script", "failure"), FAULTS, ids=[failure for _, failure in FAULTS])
async def test_given_a_fault_then_it_is_on_record_in_words_and_tried_again(
    receiver: Receiver,
    file: Path,
    script: object,
    failure: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "callcue")
    receiver.script = script  # type: ignore[assignment]
    hangs = failure.startswith("does not answer")
    async with running(file, receiver, seconds=1.0 if hangs else 20.0) as rig:
        await rig.add(receiver.url())
        number = await rig.tell("a")
        await rig.until_tried(1)
        (row,) = await rig.rows()
        assert (row.failure, row.tried, row.dead) == (failure, rig.clock(), None)
        assert 0.8 <= row.due - rig.clock() <= 1.2
        assert len(receiver.seen) == 1
        receiver.script = answer(202)
        rig.clock.now += 2
        await rig.until_on_record(0)
        assert receiver.ids == [number, number]
        assert receiver.seen[-1].path == "/in?token=s3cret"
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("https://inside.test/x?s3cret", "refused address: inside.test is not public"),
        ("https://127.0.0.1/x?s3cret", "refused address: 127.0.0.1 is not public"),
        ("http://public.test/?s3cret", "refused address: public.test is to be reached by https:"),
        (f"https://{NAME}:22/", f"refused address: port 22 of {NAME}"),
        ("https://nowhere.test/", "unreachable: nowhere.test has no address"),
        ("gopher://x/", "invalid url: it is neither http: nor https:"),
    ],
)
async def test_given_a_url_that_may_not_be_then_nothing_is_connected_to(
    receiver: Receiver, file: Path, url: str, failure: str
) -> None:
    async with running(file, receiver) as rig:
        await rig.add(url)
        await rig.tell("a")
        await rig.until_tried(1)
        (row,) = await rig.rows()
        assert row.failure == failure
    assert receiver.seen == []


async def test_given_a_name_that_leads_elsewhere_by_now_then_each_attempt_is_judged(
    receiver: Receiver, file: Path
) -> None:
    leads_to = ["192.0.2.1", "127.0.0.1"]  # neither is the Internet's, and one is the operator's
    clock = Clock()

    async def resolve(_host: str, _port: int) -> list[str]:
        return [leads_to.pop()]

    allowed = Allowed(networks=(ip_network("127.0.0.0/8"),))
    one = Sender(Addresses(resolve, allowed), timeout_seconds=20, clock=clock)
    async with rigged(file, one.send, clock) as rig:
        await rig.add("https://moving.test/")
        await rig.tell("a")
        await rig.until_tried(1)
        assert (await rig.rows())[0].failure == "cannot be reached, or hangs up"
        clock.now += 2
        await rig.until_tried(2)
        assert (await rig.rows())[0].failure == "refused address: moving.test is not public"
    assert (leads_to, receiver.seen) == ([], [])


async def test_given_a_network_that_is_allowed_then_http_will_do_to_an_address_of_it() -> None:
    async def nobody(_host: str, _port: int) -> list[str]:
        raise OSError

    allowed = Allowed(networks=(ip_network("10.1.0.0/16"),))
    one = Sender(Addresses(nobody, allowed))
    assert one.target("http://10.1.2.3/in").host == "10.1.2.3"
    with pytest.raises(Exception, match="https:"):
        one.target("http://10.2.2.3/in")


async def test_given_one_that_answers_late_then_its_call_waits_and_the_others_do_not(
    receiver: Receiver, file: Path
) -> None:
    go = asyncio.Event()
    receiver.script = held(go)
    async with running(file, receiver) as rig:
        await rig.add(receiver.url())
        first, second = await rig.tell("a", "b"), await rig.tell("b", "c")
        third, fourth = await rig.tell("c"), await rig.tell("d")
        await came(receiver, 2)
        assert sorted(receiver.ids) == [first, fourth]
        go.set()
        await rig.until_on_record(0)
        assert [n for n in receiver.ids if n != fourth] == [first, second, third]


async def test_given_many_calls_then_no_more_than_some_requests_at_a_time(
    receiver: Receiver, file: Path
) -> None:
    go = asyncio.Event()
    receiver.script = held(go)
    async with running(file, receiver) as rig:
        await rig.add(receiver.url())
        for number in range(30):
            rig.happens(str(number))
        await rig.record_all()

        async def full() -> bool:
            return receiver.now == 8

        await until(full)
        go.set()
        await rig.until_on_record(0)
        assert receiver.most == 8


async def test_given_one_that_goes_for_good_then_it_is_dead_at_once(
    receiver: Receiver, file: Path
) -> None:
    receiver.script = answer(410)
    async with running(file, receiver) as rig:
        await rig.add(receiver.url())
        first, second = await rig.tell("a"), await rig.tell("a")

        async def are_dead() -> bool:
            return [row.dead for row in await rig.rows()] == [rig.clock()] * 2

        await until(are_dead)
        assert receiver.ids == [first, second]
        assert rig.record.results == {"taken": 0, "failed": 0, "dead": 2}


@pytest.mark.parametrize("date", [False, True])
async def test_given_one_that_asks_for_rest_then_it_has_it(
    receiver: Receiver, file: Path, date: bool
) -> None:
    clock = Clock()
    at = "Tue, 14 Nov 2023 22:15:00 GMT"  # 100 s after the clock's beginning
    receiver.script = answer(429, Retry_After=at if date else "100")
    async with running(file, receiver, clock) as rig:
        await rig.add(receiver.url())
        first = await rig.tell("a")
        await rig.until_tried(1)
        (row,) = await rig.rows()
        assert row.due == clock() + 100
        receiver.script = answer(200)
        clock.now += 50
        second = await rig.tell("b")  # it asked for rest from all of us
        clock.now += 60
        await rig.until_on_record(0)
        assert receiver.ids[0] == first
        assert sorted(receiver.ids[1:]) == [first, second]
        stamps = {got.headers["webhook-timestamp"] for got in receiver.seen[1:]}
        assert stamps == {str(int(clock()))}


async def test_given_a_new_secret_then_both_sign_until_the_old_one_ends(
    receiver: Receiver, file: Path
) -> None:
    clock = Clock()
    new_key = b"n" * 24
    new = SigningSecret("whsec_" + base64.b64encode(new_key).decode())
    old = SigningSecret(SECRET.secret, until=clock() + 100)
    async with running(file, receiver, clock) as rig:
        await rig.add(receiver.url(), secrets=(new, old))
        await rig.tell("a")
        await rig.until_on_record(0)
        clock.now += 100
        await rig.tell("a")
        await rig.until_on_record(0)
        first, second = receiver.seen
        assert first.signatures() == [first.signature_of(new_key), first.signature_of(KEY)]
        assert second.signatures() == [second.signature_of(new_key)]


async def test_given_it_is_killed_before_that_is_written_then_the_next_sends_it_again(
    receiver: Receiver, file: Path
) -> None:
    async with running(file, receiver) as rig:
        await rig.add(receiver.url())
        number = await rig.tell("a")

        async def is_taken() -> bool:
            return rig.record.results["taken"] == 1

        await until(is_taken)
    async with running(file, receiver) as rig:
        await rig.until_on_record(0)
        assert receiver.ids == [number, number]
        assert rig.record.waiting == 0


async def test_given_it_is_killed_when_events_are_on_record_then_the_next_sends_them(
    receiver: Receiver, file: Path
) -> None:
    async with running(file, receiver) as rig:
        await rig.add(receiver.url())
        for _ in range(3):
            rig.happens("a")
        numbers = await rig.record_all(tell=False)
    assert receiver.seen == []
    async with running(file, receiver) as rig:
        assert rig.record.waiting == 3
        await rig.until_on_record(0)
        assert receiver.ids == numbers


async def test_given_the_end_then_what_is_on_its_way_comes_through_if_it_is_soon(
    receiver: Receiver, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "END_SECONDS", 5.0)
    go, came_in = asyncio.Event(), asyncio.Event()

    async def script(_: web.Request) -> web.StreamResponse:
        came_in.set()
        await go.wait()
        return web.Response()

    receiver.script = script
    async with running(file, receiver) as rig:
        await rig.add(receiver.url())
        await rig.tell("a")
        await rig.tell("a")
        await came_in.wait()
        closing = asyncio.create_task(rig.dispatcher.close())
        await asyncio.sleep(0)
        go.set()
        await closing
        assert len(await rig.rows()) == 1  # the second was not begun, and is not lost
        assert len(receiver.seen) == 1
