"""One request in the log: its arrival, the AMI action, and the event that confirms it."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.log import Log, logged
from fakes.service import ROOM
from fakes.waiting import until
from fakes.whole import Answer, Whole, whole

OURS = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    with logged(monkeypatch) as log:
        yield log


async def _ask(service: Whole, dialect: str, stage: str, request: str = "") -> Answer:
    if dialect == "vicidial":
        clip = {"value": "offer"} if stage == "PLAY" else {}
        return await service.screen(stage=stage, **clip, request=request)
    if stage == "PLAY":
        body = {"media": ["sound:offer"]}
        return await service.integrator("?wait=started", body, request=request)
    return await service.integrator(f"/{stage.lower()}", request=request)


async def _line(log: Log, **fields: Any) -> dict[str, Any]:
    """The only line with these fields; it is written behind the answer."""

    async def is_there() -> bool:
        return bool(log.lines(**fields))

    await until(is_there)
    (line,) = log.lines(**fields)
    return line


@pytest.mark.parametrize("dialect", ["vicidial", "bird"])
async def test_given_a_play_and_a_pause_then_each_has_one_id_from_request_to_event(
    dialect: str, log: Log
) -> None:
    async with whole() as service:
        asked = {
            stage: (await _ask(service, dialect, stage)).request
            for stage in ("PLAY", "PAUSE", "STOP")
        }
        playback = (await _line(log, event="playback accepted"))["playback"]
        for stage, action, event in (
            ("PLAY", "Originate", "playback started"),
            ("PAUSE", "Redirect", "playback paused"),
            ("STOP", "Hangup", "playback ended"),
        ):
            request = asked[stage]
            line = await _line(log, event="request", request=request)
            assert line["status"] in (200, 202)
            verb = {"action": action, "playback": playback, "verb": stage.lower()}
            sent = await _line(log, event="action", request=request, **verb)
            (received,) = [one for one in service.pbx.ami.actions if one.id == sent["action_id"]]
            assert received.name == action
            confirmed = await _line(log, event=event)
            assert (confirmed["request"], confirmed["playback"]) == (request, playback)
            assert log.lines().index(sent) < log.lines().index(confirmed)
        assert len({*asked.values()}) == 3
        assert all(OURS.fullmatch(request) for request in asked.values())


@pytest.mark.parametrize("dialect", ["vicidial", "bird"])
async def test_given_a_callers_own_id_then_it_is_the_id_of_all(dialect: str, log: Log) -> None:
    own = "crm-4711.a_B" + "x" * 52
    async with whole() as service:
        answer = await _ask(service, dialect, "PLAY", request=own)
        assert answer.request == own
        await _line(log, event="request", request=own)
        await _line(log, event="action", action="Originate", request=own, verb="play")
        await _line(log, event="playback started", request=own)


@pytest.mark.parametrize(
    "bad", ["", "x" * 65, "two words", "a;b", "a/b", 'a"b', "ä", "%0A", "a\tb", "..\u2028"]
)
async def test_given_an_id_that_is_none_then_it_gets_ours(bad: str, log: Log) -> None:
    async with whole() as service:
        answer = await service.ask("GET", "/health/live", headers={"X-Request-Id": bad})
        assert OURS.fullmatch(answer.request)
        await _line(log, event="request", request=answer.request)
        assert not bad.strip() or bad not in log.text


async def test_given_two_ids_in_one_request_then_it_gets_ours() -> None:
    async with whole() as service:
        headers = [("X-Request-Id", "one"), ("X-Request-Id", "two")]
        answer = await service.ask("GET", "/health/live", headers=headers)
        assert OURS.fullmatch(answer.request)


async def test_given_commands_that_wait_for_one_another_then_each_keeps_its_own_id(
    log: Log,
) -> None:
    stages = [("PAUSE", "paused"), ("RESUME", "resumed"), ("RESTART", "restarted")]
    async with whole() as service:
        await _ask(service, "vicidial", "PLAY")
        gate = service.pbx.hold("Redirect")
        asking = []
        for stage, _ in stages:
            asking.append(asyncio.create_task(_ask(service, "bird", stage, request=stage)))
            (session,) = service.server._controller.sessions  # type: ignore[union-attr]

            async def waits(count: int = len(asking), session: Any = session) -> bool:
                # The one that was taken out of the row is sent, and waits for its answer.
                return session.waiting >= count - 1 and bool(log.lines(verb="pause"))

            await until(waits)
        gate.set()
        assert [(await one).status for one in asking] == [200] * 3
        for stage, done in stages:
            sent = await _line(log, event="action", action="Redirect", verb=stage.lower())
            assert sent["request"] == stage
            line = await _line(log, event=f"playback {done}")
            assert line["request"] == stage


async def test_given_a_playback_from_the_queue_then_it_begins_in_the_name_of_who_asked_for_it(
    log: Log,
) -> None:
    clip = {"media": ["sound:goodbye"]}
    async with whole() as service:
        await _ask(service, "bird", "PLAY", request="first")
        await service.integrator("", clip, request="second")
        service.pbx.finish_item(ROOM)
        second = await _line(log, event="playback started", request="second")
        sent = await _line(log, event="action", action="Originate", request="second", verb="play")
        assert sent["playback"] == second["playback"]
        ended = await _line(log, event="playback ended", reason="finished")
        assert (ended["request"], ended["playback"] != second["playback"]) == ("first", True)


async def test_given_a_playback_that_another_ends_then_the_end_has_the_id_of_that_one(
    log: Log,
) -> None:
    async with whole() as service:
        await _ask(service, "bird", "PLAY", request="mine")
        await service.screen("theirs", stage="PLAY", value="goodbye", dial_override="Y")
        ended = await _line(log, event="playback ended", reason="replaced")
        assert ended["request"] == "theirs"


async def test_given_what_nobody_asked_for_then_its_lines_have_no_request(log: Log) -> None:
    async with whole() as service:
        await _ask(service, "vicidial", "PLAY")
        service.pbx.drop_link()
        lost = await _line(log, event="AMI link is down")
        assert "request" not in lost
        logins = log.lines(event="action", action="Login")
        assert logins
        assert all("request" not in line for line in logins)
