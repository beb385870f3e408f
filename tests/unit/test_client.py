"""The client against the real app, and the example of its page as it stands there."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from fakes.audio import tone, wav
from fakes.service import CHANNEL, KEY, READ_KEY, WORKSPACE, Service, serving

from callcue.client import Callcue, OneCall, Refused

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


def url_of(service: Service) -> str:
    return str(service.client.make_url("/")).rstrip("/")


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(media={"folder": str(tmp_path)}) as service:
        yield service


@pytest_asyncio.fixture
async def callcue(service: Service) -> AsyncIterator[Callcue]:
    async with Callcue(url_of(service), KEY, WORKSPACE) as callcue:
        yield callcue


@pytest.fixture
def call(service: Service, callcue: Callcue) -> OneCall:
    return callcue.call(CHANNEL, service.customer.id)


async def test_given_a_call_when_each_verb_is_asked_then_the_playback_says_so(
    callcue: Callcue, call: OneCall
) -> None:
    playback = await call.play("sound:hello_1", "sound:ss-noservice", loop=3, wait=True)
    shown = await call.playback()
    assert (shown.id, shown.state, shown.items, shown.rounds) == (playback, "playing", 2, 3)
    assert (await call.pause()).state == "paused"
    assert (await call.seek(700, item=2)).positionMilliseconds == 700
    assert (await call.resume()).state == "playing"
    assert (await call.restart()).item == 1
    assert (await call.volume(-6)).volume == -6
    waiting = await call.play("sound:hello_1")
    assert (await callcue.playback(waiting)).state == "queued"
    assert (await call.stop(keep_queue=True)).endReason == "stopped"
    async with asyncio.timeout(5):
        while (await call.playback()).id != waiting:
            await asyncio.sleep(0.01)
    assert (await call.stop()).id == waiting


async def test_given_a_key_when_played_again_then_it_is_one_playback(call: OneCall) -> None:
    first = await call.play("sound:hello_1", key="order-17")
    assert await call.play("sound:hello_1", key="order-17") == first
    assert (await call.playback()).queue == []
    assert await call.play("sound:hello_1") != first


async def test_given_many_calls_when_played_and_stopped_then_each_has_its_outcome(
    callcue: Callcue, service: Service
) -> None:
    calls = [service.customer.id, uuid4()]
    played, unknown = await callcue.play_many("sound:hello_1", calls=calls, key="campaign-1")
    assert (played.callId, played.status, played.error) == (calls[0], 202, None)
    assert unknown.error is not None
    assert (unknown.status, unknown.error.code) == (404, "not_found")
    assert await callcue.play_many("sound:hello_1", tag="CALLCUE_TAG=spring") == []
    stopped = await callcue.stop_all()
    assert {one.id for one in stopped} == {played.id}


async def test_given_more_calls_than_a_page_then_all_are_listed(
    service: Service, callcue: Callcue
) -> None:
    for number in range(30):
        service.telephony.directory.enter(f"86001{number:02}", f"PJSIP/more-{number}")
    found = [call async for call in callcue.calls(CHANNEL)]
    assert len(found) == len({call.id for call in found}) == 32
    assert service.customer.id in {call.id for call in found}
    assert (await callcue.call(CHANNEL, service.customer.id).show()).join == "room"


async def test_given_refusals_then_each_says_its_code_and_what_is_wrong(
    service: Service, callcue: Callcue, call: OneCall
) -> None:
    with pytest.raises(Refused) as refused:
        await call.play("sound:gone")
    assert (refused.value.status, refused.value.code) == (422, "invalid_request")
    assert refused.value.details == {"$.media[0]": ["there is no such sound"]}
    with pytest.raises(Refused) as refused:
        await callcue.call(CHANNEL, uuid4()).pause()
    assert (refused.value.status, refused.value.code) == (404, "not_found")
    service.telephony.lose_link()
    with pytest.raises(Refused) as refused:
        await call.play("sound:hello_1")
    assert (refused.value.code, refused.value.retry_after) == ("asterisk_unavailable", 5)
    async with Callcue(url_of(service), READ_KEY, WORKSPACE) as reader:
        with pytest.raises(Refused, match="scope_missing"):
            await reader.call(CHANNEL, service.customer.id).stop()


async def test_given_the_audio_store_then_clips_go_in_and_out(callcue: Callcue) -> None:
    made = await callcue.put_sound("offer", wav(tone(0.2)))
    assert made.lengthMilliseconds == 200
    assert [sound.name async for sound in callcue.sounds()] == ["offer"]
    offer, gone = await callcue.check("sound:offer", "sound:gone")
    assert (offer.lengthMilliseconds, gone.why) == (200, "there is no such sound")
    await callcue.prefetch("sound:offer")
    await callcue.remove_sound("offer")
    with pytest.raises(Refused):
        await callcue.remove_sound("offer")


async def test_given_no_callcue_there_then_the_answer_is_not_taken_for_one() -> None:
    from aiohttp import web

    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    server = TestServer(app)
    await server.start_server()
    url = str(server.make_url("/"))
    async with server, Callcue(url, KEY, WORKSPACE) as callcue:
        with pytest.raises(Refused) as refused:
            await callcue.playback(UUID(int=1))
        assert refused.value.code == "unknown"


async def test_given_no_context_then_it_says_how_it_is_used() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Callcue("http://127.0.0.1:1", KEY, WORKSPACE).playback(UUID(int=1))


async def test_given_the_example_of_the_page_then_it_runs_and_says_what_is_written(
    service: Service,
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (written,) = re.findall(r"something like\n\n```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name, value in {
        "URL": url_of(service),
        "KEY": KEY,
        "WORKSPACE": str(WORKSPACE),
        "CHANNEL": str(CHANNEL),
    }.items():
        example = re.sub(rf'^{name} = ".*"$', f'{name} = "{value}"', example, flags=re.M)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", example, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert re.sub(r"\d+ ms", "12 ms", said.decode()) == written
