"""Every client of the agent API that is known: how it asks, and how it reads the answer.

None of them can be had from npm or PyPI, so their habits are written down here.
"""

import re
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from fakes.service import PASSWORD, Service, serving

API = "/agc/api.php"
LOGIN = {"user": "6666", "pass": PASSWORD}
FUNCTION = {"function": "audio_playback", "agent_user": "1000"}


async def _get(service: Service, query: dict[str, str], **more: Any) -> str:
    async with service.client.get(API, params=query, allow_redirects=False, **more) as response:
        assert response.status == 200
        return await response.text()


# ---- VICIdial's own soundboard: a form by POST, and only the status counts ----------------------


async def test_given_the_soundboard_then_its_buttons_work() -> None:
    async with serving() as service:

        async def press(**more: str) -> str:
            form = {"source": "soundboard", **more, **FUNCTION, **LOGIN}
            form["agent_debug"] = "2026-01-01 10:00:00-----play_sound---vm-goodbye|"
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            async with service.client.post(API, data=urlencode(form), headers=headers) as response:
                assert response.status == 200
                return await response.text()

        for _ in range(2):
            answer = await press(stage="PLAY", dial_override="Y", value="vm-goodbye")
            assert "SUCCESS: audio_playback function sent - vm-goodbye|PLAY|1000" in answer
        assert await press(stage="STOP") == "SUCCESS: audio_playback function sent - |STOP|1000\n"


# ---- a TypeScript client: exceptions by words, fields by place ----------------------------------

_LINE = re.compile(r"^(SUCCESS|ERROR|NOTICE): (\S+) (.*?) - (.*)$")
_VERSION = re.compile(r"^VERSION: ([^|]+)\|BUILD: ([^|]+)\|DATE: ([^|]+)\|EPOCH: (\d+)$")


class _ClientError(Exception):
    pass


def _typescript(text: str) -> dict[str, str]:
    text = text.strip()
    if (version := _VERSION.match(text)) is not None:
        return dict(zip(("version", "build", "date", "epoch"), version.groups(), strict=True))
    if text.startswith("ERROR"):
        words = ("NOT LOGGED IN", "NOT VALID", "PERMISSION", "USERNAME/PASSWORD", "SOURCE")
        raise _ClientError(next((word for word in words if word in text.upper()), "OTHER"))
    line = _LINE.match(text)
    if line is None:
        return {"type": "SUCCESS", "raw": text}
    named = zip(("filename", "stage", "user"), line[4].split("|"), strict=False)
    return {"type": line[1], "function": line[2], **dict(named)}


async def test_given_the_typescript_client_then_it_finds_its_fields() -> None:
    async with serving() as service:
        query = {**LOGIN, "source": "vicijs", **FUNCTION}
        play = {**query, "stage": "PLAY", "value": "ss-noservice"}
        assert _typescript(await _get(service, play)) == {
            "type": "SUCCESS",
            "function": "audio_playback",
            "filename": "ss-noservice",
            "stage": "PLAY",
            "user": "1000",
        }
        stopped = _typescript(await _get(service, {**query, "stage": "STOP"}))
        assert (stopped["filename"], stopped["stage"], stopped["user"]) == ("", "STOP", "1000")
        version = _typescript(await _get(service, {"function": "version"}))
        assert version["version"] == "2.14-82"
        assert version["epoch"].isdigit()


async def test_given_the_typescript_client_then_two_lines_are_a_success_to_it() -> None:
    async with serving() as service:
        query = {**LOGIN, "source": "vicijs", **FUNCTION, "stage": "PLAY", "value": "hello_1"}
        await _get(service, query)
        answer = await _get(service, {**query, "dial_override": "Y"})
        assert _typescript(answer) == {"type": "SUCCESS", "raw": answer.strip()}
        assert [line.split(":")[0] for line in answer.splitlines()] == ["NOTICE", "SUCCESS"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"agent_user": "2000"}, "NOT LOGGED IN"),
        ({"stage": "REWIND"}, "NOT VALID"),
        ({"user": "7777"}, "PERMISSION"),
        ({"pass": "wrong"}, "USERNAME/PASSWORD"),
        ({"source": "x"}, "SOURCE"),
        ({"value": "nope"}, "OTHER"),
    ],
)
async def test_given_the_typescript_client_then_its_exceptions_have_their_class(
    changes: dict[str, str], words: str
) -> None:
    async with serving() as service:
        query = {**LOGIN, "source": "vicijs", **FUNCTION, "stage": "PLAY", "value": "hello_1"}
        answer = await _get(service, {**query, **changes})
        with pytest.raises(_ClientError, match=words):
            _typescript(answer)


# ---- a PHP wrapper: GET that says it is JSON, the raw body --------------------------------------


@pytest.mark.parametrize("headers", [{"Content-Type": "application/json"}, {}])
async def test_given_the_php_wrapper_then_the_body_is_the_line(headers: dict[str, str]) -> None:
    async with serving() as service:
        query = {"source": "test", **LOGIN, **FUNCTION, "stage": "PLAY", "value": "hello_1"}
        headers = {**headers, "Authorization": "Basic eDp5"}
        answer = await _get(service, query, headers=headers)
        assert answer == "SUCCESS: audio_playback function sent - hello_1|PLAY|1000\n"


async def test_given_the_old_php_wrapper_then_values_encoded_twice_are_what_vicidial_reads() -> (
    None
):
    async with serving() as service:
        query = {"source": "test", **LOGIN, **FUNCTION, "stage": "PLAY", "value": "hello_1"}
        twice = {name: quote_plus(value) for name, value in query.items()}
        answer = await _get(service, twice)
        assert answer == "SUCCESS: audio_playback function sent - hello_1|PLAY|1000\n"


# ---- a front end in the browser: other origin, first word, fields by bars -----------------------


def _browser(text: str) -> tuple[bool, list[str]]:
    good = text.startswith(("SUCCESS:", "NOTICE:"))
    assert good or text.startswith("ERROR:")
    return good, text.split("|")


async def test_given_a_front_end_of_another_origin_then_it_may_read_and_finds_its_words() -> None:
    origin = "https://crm.example"
    async with serving(vicidial={"cors": {"origins": [origin]}}) as service:
        query = {"source": "CCD_FRONTEND", **LOGIN, **FUNCTION}
        headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
        for stage, more, good in (
            ("PLAY", {"value": "hello_1", "dial_override": "N"}, True),
            ("PLAY", {"value": "hello_1", "dial_override": "N"}, False),
            ("PLAY", {"value": "ss-noservice", "dial_override": "Y"}, True),
            ("PAUSE", {}, True),
            ("RESUME", {}, True),
            ("STOP", {}, True),
            ("STOP", {}, False),
        ):
            params = {**query, "stage": stage, **more}
            async with service.client.get(API, params=params, headers=headers) as response:
                assert response.status == 200
                assert response.headers["Access-Control-Allow-Origin"] == origin
                read, fields = _browser(await response.text())
            assert read is good
            assert fields[-1] == "1000\n"


# ---- others -------------------------------------------------------------------------------------


async def test_given_a_proxy_that_builds_the_url_from_a_dict_then_what_is_empty_is_no_harm() -> (
    None
):
    async with serving() as service:
        query = {"source": "api", **LOGIN, **FUNCTION, "value": "", "dial_override": ""}
        answer = await _get(service, {**query, "stage": "PLAY", "value": "hello_1"})
        assert answer.startswith("SUCCESS: ")
        assert (await _get(service, {**query, "stage": "STOP"})).startswith("SUCCESS: ")


async def test_given_a_crm_that_posts_with_all_in_the_query_then_it_plays() -> None:
    async with serving() as service:
        query = {"source": "crm", **LOGIN, **FUNCTION, "stage": "PLAY", "value": "hello_1"}
        query["dial_override"] = "Y"
        async with service.client.post(API, params=query, allow_redirects=False) as response:
            assert response.status == 200
            assert (await response.text()).startswith("SUCCESS: ")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"agent_user": "2000"}, "AGENT_USER IS NOT LOGGED IN"),
        ({"pass": "wrong"}, "INVALID USERNAME/PASSWORD"),
        ({"user": "7777"}, "PERMISSION"),
        ({"value": "nope"}, "ERROR"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_given_an_agent_screen_that_looks_for_words_then_they_are_there(
    method: str, changes: dict[str, str], word: str
) -> None:
    async with serving() as service:
        fields = {"source": "bot-api", **LOGIN, **FUNCTION, "stage": "PLAY", "value": "hello_1"}
        given: Any = {"params" if method == "GET" else "data": {**fields, **changes}}
        async with service.client.request(method, API, **given) as response:
            text = await response.text()
            assert response.status == 200
        assert word in text.upper()
        assert word.lower() in text.lower()
        assert "SUCCESS" not in text.upper()
