"""What is counted, under which labels; and that nobody from outside can make up a label."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from fakes.figures import Figures, figures, page
from fakes.service import KEY, OPERATOR_KEY, PASSWORD, Service, serving
from fakes.waiting import until

from callcue.api.lockout import FAILURES
from callcue.app import LARGEST_BODY
from callcue.asterisk.figures import LinkCounts
from callcue.core.errors import AsteriskUnavailable
from callcue.store.store import Store

CLIP = {"media": ["sound:hello_1"]}
COMMANDS = "callcue_commands_total"


def commands(found: Figures, dialect: str, verb: str, result: str) -> float:
    return found(COMMANDS, dialect=dialect, verb=verb, result=result)


# ---- commands and playbacks ----------------------------------------------------------------------


async def test_given_commands_of_a_screen_then_each_by_verb_and_result() -> None:
    async with serving() as service:
        await service.vicidial(stage="PAUSE")
        await service.play()
        await service.play()
        await service.play(dial_override="Y")
        await service.vicidial(stage="PAUSE")
        await service.vicidial(stage="PAUSE", agent_user="4711")
        await service.play("no-such-clip")
        found = await figures(service)
    assert commands(found, "vicidial", "pause", "nothing_playing") == 1
    assert commands(found, "vicidial", "play", "confirmed") == 1
    assert commands(found, "vicidial", "play", "already_playing") == 1
    assert commands(found, "vicidial", "override", "confirmed") == 1
    assert commands(found, "vicidial", "pause", "confirmed") == 1
    assert commands(found, "vicidial", "pause", "agent_not_logged_in") == 1
    assert commands(found, "vicidial", "play", "clip_not_found") == 1
    assert sum(found(COMMANDS, **labels) for labels in found.labels(COMMANDS)) == 7


async def test_given_commands_of_an_integrator_then_each_by_verb_and_result() -> None:
    async with serving() as service:
        path = service.playback_path
        await service.bird("POST", f"{path}/stop")
        await service.bird("POST", f"{path}?wait=started", CLIP)
        await service.bird("POST", f"{path}/pause")
        service.telephony.player.refuse = AsteriskUnavailable("gone")
        await service.bird("POST", f"{path}/resume")
        found = await figures(service)
    assert commands(found, "bird", "stop", "nothing_playing") == 1
    assert commands(found, "bird", "play", "accepted") == 1
    assert commands(found, "bird", "pause", "confirmed") == 1
    assert commands(found, "bird", "resume", "asterisk_unavailable") == 1


async def test_given_a_fault_of_ours_then_it_is_counted_as_one() -> None:
    async with serving() as service:
        service.telephony.sounds.refuse = ValueError("oops")  # type: ignore[assignment]
        await service.play()
        found = await figures(service)
    assert commands(found, "vicidial", "play", "fault") == 1


async def test_given_confirmed_commands_then_how_long_they_took_and_refused_ones_not() -> None:
    async with serving() as service:
        await service.vicidial(stage="PAUSE")
        await service.play()
        await service.vicidial(stage="PAUSE")
        await service.vicidial(stage="RESUME")
        found = await figures(service)
    count, buckets = "callcue_command_seconds_count", "callcue_command_seconds_bucket"
    assert found(count, verb="pause") == 1
    assert found(count, verb="resume") == 1
    assert found(buckets, verb="pause", le="5.0") == 1
    assert {labels["le"] for labels in found.labels(buckets)} >= {"0.001", "0.01", "0.1", "5.0"}
    assert found("callcue_play_heard_seconds_count") == 1


async def test_given_a_list_behind_another_then_live_queued_ended_and_heard_from_its_turn() -> None:
    async with serving() as service:
        for _ in range(2):
            await service.bird("POST", f"{service.playback_path}", CLIP)
        await (await _current(service)).audible()
        found = await figures(service)
        assert found("callcue_playbacks", state="playing") == 1
        assert found("callcue_playbacks_queued") == 1
        first = await _current(service)
        service.telephony.player.finish(first)
        await (await _current(service)).audible()
        await service.vicidial(stage="STOP")
        found = await figures(service)
    assert found("callcue_playbacks", state="playing") == 0
    assert found("callcue_playbacks_queued") == 0
    assert found("callcue_playbacks_ended_total", reason="finished") == 1
    assert found("callcue_playbacks_ended_total", reason="stopped") == 1
    assert found("callcue_play_heard_seconds_count") == 2


async def _current(service: Service) -> Any:
    async def is_there() -> bool:
        return _session(service).current is not None

    await until(is_there)
    return _session(service).current


def _session(service: Service) -> Any:
    assert service.telephony.controller is not None
    return service.telephony.controller.session(service.customer.place)


async def test_given_a_command_that_waits_then_it_is_seen_waiting() -> None:
    async with serving() as service:
        service.telephony.player.silent = {"start"}
        await service.bird("POST", service.playback_path, CLIP)

        async def pause() -> None:
            await service.bird("POST", f"{service.playback_path}/pause")

        async def waits() -> bool:
            return (await figures(service))("callcue_commands_waiting") == 1

        pausing = asyncio.create_task(pause())
        await until(waits)
        await pausing


# ---- Asterisk ------------------------------------------------------------------------------------


async def test_given_two_asterisks_then_each_link_by_its_name() -> None:
    both = [{"name": name, "host": "10.1.1.1", "secret": "s3cret"} for name in ("main", "east")]
    async with serving(asterisk=both) as service:
        service.servers[1].counts = LinkCounts(
            ups=3, rejections=2, taken=50, ignored=7, lost=1, overflows=4
        )
        service.servers[1].lose_link()
        found = await figures(service)
    assert found("callcue_link_state", asterisk="main", state="up") == 1
    assert found("callcue_link_state", asterisk="east", state="up") == 0
    assert found("callcue_link_state", asterisk="east", state="down") == 1
    assert found("callcue_link_state_seconds", asterisk="east") == 1
    assert found("callcue_link_reconnects_total", asterisk="east") == 2
    assert found("callcue_link_reconnects_total", asterisk="main") == 0
    assert found("callcue_link_login_rejections_total", asterisk="east") == 2
    events = "callcue_ami_events_total"
    assert [found(events, asterisk="east", fate=f) for f in ("taken", "ignored", "lost")] == [
        *(50, 7, 1)
    ]
    assert found("callcue_ami_overflows_total", asterisk="east") == 4


# ---- the store -----------------------------------------------------------------------------------


async def test_given_answers_that_are_written_then_the_store_says_so() -> None:
    async with serving() as service:
        await service.play()

        async def is_written() -> bool:
            found = await figures(service)
            done = found("callcue_store_writes_total", result="done") >= 1
            return done and found("callcue_store_waiting_answers") == 0

        await until(is_written)
        found = await figures(service)
    assert found("callcue_store_writes_total", result="failed") == 0
    assert found("callcue_store_dropped_answers_total") == 0
    assert found("callcue_store_trouble", what="written") == 0


async def test_given_a_store_out_of_reach_then_its_trouble_is_seen(tmp_path: Path) -> None:
    nowhere = Store(f"sqlite+aiosqlite:///{tmp_path / 'no-such-folder' / 'callcue.db'}")
    async with serving(nowhere) as service:
        found = await figures(service)
    assert found("callcue_store_trouble", what="read") == 1
    assert found("callcue_store_trouble", what="written") == 0


# ---- HTTP ----------------------------------------------------------------------------------------

REQUESTS = "callcue_http_requests_total"


async def test_given_requests_then_they_are_counted_by_the_pattern_of_their_route() -> None:
    async with serving() as service:
        await service.bird("GET", service.calls_path())
        await service.bird("GET", service.calls_path(), key="wrong")
        await service.play()
        await service.bird("GET", f"{service.playback_path}/nothing-here")
        found = await figures(service)
    calls = "/workspaces/{workspaceId}/channels/{channelId}/calls"
    assert found(REQUESTS, method="GET", route=calls, status="2xx") == 1
    assert found(REQUESTS, method="GET", route=calls, status="4xx") == 1
    assert found(REQUESTS, method="*", route="none", status="4xx") == 1
    (php,) = [one for one in found.labels(REQUESTS) if "api.php" in one["route"]]
    assert (php["method"], php["status"]) == ("*", "2xx")


async def test_given_what_clients_make_up_then_no_label_has_it_and_no_series_is_added() -> None:
    async with serving() as service:
        for _ in range(2):  # what it takes to have seen every kind once
            await _abuse(service, "first")
            await page(service)
        before = (await figures(service)).samples.keys()
        for number in range(20):
            await _abuse(service, f"made-up-{number}")
        text = await page(service)
        after = (await figures(service)).samples.keys()
    assert after == before
    assert "made-up" not in text
    assert str(service.customer.id) not in text
    assert "6666" not in text


async def _abuse(service: Service, word: str) -> None:
    for path in (f"/{word}", f"/workspaces/{word}/x", f"/x/{word}/agc/api.php"):
        async with service.client.get(path, headers={"X-Request-Id": word}):
            pass
    async with service.client.request(word.upper().replace("-", ""), "/agc/api.php"):
        pass
    await service.vicidial(stage=word, function=word, user=word)
    await service.vicidial(stage="PAUSE", agent_user=word)
    await service.play(word)
    await service.bird("POST", service.playback_path, {"media": [f"sound:{word}"]})
    await service.bird("POST", service.playback_path, CLIP, key=word)


async def test_given_two_services_in_one_process_then_each_counts_its_own() -> None:
    async with serving() as one, serving() as other:
        await one.play()
        assert commands(await figures(one), "vicidial", "play", "confirmed") == 1
        assert commands(await figures(other), "vicidial", "play", "confirmed") == 0


# ---- refusals ------------------------------------------------------------------------------------


async def test_given_requests_that_are_refused_then_they_are_counted_by_kind() -> None:
    async with serving() as service:
        await service.vicidial(stage="STOP", **{"pass": "wrong-one"})
        await service.vicidial(stage="STOP", user="7777")
        await service.bird("GET", "/vicidial/log")
        large = io.BytesIO(b" " * (LARGEST_BODY + 1))
        headers = {"Content-Type": "application/json"}
        await service.bird("POST", service.playback_path, data=large, headers=headers)
        for _ in range(FAILURES):
            await service.bird("GET", service.calls_path(), key="wrong")
        found = await figures(service)
    refusals = "callcue_refusals_total"
    assert found(refusals, kind="wrong_login") == FAILURES
    assert found(refusals, kind="locked_out") == 1
    assert found(refusals, kind="not_allowed") == 2
    assert found(refusals, kind="body_too_large") == 1


# ---- who may look --------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_given_a_proxy_on_this_machine_then_an_operators_key_is_needed(header: str) -> None:
    async with serving() as service:
        for key, status in ((None, 401), (KEY, 403), (OPERATOR_KEY, 200)):
            headers = {header: "127.0.0.1"}
            if key is not None:
                headers["Authorization"] = f"AccessKey {key}"
            async with service.client.get("/metrics", headers=headers) as response:
                assert response.status == status


async def test_given_loopback_then_no_key_is_asked_for_and_the_defaults_are_there() -> None:
    async with serving() as service, service.client.get("/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        text = await response.text()
    assert "process_cpu_seconds_total" in text
    assert "python_info" in text
    assert PASSWORD not in text


# ---- the process ---------------------------------------------------------------------------------


async def test_given_commands_that_are_over_then_as_many_tasks_as_before() -> None:
    async with serving() as service:
        before = (await figures(service))("callcue_tasks")
        for _ in range(5):
            await service.play()
            await service.vicidial(stage="STOP")

        async def are_over() -> bool:
            return (await figures(service))("callcue_tasks") == before

        await until(are_over)
    assert before > 0
