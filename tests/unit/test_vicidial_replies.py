"""Every answer of api.php, byte by byte, through the real core."""

import asyncio
from collections.abc import Callable

import pytest
from fakes.service import HOST, ROOM, serving

from callcue.core.errors import AsteriskUnavailable, QueueFull
from callcue.core.types import Conference

SUCCESS = "SUCCESS: audio_playback function sent - "
NONE = f"no audio playing in agent session - {ROOM}|{HOST}"
BUSY = f"audio already playing in agent session - {ROOM}|{HOST}"


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        pytest.param({"source": "x"}, "ERROR: Invalid Source - x\n", id="short source"),
        pytest.param({"source": ""}, "ERROR: Invalid Source - \n", id="no source"),
        pytest.param({"source": "_-!"}, "ERROR: Invalid Source - \n", id="cleaned source"),
        pytest.param(
            {"pass": "wrong"},
            "ERROR: Invalid Username/Password: |6666||0|0|BAD|\n",
            id="wrong password",
        ),
        pytest.param(
            {"user": "nobody"},
            "ERROR: Invalid Username/Password: |nobody||0|0|BAD|\n",
            id="unknown user",
        ),
        pytest.param(
            {"user": "", "pass": ""},
            "ERROR: Invalid Username/Password: |||0|0|BAD|\n",
            id="nobody at all",
        ),
        pytest.param(
            {"user": "idle"},
            "ERROR: Invalid Username/Password: |idle||0|0|BAD|\n",
            id="inactive user",
        ),
        pytest.param(
            {"user": "level0"},
            "ERROR: Invalid Username/Password: |level0||0|0|BAD|\n",
            id="user of level 0",
        ),
        pytest.param({"function": "no_such", "stage": "PLAY"}, "", id="unknown function"),
        pytest.param({"function": ""}, "", id="no function"),
        pytest.param(
            {"stage": "PLAY"}, "ERROR: audio_playback not valid - |PLAY|1000\n", id="no value"
        ),
        pytest.param(
            {"stage": "END"}, "ERROR: audio_playback not valid - |END|1000\n", id="short stage"
        ),
        pytest.param(
            {"stage": "play", "value": "a"},
            "ERROR: audio_playback not valid - a|play|1000\n",
            id="stage in lower case",
        ),
        pytest.param(
            {"stage": "REWIND"},
            "ERROR: audio_playback not valid - |REWIND|1000\n",
            id="stage that is none",
        ),
        pytest.param(
            {"stage": "STOP", "agent_user": ""},
            "ERROR: audio_playback not valid - |STOP|\n",
            id="no agent",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "a", "user": "7777"},
            "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION"
            " - a|7777|audio_playback|SALES\n",
            id="no permission",
        ),
        pytest.param(
            {"stage": "PLAY", "user": "7777"},
            "ERROR: audio_playback not valid - |PLAY|1000\n",
            id="validity comes before permission",
        ),
        pytest.param(
            {"stage": "STOP", "agent_user": "", "alt_user": "zz"},
            "ERROR: no user found - STOP|zz\nERROR: agent_user is not logged in - STOP|\n",
            id="unknown alt_user",
        ),
        pytest.param(
            {"stage": "STOP", "alt_user": "zz"},
            f"ERROR: no user found - STOP|zz\nERROR: audio_playback error - {NONE}|STOP|1000\n",
            id="unknown alt_user, and an agent_user to go on with",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "ss-noservice", "agent_user": "", "alt_user": "crm1"},
            f"{SUCCESS}ss-noservice|PLAY|1000\n",
            id="known alt_user",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "a", "agent_user": "2000"},
            "ERROR: agent_user is not logged in - PLAY|2000\n",
            id="not logged in",
        ),
        pytest.param(
            {"stage": "STOP"},
            f"ERROR: audio_playback error - {NONE}|STOP|1000\n",
            id="STOP, nothing playing",
        ),
        pytest.param(
            {"stage": "PAUSE"},
            f"ERROR: audio_playback error - {NONE}|PAUSE|1000\n",
            id="PAUSE, nothing playing",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "no-such-clip"},
            "ERROR: audio_playback error - audio file not found - no-such-clip|PLAY|1000\n",
            id="no such clip",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "ss-noservice.wav"},
            "ERROR: audio_playback error - audio file not found - ss-noservicewav|PLAY|1000\n",
            id="with its extension",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "ss-noservice|hello_1"},
            "ERROR: audio_playback error - audio file not found - ss-noservice|hello_1|PLAY|1000\n",
            id="a bar in the name",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "a" * 81},
            f"ERROR: audio_playback error - audio file not found - {'a' * 81}|PLAY|1000\n",
            id="a name too long",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "ss-noservice"},
            f"{SUCCESS}ss-noservice|PLAY|1000\n",
            id="PLAY",
        ),
        pytest.param(
            {"stage": "PLAY", "value": "ss-noservice", "dial_override": "Y"},
            f"{SUCCESS}ss-noservice|PLAY|1000\n",
            id="PLAY with override, nothing to replace",
        ),
    ],
)
async def test_given_an_idle_room_then_the_answer_is(
    parameters: dict[str, str], answer: str
) -> None:
    async with serving() as service:
        assert await service.vicidial(**parameters) == answer


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        ({"stage": "STOP"}, f"{SUCCESS}|STOP|1000\n"),
        ({"stage": "PAUSE"}, f"{SUCCESS}|PAUSE|1000\n"),
        ({"stage": "RESUME"}, f"{SUCCESS}|RESUME|1000\n"),
        ({"stage": "RESTART"}, f"{SUCCESS}|RESTART|1000\n"),
        ({"stage": "PAUSE", "value": "echoed"}, f"{SUCCESS}echoed|PAUSE|1000\n"),
        (
            {"stage": "PLAY", "value": "hello_1"},
            f"ERROR: audio_playback error - {BUSY}|PLAY||1000\n",
        ),
        (
            {"stage": "PLAY", "value": "hello_1", "dial_override": "N"},
            f"ERROR: audio_playback error - {BUSY}|PLAY|N|1000\n",
        ),
        (
            {"stage": "PLAY", "value": "hello_1", "dial_override": "YES"},
            f"ERROR: audio_playback error - {BUSY}|PLAY|YES|1000\n",
        ),
        (
            {"stage": "PLAY", "value": "hello_1", "dial_override": "Y"},
            "NOTICE: audio_playback previous playback stopped - PLAY|Y|1000\n"
            f"{SUCCESS}hello_1|PLAY|1000\n",
        ),
        (
            {"stage": "PLAY", "value": "hello_1", "dial_override": "Yes"},
            "NOTICE: audio_playback previous playback stopped - PLAY|Y|1000\n"
            f"{SUCCESS}hello_1|PLAY|1000\n",
        ),
        (
            {"stage": "PLAY", "value": "no-such", "dial_override": "Y"},
            "ERROR: audio_playback error - audio file not found - no-such|PLAY|1000\n",
        ),
    ],
)
async def test_given_a_clip_that_plays_then_the_answer_is(
    parameters: dict[str, str], answer: str
) -> None:
    async with serving() as service:
        await service.play()
        assert await service.vicidial(**parameters) == answer


@pytest.mark.parametrize(("pause", "resume"), [(2, 2), (1, 3)])
async def test_given_the_state_is_already_so_then_pause_and_resume_succeed(
    pause: int, resume: int
) -> None:
    async with serving() as service:
        await service.play()
        for stage in ["PAUSE"] * pause + ["RESUME"] * resume:
            assert await service.vicidial(stage=stage) == f"{SUCCESS}|{stage}|1000\n"
        verbs = [verb for verb, _ in service.telephony.player.taken]
        assert verbs == ["start", "pause", "resume"]


async def test_given_the_echo_of_the_user_then_the_last_field_is_the_user() -> None:
    async with serving(vicidial={"echo": "user"}) as service:
        assert await service.play() == f"{SUCCESS}ss-noservice|PLAY|6666\n"
        assert (await service.play()).endswith("|PLAY||6666\n")
        assert (await service.vicidial(stage="x")).endswith(" - |x|6666\n")
        answer = await service.vicidial(stage="STOP", agent_user="2000")
        assert answer == "ERROR: agent_user is not logged in - STOP|6666\n"


async def test_given_the_api_is_switched_off_then_it_says_so_after_the_login() -> None:
    async with serving(vicidial={"active": False}) as service:
        assert await service.play() == "ERROR: System API NOT ACTIVE\n"
        assert "Invalid Username" in await service.play(**{"pass": "wrong"})
        assert (await service.vicidial(function="version")).startswith("VERSION: 2.14-82|BUILD: ")


async def test_given_the_dialect_is_off_then_there_is_no_such_path() -> None:
    url = "/agc/api.php?function=version"
    async with (
        serving(vicidial={"enabled": False}) as service,
        service.client.get(url) as response,
    ):
        assert response.status == 404


async def test_given_a_room_without_number_then_the_entry_is_empty() -> None:
    async with serving() as service:
        sessions = service.telephony.directory.agents
        session = sessions["1000"]
        sessions["1000"] = type(session)(Conference("main", ""), "fake")
        answer = await service.play()
        assert answer == "ERROR: audio_playback error - entry is empty - PLAY|1000\n"


async def test_given_asterisk_out_of_reach_then_every_stage_says_so() -> None:
    async with serving() as service:
        await service.play()
        service.telephony.lose_link()
        for stage in ("PLAY", "STOP", "PAUSE", "RESUME", "RESTART"):
            answer = await service.vicidial(stage=stage, value="hello_1")
            assert answer == (
                "ERROR: audio_playback error - telephony server unavailable"
                f" - {HOST}|{stage}|1000\n"
            )


async def test_given_asterisk_was_never_reached_then_nobody_is_called_logged_out() -> None:
    async with serving() as service:
        service.telephony.lose_link()
        service.telephony.directory.agents.clear()
        answer = await service.play()
        assert answer == (
            f"ERROR: audio_playback error - telephony server unavailable - {HOST}|PLAY|1000\n"
        )


@pytest.mark.parametrize("verb", ["pause", "restart"])
async def test_given_asterisk_confirms_nothing_then_it_is_no_success(verb: str) -> None:
    async with serving() as service:
        await service.play()
        service.telephony.player.refuse = AsteriskUnavailable("no answer")
        answer = await service.vicidial(stage=verb.upper())
        assert answer.startswith("ERROR: audio_playback error - telephony server unavailable - ")


async def test_given_the_leg_gets_into_no_room_then_the_reason_is_told_in_one_field() -> None:
    async with serving() as service:
        service.telephony.player.joins = False
        answer = await service.play()
        assert answer == (
            "ERROR: audio_playback error - audio not started - the room is full|PLAY|1000\n"
        )


async def test_given_a_clip_that_asterisk_cannot_open_then_it_is_not_found() -> None:
    async with serving() as service:
        service.telephony.player.unplayable = {"hello_1"}
        answer = await service.play("hello_1")
        assert answer == (
            "ERROR: audio_playback error - audio file not found - hello_1|PLAY|1000\n"
        )


async def test_given_too_much_waits_then_it_says_so() -> None:
    async with serving() as service:
        service.telephony.sounds.refuse = QueueFull("16 wait")
        answer = await service.play()
        assert answer == ("ERROR: audio_playback error - too many clips are waiting - PLAY|1000\n")


async def test_given_a_fault_of_ours_then_it_is_an_error_line_and_no_500() -> None:
    async with serving() as service:
        service.telephony.sounds.refuse = ValueError("oops")  # type: ignore[assignment]
        answer = await service.play()
        assert answer == "ERROR: audio_playback error - internal error - PLAY|1000\n"


async def test_given_a_slow_start_then_success_comes_when_it_is_heard() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.2
        asked = asyncio.create_task(service.play())
        await _until(lambda: bool(service.telephony.player.started))
        await asyncio.sleep(0.05)
        assert not asked.done()
        assert (await asked).startswith("SUCCESS")


async def test_given_a_stop_while_it_starts_then_it_is_never_heard() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.1
        asked = asyncio.create_task(service.play())
        await _until(lambda: bool(service.telephony.player.started))
        assert await service.vicidial(stage="STOP") == f"{SUCCESS}|STOP|1000\n"
        assert "audio not started - stopped|PLAY|1000" in await asked


async def test_given_two_plays_at_once_then_one_is_heard_and_one_refused() -> None:
    async with serving() as service:
        answers = await asyncio.gather(service.play(), service.play("hello_1"))
        assert sorted(answer.split(":")[0] for answer in answers) == ["ERROR", "SUCCESS"]
        assert len(service.telephony.player.started) == 1


async def test_given_a_client_that_hangs_up_then_its_command_is_carried_out() -> None:
    async with serving() as service:
        service.telephony.player.delay = 0.1
        asked = asyncio.create_task(service.play())
        await _until(lambda: bool(service.telephony.player.started))
        asked.cancel()
        await _until(lambda: service.ledger.playbacks != {})
        (playback,) = service.ledger.playbacks.values()
        await asyncio.wait_for(playback.audible(), 2)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.005)
