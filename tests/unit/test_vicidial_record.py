"""Every answer is written down, and never a password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer
from fakes.paces import unhurried
from fakes.service import OPERATOR_KEY, PASSWORD, serving
from fakes.upstream import OK, FakeVicidial, answer, vicidial
from yarl import URL

from callcue.api.address import ClientAddress
from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser
from callcue.api.vicidial.cors import Cors
from callcue.api.vicidial.elsewhere import Elsewhere, OtherPaths
from callcue.api.vicidial.functions import Said
from callcue.api.vicidial.handler import ApiPhp
from callcue.api.vicidial.login import Refused
from callcue.api.vicidial.parameters import Parameters
from callcue.api.vicidial.record import LONGEST_REASON, Answered, Asked
from callcue.api.vicidial.upstream import Upstream
from callcue.store.store import Store

PAGE = "/agc/vicidial.php"
USER = ApiUser("6666", Argon2(""))
ASK = f"source=test&user=6666&pass={PASSWORD}&agent_user=1000&value=v&stage=PLAY"


@dataclass
class Kept:
    """A record in memory."""

    answers: list[Answered] = field(default_factory=list)

    def wrote(self, answered: Answered) -> None:
        self.answers.append(answered)


class _Users:
    async def log_in(self, asked: Parameters, _: str) -> ApiUser:
        if asked.password != PASSWORD:
            raise Refused("ERROR: Invalid Username/Password: |6666||0|0|BAD|", "BAD")
        return USER


class _Function:
    async def answer(self, asked: Parameters, user: ApiUser) -> Said:
        assert user is USER
        if asked.value == "fault":
            raise ValueError(PASSWORD)
        return Said(f"NOTICE: a - b\nSUCCESS: c - {asked.value}")


@dataclass
class Recorded:
    client: TestClient[Any, Any]
    kept: Kept
    fake: FakeVicidial

    async def ask(self, query: str) -> Answered:
        """The one record of one request."""
        return await self.page("GET", f"/agc/api.php?{query}")

    async def page(self, method: str, target: str, **more: Any) -> Answered:
        """The same of any page."""
        url = URL(target, encoded=True)
        async with self.client.request(method, url, allow_redirects=False, **more) as response:
            await response.read()
        (answered,) = self.kept.answers
        self.kept.answers.clear()
        assert PASSWORD not in str(astuple(answered))
        return answered


@asynccontextmanager
async def recorded() -> AsyncIterator[Recorded]:
    async with vicidial() as fake:
        kept, upstream, users = Kept(), Upstream(fake.url), _Users()
        api = ApiPhp(
            functions={"ours": _Function()},
            users=users,  # type: ignore[arg-type]
            paces=unhurried(),
            address=ClientAddress(),
            build="1",
            elsewhere=Elsewhere(upstream, Cors()),
            record=kept,
        )
        app = web.Application()
        pages = OtherPaths(upstream, api, ClientAddress(), kept)
        app.router.add_route("*", "/agc/api.php", api.handle)
        app.router.add_route("*", "/{page:.*}", pages.handle)
        async with upstream.running(), TestClient(TestServer(app)) as client:
            yield Recorded(client, kept, fake)


async def test_given_an_answer_then_all_of_it_is_written_down() -> None:
    async with recorded() as it:
        before = datetime.now(UTC)
        got = await it.ask(f"{ASK}&function=ours")
        assert before <= got.at <= datetime.now(UTC)
        assert 0 < got.seconds < 5
        assert astuple(got)[1:-1] == (
            "6666",
            "1000",
            "ours",
            "PLAY",
            "v",
            "NOTICE",
            "NOTICE: a - b / SUCCESS: c - v",
            "test",
            "127.0.0.1",
        )


@pytest.mark.parametrize(
    ("query", "result", "reason"),
    [
        ("function=version", "VERSION", "VERSION: 2.14-82|BUILD: 1|"),
        ("function=coffee", "", "Coffee: coffee|Error 418"),
        ("function=ours", "ERROR", "ERROR: Invalid Source - "),
        (f"{ASK}&function=ours&pass=x", "ERROR", "ERROR: Invalid Username/Password: |6666||"),
        (f"{ASK}&function=ours&value=fault", "ERROR", "ERROR: audio_playback error - internal"),
    ],
)
async def test_given_any_answer_of_ours_then_its_word_and_its_text_are_kept(
    query: str, result: str, reason: str
) -> None:
    async with recorded() as it:
        got = await it.ask(query)
        assert got.result == result
        assert got.reason.startswith(reason)


@pytest.mark.parametrize(
    ("says", "result", "reason"),
    [
        (answer(b"SUCCESS: x function set - 1|2\n"), "SUCCESS", "SUCCESS: x function set"),
        (answer(b"NOTICE: a|b\n"), "NOTICE", "NOTICE: a"),
        (
            answer(f"ERROR: Invalid Username/Password: |6666|{PASSWORD}|0|0|BAD|".encode()),
            "ERROR",
            "ERROR: Invalid Username/Password",
        ),
        (answer(f"ERROR: {PASSWORD} is wrong".encode()), "ERROR", "ERROR"),
        (answer(b""), "200", None),
        (answer(b"<html>ERROR: x"), "200", None),
        (answer(b"SUCCESS: x", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"), "200", None),
        (answer(b"SUCCESS: x", OK + b"Content-Encoding: x\r\n"), "200", None),
        (answer(b"", b"HTTP/1.1 503 Busy\r\n"), "503", None),
        (b"", "ERROR", "ERROR: VICIdial server unavailable - no answer"),
    ],
)
async def test_given_an_answer_of_the_server_behind_then_its_first_words_are_kept(
    says: bytes, result: str, reason: str | None
) -> None:
    async with recorded() as it:
        it.fake.says = says
        got = await it.ask(f"{ASK}&function=theirs")
        assert (got.function, got.user, got.agent) == ("theirs", "6666", "1000")
        assert got.result == result
        if reason is not None:
            assert got.reason.removeprefix("passed on: ").startswith(reason)
            assert "|6666" not in got.reason


# ---- other pages --------------------------------------------------------------------------------


async def test_given_a_page_then_who_asked_for_what_is_written_down_and_no_password() -> None:
    async with recorded() as it:
        it.fake.says = answer(f"ERROR: no - 6666|{PASSWORD}".encode())
        before = datetime.now(UTC)
        got = await it.page(
            "POST",
            f"/agc/vdc_db_query.php?user=6666&pass={PASSWORD}&agent_user=1000&source=screen"
            f"&VD_pass={PASSWORD}&value={PASSWORD}&stage={PASSWORD}&function={PASSWORD}",
            data={"user": "7777", "pass": PASSWORD, "ACTION": PASSWORD},
            headers={"Authorization": encode_basic_auth("6666", PASSWORD)},
        )
        assert before <= got.at <= datetime.now(UTC)
        assert 0 < got.seconds < 5
        assert astuple(got)[1:-1] == (
            "6666",
            "1000",
            "/agc/vdc_db_query.php",
            "POST",
            "",
            "200",
            "passed on",
            "screen",
            "127.0.0.1",
        )
        assert got.is_page


@pytest.mark.parametrize(
    ("target", "page"),
    [
        ("/vicidial/admin.php", "/vicidial/admin.php"),
        ("/agc//x/../vicidial.php?user=1", "/agc/vicidial.php"),
        ("/vicidial/a%20b/", "/vicidial/a b/"),
        (f"/agc/vicidial.php%3Fpass={PASSWORD}", "/agc/vicidial.php"),
        (f"/agc/vicidial.php;pass={PASSWORD}", "/agc/vicidial.php"),
        (f"/agc/vicidial.php&pass={PASSWORD}", "/agc/vicidial.php"),
        (f"/agc/{'x' * 300}", f"/agc/{'x' * 250}"),
    ],
    ids=str,
)
async def test_given_any_path_then_it_is_the_function_without_what_may_be_a_query(
    target: str, page: str
) -> None:
    async with recorded() as it:
        got = await it.page("GET", target)
        assert (got.function, got.stage, got.user) == (page, "GET", got.user and "1")


@pytest.mark.parametrize(
    ("says", "result", "reason"),
    [
        (answer(b"", b"HTTP/1.1 302 Found\r\nLocation: /x\r\n"), "302", "passed on"),
        (answer(b"", b"HTTP/1.1 503 Busy\r\n"), "503", "passed on"),
        (b"", "502", "VICIdial server unavailable: no answer: ClientConnectionError"),
    ],
)
async def test_given_any_answer_to_a_page_then_its_status_is_kept(
    says: bytes, result: str, reason: str
) -> None:
    async with recorded() as it:
        it.fake.says = says
        got = await it.page("GET", "/agc/vicidial.php")
        assert (got.result, got.reason) == (result, reason)


async def test_given_another_way_to_api_php_then_it_is_written_down_once_and_as_that() -> None:
    async with recorded() as it:
        got = await it.page("GET", f"/agc//api.php?{ASK}&function=ours")
        assert (got.function, got.stage, got.is_page) == ("ours", "PLAY", False)


async def test_given_a_path_that_leads_out_then_there_is_nothing_to_write_down() -> None:
    async with recorded() as it, it.client.get(URL("/agc/%2e%2e/x", encoded=True)) as response:
        assert response.status == 404
        assert not it.kept.answers


async def test_given_pages_and_both_apis_then_operators_see_each_once() -> None:
    async with vicidial() as fake:
        store = Store()
        upstream = {"url": fake.url, "other_paths": True}
        async with serving(store, vicidial={"upstream": upstream}) as service:
            for path in (
                "/agc/vicidial.php?user=ann",
                "/vicidial/non_agent_api.php?function=add_lead&user=ann",
                "/vicidial/non_agent_api.php/../../agc//api.php?function=external_pause&user=ann",
                "/agc/api.php?function=external_pause&user=ann",
            ):
                url = service.client.make_url("/").join(URL(path, encoded=True))
                async with service.client.session.get(url) as response:
                    assert response.status == 200
            await store.answers.write()
            _, body = await service.bird("GET", "/vicidial/log?user=ann", key=OPERATOR_KEY)
            functions = [shown["function"] for shown in body["results"]]
            assert functions == ["external_pause", "external_pause", "add_lead", PAGE]
            path = f"/vicidial/log?function={PAGE}"
            _, body = await service.bird("GET", path, key=OPERATOR_KEY)
            (shown,) = body["results"]
            assert (shown["stage"], shown["result"], shown["user"]) == ("GET", "200", "ann")


def test_given_long_answers_and_fields_then_they_are_cut_off() -> None:
    asked = Asked(datetime.now(UTC), Parameters(stage="s" * 9999, value="v" * 9999), "a")
    got = asked.answered("ERROR: " + "x" * 9999, 0.1)
    assert (len(got.reason), len(got.stage), len(got.value)) == (LONGEST_REASON, 255, 255)


async def test_given_no_record_then_it_is_answered_all_the_same() -> None:
    async with serving() as service:
        assert (await service.play()).startswith("SUCCESS")
