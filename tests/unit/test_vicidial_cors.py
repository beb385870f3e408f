"""Pages of other origins: off unless it is set, and then as VICIdial's own setting has it."""

from typing import Any

import pytest
from fakes import raw
from fakes.service import PASSWORD, Service, serving
from fakes.upstream import OK, answer, vicidial
from pydantic import ValidationError

from callcue.settings.vicidial import Cors

ORIGIN = "https://crm.example"
SETTING = {
    "origins": [ORIGIN, "http://127.0.0.1:5173"],
    "methods": ["GET", "POST", "OPTIONS"],
    "headers": ["Content-Type", "X-Mine"],
    "credentials": True,
}
QUERY = (
    f"/agc/api.php?source=test&user=6666&pass={PASSWORD}&agent_user=1000"
    "&function=audio_playback&stage=PLAY&value=hello_1"
)
PREFLIGHT = (f"Origin: {ORIGIN}", "Access-Control-Request-Method: POST")


def _of_cors(got: raw.Answer) -> dict[str, str]:
    return {name: value for name, value in got.headers if name.startswith("Access-Control")}


async def _ask(service: Service, *headers: str, method: str = "GET") -> raw.Answer:
    return await raw.ask(service, QUERY, method, headers=headers)


async def test_given_it_is_off_then_there_is_no_trace_of_it() -> None:
    async with serving() as service:
        got = await _ask(service, f"Origin: {ORIGIN}")
        assert not _of_cors(got)
        assert not got.header("Vary")
        assert got.body.startswith(b"SUCCESS")


async def test_given_an_origin_that_may_then_the_answer_says_so() -> None:
    async with serving(vicidial={"cors": SETTING}) as service:
        got = await _ask(service, f"Origin: {ORIGIN}")
        assert _of_cors(got) == {
            "Access-Control-Allow-Origin": ORIGIN,
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, X-Mine",
            "Access-Control-Allow-Credentials": "true",
        }
        assert got.header("Vary") == ["Origin"]
        assert got.body == b"SUCCESS: audio_playback function sent - hello_1|PLAY|1000\n"


async def test_given_nothing_but_the_origin_then_no_more_is_said() -> None:
    async with serving(vicidial={"cors": {"origins": ["*"]}}) as service:
        assert _of_cors(await _ask(service, "Origin: null")) == {
            "Access-Control-Allow-Origin": "null",
            "Access-Control-Allow-Methods": "GET, POST",
        }


@pytest.mark.parametrize("header", ["X: y", "Origin: https://evil.example", f"Origin: {ORIGIN}.x"])
async def test_given_another_origin_or_none_then_it_is_answered_and_not_allowed(
    header: str,
) -> None:
    async with serving(vicidial={"cors": SETTING}) as service:
        got = await _ask(service, header)
        assert not _of_cors(got)
        assert got.body.startswith(b"SUCCESS")


async def test_given_a_browser_that_asks_beforehand_then_an_empty_200_and_nothing_is_done() -> None:
    async with serving(vicidial={"cors": SETTING}) as service:
        got = await _ask(service, *PREFLIGHT, method="OPTIONS")
        assert (got.status_line, got.body) == ("HTTP/1.1 200 OK", b"")
        assert _of_cors(got)["Access-Control-Allow-Origin"] == ORIGIN
        assert not service.telephony.player.started


@pytest.mark.parametrize(
    "headers",
    [PREFLIGHT[:1], PREFLIGHT[1:], ("Origin: https://evil.example", PREFLIGHT[1])],
    ids=["no method asked for", "no origin", "another origin"],
)
async def test_given_options_that_is_none_of_that_then_it_acts(headers: tuple[str, ...]) -> None:
    async with serving(vicidial={"cors": SETTING}) as service:
        got = await _ask(service, *headers, method="OPTIONS")
        assert got.body.startswith(b"SUCCESS")


async def test_given_what_is_passed_on_then_it_may_be_read_too_unless_it_says_itself() -> None:
    async with vicidial() as fake:
        tables: dict[str, Any] = {"cors": {"origins": [ORIGIN]}, "upstream": fake.url}
        async with serving(vicidial=tables) as service:
            target, origin = "/agc/api.php?function=x", (f"Origin: {ORIGIN}",)
            got = await raw.ask(service, target, headers=origin)
            assert _of_cors(got)["Access-Control-Allow-Origin"] == ORIGIN
            fake.says = answer(b"x", OK + b"Access-Control-Allow-Origin: https://own.example\r\n")
            got = await raw.ask(service, target, headers=origin)
            assert _of_cors(got) == {"Access-Control-Allow-Origin": "https://own.example"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": ["*"], "credentials": True},
        {"origins": ["crm.example"]},
        {"origins": ["https://crm.example/path"]},
        {"origins": ["https://a\r\nX: y"]},
        {"methods": ["get"]},
        {"headers": ["A: b"]},
    ],
    ids=str,
)
def test_given_a_setting_that_is_none_then_it_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Cors.model_validate(wrong)
