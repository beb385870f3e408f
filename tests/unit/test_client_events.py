"""The client's events: one row, whatever becomes of the connections; against the real app."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from fakes.service import CHANNEL, KEY, OTHER_KEY, WORKSPACE, Service, serving
from fakes.waiting import until

from callcue.client import Callcue, Event, Gap, Refused
from callcue.store.store import Store

CLIP = "sound:hello_1"


@asynccontextmanager
async def client_of(service: Service, key: str = KEY) -> AsyncIterator[Callcue]:
    url = str(service.client.make_url("/")).rstrip("/")
    async with Callcue(url, key, WORKSPACE) as callcue:
        yield callcue


class Told:
    """All that a stream has told so far."""

    def __init__(self) -> None:
        self.news: list[Event | Gap] = []

    async def hear(self, stream: AsyncIterator[Event | Gap]) -> None:
        async for event in stream:
            self.news.append(event)

    @property
    def events(self) -> list[Event]:
        return [event for event in self.news if isinstance(event, Event)]

    async def until(self, *kinds: str) -> None:
        """Wait until this is all that there is."""

        async def is_so() -> bool:
            return [event.type for event in self.news] == list(kinds)

        try:
            await until(is_so)
        except TimeoutError:
            assert [event.type for event in self.news] == list(kinds)


@asynccontextmanager
async def hearing(stream: AsyncIterator[Event | Gap]) -> AsyncIterator[Told]:
    told = Told()
    task = asyncio.create_task(told.hear(stream))
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _play_and_stop(service: Service) -> None:
    await service.bird("POST", f"{service.playback_path}?wait=started", {"media": [CLIP]})
    await service.bird("POST", f"{service.playback_path}/stop")


ONE = ("accepted", "started", "item_started", "stopped")


async def test_given_a_playback_then_the_workspace_and_its_call_are_told_typed_events() -> None:
    async with serving() as service, client_of(service) as callcue:
        call = callcue.call(CHANNEL, service.customer.id)
        playback = await call.play(CLIP, wait=True)
        await call.stop()
        async with hearing(callcue.events(0)) as told, hearing(call.events(0)) as of_call:
            await told.until(*ONE)
            await of_call.until(*ONE)
        assert of_call.news == told.news
        end = told.events[-1]
        assert {event.playbackId for event in told.events} == {playback}
        assert (end.endReason, end.items, end.askedBy.dialect) == ("stopped", 1, "bird")
        assert end.at.tzinfo is not None
        assert service.customer.id in end.callIds


async def test_given_restarts_of_the_service_then_each_event_is_told_once_and_in_order(
    tmp_path: Path,
) -> None:
    url, port = f"sqlite+aiosqlite:///{tmp_path / 'store'}", unused_port()
    async with Callcue(f"http://127.0.0.1:{port}", KEY, WORKSPACE) as callcue:
        # It listens before there is anybody to listen to.
        async with hearing(callcue.events(0)) as told:
            for times in range(1, 4):
                async with serving(Store(url), port=port) as service:
                    await _play_and_stop(service)
                    if times != 2:  # the second one is gone before the client is back, or not
                        await told.until(*ONE * times)
        ids = [event.id for event in told.events]
        assert ids == sorted(set(ids))


async def _are_listening(count: int, service: Service) -> bool:
    return len(service.streams) == count


async def test_given_events_that_are_kept_no_more_then_a_gap_is_told_once(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'store'}"
    async with serving(Store(url)) as service, client_of(service) as callcue:
        await _play_and_stop(service)
        async with hearing(callcue.events(0)) as told:
            await told.until(*ONE)
    async with serving(Store(url, history_seconds=0.0)) as service, client_of(service) as callcue:

        async def is_forgotten() -> bool:
            async with aclosing(callcue.events(0)) as events:
                return isinstance(await anext(events), Gap)

        await until(is_forgotten)
        async with hearing(callcue.events(0)) as again:
            await again.until("gap", "stopped")
        assert again.news == [Gap(type="gap", begins=told.events[-1].id), told.events[-1]]


async def test_given_no_right_to_it_then_it_is_refused_at_once() -> None:
    async with serving() as service, client_of(service, OTHER_KEY) as callcue:
        with pytest.raises(Refused):
            await anext(callcue.events())
    async with serving() as service, client_of(service) as callcue:
        with pytest.raises(Refused, match="not_found"):
            await anext(callcue.call(CHANNEL, uuid4()).events())


async def test_given_the_client_closes_then_its_streams_end() -> None:
    async with serving() as service:
        told = Told()
        async with client_of(service) as callcue:
            running = asyncio.create_task(told.hear(callcue.events()))
            await until(lambda: _are_listening(1, service))
        async with asyncio.timeout(2):
            await running


async def test_given_a_loop_that_is_left_then_the_connection_is_closed() -> None:
    async with serving() as service, client_of(service) as callcue:
        await _play_and_stop(service)
        async with aclosing(callcue.events(0)) as events:
            assert (await anext(events)).type == "accepted"
            assert len(service.streams) == 1
        await until(lambda: _are_listening(0, service))


# ---- against one that is not well ---------------------------------------------------------------

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
BODY = (
    '{"id":"%d","type":"started","at":"2026-01-31T09:30:00.120+00:00","callIds":[],'
    f'"playbackId":"{WORKSPACE}","server":"main","conference":"8600051","bridge":null,'
    '"item":1,"items":1,"round":1,"rounds":1,"positionMilliseconds":0,"paused":false,"volume":0,'
    '"audience":"everyone","replaces":null,"endReason":null,"detail":"","news":"of a newer one",'
    '"askedBy":{"dialect":"bird","name":"all"}}'
)


def _event(number: int) -> bytes:
    return f"id: {number}\nevent: started\ndata: {BODY % number}\n\n".encode()


@asynccontextmanager
async def answering(*answers: Answer) -> AsyncIterator[tuple[Callcue, list[str]]]:
    """A service that answers so, one after the other; and what each was asked to go on from."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Last-Event-ID", ""))
        return await answers[min(len(asked), len(answers)) - 1](request)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with Callcue(url, KEY, WORKSPACE) as callcue:
            yield callcue, asked


def sending(*parts: bytes, then_silent: bool = False) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        if then_silent:
            await asyncio.sleep(30)
        return response

    return answer


async def busy(_: web.Request) -> web.StreamResponse:
    return web.json_response({"code": "store_unavailable", "message": "."}, status=503)


async def test_given_a_stream_silent_for_two_beats_then_it_is_made_anew_from_the_last_event() -> (
    None
):
    silent = sending(_event(7), b": beat\n\n", then_silent=True)
    async with answering(silent, sending(_event(8), then_silent=True)) as (callcue, asked):
        async with hearing(callcue.events(beat=0.5)) as told:
            await told.until("started", "started")
        assert ([event.id for event in told.events], asked[:2]) == ([7, 8], ["", "7"])


async def test_given_beats_alone_then_the_stream_is_alive() -> None:
    async def beating(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(5):
            await response.write(b": beat\n\n")
            await asyncio.sleep(0.5)
        await response.write(_event(9))
        await asyncio.sleep(30)
        return response

    async with answering(beating) as (callcue, asked):
        async with hearing(callcue.events(beat=1.0)) as told:
            await told.until("started")
        assert asked == [""]


async def test_given_an_event_that_is_cut_in_half_then_it_is_told_once_it_comes_whole() -> None:
    half = sending(_event(1), _event(2)[:50])
    async with answering(half, busy, sending(_event(2), then_silent=True)) as (callcue, asked):
        async with hearing(callcue.events()) as told:
            await told.until("started", "started")
        assert ([event.id for event in told.events], asked) == ([1, 2], ["", "1", "1"])


async def test_given_a_cut_before_the_first_event_then_it_goes_on_from_where_it_began() -> None:
    begun = sending(b"id: 41\n\n")
    async with answering(begun, sending(_event(42), then_silent=True)) as (callcue, asked):
        async with hearing(callcue.events()) as told:
            await told.until("started")
        assert asked == ["", "41"]


@pytest.mark.parametrize("answer", [busy, sending(b"id: 41\n\n")], ids=["busy", "ends at once"])
async def test_given_a_service_that_is_away_then_it_is_asked_ever_less_often(
    answer: Answer,
) -> None:
    began = time.monotonic()
    async with answering(answer) as (callcue, asked), hearing(callcue.events()):

        async def is_asked_five_times() -> bool:
            return len(asked) >= 5

        await until(is_asked_five_times)
    assert time.monotonic() - began >= (0.1 + 0.2 + 0.4 + 0.8) / 2
