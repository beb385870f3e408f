"""The whole service tells a receiver what it tells a stream, over restarts too."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from fakes.figures import figures
from fakes.receiver import Receiver, answer, hang_up, held, receiving
from fakes.service import WORKSPACE, Service, serving
from fakes.waiting import until
from fakes.webhooks import KEY, SECRET

from callcue.events import retries
from callcue.events.webhook import Webhook
from callcue.store.database import Database
from callcue.store.store import Store
from callcue.store.webhooks import StoredWebhooks

LIST = {"media": ["sound:ss-noservice", "sound:hello_1"]}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as there:
        yield there


@pytest.fixture
async def url(tmp_path: Path, receiver: Receiver) -> str:
    """Of a store that has a webhook."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'store'}"
    database = Database(url)
    await database.open()
    address = f"http://127.0.0.1:{receiver.port}/in"
    webhook = Webhook(uuid4(), WORKSPACE, address, frozenset(), (SECRET,), 0.0)
    await StoredWebhooks(database).add(webhook)
    await database.close()
    return url


def settings(receiver: Receiver, **changes: Any) -> dict[str, Any]:
    return {"webhooks": {"allow": [f"127.0.0.1:{receiver.port}"], **changes}}


async def play_and_stop(service: Service) -> None:
    await service.bird("POST", f"{service.playback_path}?wait=started", LIST)
    await service.bird("POST", f"{service.playback_path}/pause")
    await service.bird("POST", f"{service.playback_path}/stop")


KINDS = ["accepted", "started", "item_started", "paused", "stopped"]


async def test_given_a_playback_then_its_events_come_in_order_and_are_counted(
    receiver: Receiver, url: str
) -> None:
    async with serving(Store(url), **settings(receiver)) as service:
        await play_and_stop(service)

        async def all_came() -> bool:
            return len(receiver.seen) == len(KINDS)

        await until(all_came)
        assert [got.data["type"] for got in receiver.seen] == KINDS
        assert receiver.ids == sorted(receiver.ids)
        assert all(got.signatures() == [got.signature_of(KEY)] for got in receiver.seen)
        found = await figures(service)
        assert found("callcue_webhook_deliveries_total", result="taken") == len(KINDS)
        assert found("callcue_webhook_deliveries_total", result="failed") == 0
        assert found("callcue_webhook_waiting") == 0


async def test_given_a_receiver_that_is_down_then_nobody_waits_and_the_next_service_sends(
    receiver: Receiver, url: str
) -> None:
    receiver.script = answer(503)
    async with serving(Store(url), **settings(receiver)) as service:
        await play_and_stop(service)

        async def has_failed_and_all_wait() -> bool:
            found = await figures(service)
            failed = found("callcue_webhook_deliveries_total", result="failed")
            return failed > 0 and found("callcue_webhook_waiting") == len(KINDS)

        await until(has_failed_and_all_wait)
    tried = set(receiver.ids)
    assert len(tried) == 1  # the others are of the same call
    receiver.seen.clear()
    receiver.script = answer(200)
    async with serving(Store(url), **settings(receiver)) as service:

        async def all_came() -> bool:
            return len(receiver.seen) == len(KINDS)

        await until(all_came)
        assert [got.data["type"] for got in receiver.seen] == KINDS
        assert receiver.ids[0] in tried


async def slow(_: web.Request) -> web.StreamResponse:
    """Late, and in time."""
    await asyncio.sleep(0.3)
    return web.Response(status=202)


async def test_given_every_fault_in_turn_then_each_event_comes_until_it_is_taken_and_in_order(
    receiver: Receiver, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "DELAYS", (0.05,))
    async with receiving() as inside:
        redirect = answer(307, Location=f"http://127.0.0.1:{inside.port}/")
        hangs, well = held(asyncio.Event()), answer(204)
        # One after the other: all of them are of one call.
        life = iter([answer(500), hangs, well, slow, redirect, well, hang_up, well])

        async def as_life_goes(request: web.Request) -> web.StreamResponse:
            return await next(life, well)(request)

        receiver.script = as_life_goes
        async with serving(Store(url), **settings(receiver, timeout_seconds=1)) as service:
            await play_and_stop(service)

            async def none_waits() -> bool:
                found = await figures(service)
                taken = found("callcue_webhook_deliveries_total", result="taken")
                return taken == len(KINDS) and found("callcue_webhook_waiting") == 0

            await until(none_waits)
            found = await figures(service)
            assert found("callcue_webhook_deliveries_total", result="failed") == 4
            assert found("callcue_webhook_deliveries_total", result="dead") == 0
        first, second, third, fourth, last = dict.fromkeys(receiver.ids)
        assert receiver.ids == [first] * 3 + [second] + [third] * 2 + [fourth] * 2 + [last]
        assert first < second < third < fourth < last
        assert inside.seen == []


async def test_given_webhooks_are_off_then_nothing_is_sent_nor_kept(
    receiver: Receiver, url: str
) -> None:
    async with serving(Store(url), **settings(receiver, enabled=False)) as service:
        await play_and_stop(service)
    async with serving(Store(url), **settings(receiver)) as service:
        await play_and_stop(service)

        async def all_came() -> bool:
            return len(receiver.seen) == len(KINDS)

        await until(all_came)
        assert min(receiver.ids) > len(KINDS)
        assert (await figures(service))("callcue_webhook_waiting") == 0
