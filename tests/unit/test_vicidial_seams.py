"""What others plug into api.php: functions, the switch, users out of reach, pages of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fakes.paces import unhurried
from fakes.upstream import vicidial

from callcue.api.address import ClientAddress
from callcue.api.rates import Paces, Rate, Rates
from callcue.api.stored_passwords import Argon2
from callcue.api.users import ApiUser, UsersOutOfReach
from callcue.api.vicidial import fronter, wire
from callcue.api.vicidial.cors import Cors
from callcue.api.vicidial.elsewhere import Elsewhere, OtherPaths
from callcue.api.vicidial.functions import Said
from callcue.api.vicidial.handler import ApiPhp
from callcue.api.vicidial.parameters import Parameters
from callcue.api.vicidial.request import parameters
from callcue.api.vicidial.upstream import Upstream

ASK = "/agc/api.php?source=test&user=6666&pass=1234&function=ours&close_window_link=1"


class _Users:
    def __init__(self, reached: bool = True) -> None:
        self.reached = reached

    async def log_in(self, *_: Any) -> ApiUser:
        if not self.reached:
            raise UsersOutOfReach
        return ApiUser("6666", Argon2(""))


class _Function:
    def __init__(self, says: Said | str) -> None:
        self.says = says

    async def answer(self, _: Parameters, user: ApiUser) -> Said | str:
        assert user.name == "6666"
        return self.says


async def _off() -> bool:
    return False


@asynccontextmanager
async def served(api: ApiPhp) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    app.router.add_route("*", "/agc/api.php", api.handle)
    async with TestClient(TestServer(app)) as client:
        yield client


def made(
    says: Said | str = "",
    reached: bool = True,
    switch: Callable[[], Awaitable[bool]] | None = None,
) -> ApiPhp:
    return ApiPhp(
        functions={"ours": _Function(says)},
        users=_Users(reached),  # type: ignore[arg-type]
        paces=unhurried(),
        address=ClientAddress(),
        build="1",
        switch=switch,
    )


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        ("SUCCESS: x", f"SUCCESS: x\n{wire.CLOSE_LINK}"),
        ("", wire.CLOSE_LINK),
        (
            "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - a|b|c|d",
            "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - a|b|c|d\n",
        ),
        (Said("x", ends_here=True), "x\n"),
        (Said("x", newline=False), f"x{wire.CLOSE_LINK}"),
    ],
)
async def test_given_a_function_then_its_answer_is_ended_and_linked(
    says: Said | str, answer: str
) -> None:
    async with served(made(says)) as client, client.get(ASK) as response:
        assert await response.text() == answer


async def test_given_somebody_else_switched_it_off_then_it_says_so() -> None:
    async with served(made(switch=_off)) as client, client.get(ASK) as response:
        assert await response.text() == "ERROR: System API NOT ACTIVE\n"


@pytest.mark.parametrize(
    ("function", "stage", "let_in"),
    [
        ("audio_playback", "STOP", True),
        ("audio_playback", "PLAY", False),
        (fronter.FUNCTION, "", True),
        ("ours", "STOP", False),
    ],
)
async def test_given_a_user_who_asks_too_often_then_only_what_ends_a_clip_is_let_in(
    function: str, stage: str, let_in: bool
) -> None:
    paces = Paces(Rates(Rate(0.01, 1)))
    api = ApiPhp(
        functions=dict.fromkeys(("audio_playback", fronter.FUNCTION, "ours"), _Function("done")),
        users=_Users(),  # type: ignore[arg-type]
        paces=paces,
        address=ClientAddress(),
        build="1",
    )
    paces.let_in("6666", "6666")
    query = {"source": "test", "user": "6666", "pass": "1234", "agent_user": "1000"}
    query |= {"function": function, "stage": stage}
    async with served(api) as client:
        async with client.get("/agc/api.php", params=query) as response:
            said = await response.text()
        refused = f"ERROR: {function} error - too many requests - {stage}|1000\n"
        assert said == ("done\n" if let_in else refused)


async def test_given_users_out_of_reach_then_it_is_a_line_of_the_login() -> None:
    async with served(made(reached=False)) as client, client.get(ASK) as response:
        assert response.status == 200
        text = await response.text()
        assert text == "ERROR: Invalid Username/Password: |6666||0|0|ERRSERVERS|\n"


@pytest.mark.parametrize("size", [10, 2 * 1024 * 1024])
async def test_given_a_page_that_has_read_the_form_then_it_can_still_be_passed_on(
    size: int,
) -> None:
    async with vicidial() as fake:
        upstream = Upstream(fake.url)
        pages = OtherPaths(upstream, made(), ClientAddress())

        async def page(request: web.Request) -> web.StreamResponse:
            assert (await parameters(request)).function == ("other" if size < 1000 else "")
            return await pages.handle(request)

        app = web.Application()
        app.router.add_route("*", "/vicidial/non_agent_api.php", page)
        form = BytesIO(b"function=other&x=" + b"y" * size)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        async with (
            upstream.running(),
            TestClient(TestServer(app)) as client,
            client.post("/vicidial/non_agent_api.php", data=form, headers=kind) as response,
        ):
            text = await response.text()
        if size < 1000:
            assert text.startswith("SUCCESS: from upstream")
            assert fake.seen[0].body == b"function=other&x=" + b"y" * size
        else:
            assert (response.status, text) == (
                502,
                "VICIdial server unavailable: the form is too long, or broken\n",
            )


async def test_given_an_upstream_that_does_not_run_then_it_is_an_error_line() -> None:
    api = ApiPhp(
        functions={},
        users=_Users(),  # type: ignore[arg-type]
        paces=unhurried(),
        address=ClientAddress(),
        build="1",
        elsewhere=Elsewhere(Upstream("http://127.0.0.1:1"), Cors()),
    )
    async with served(api) as client, client.get("/agc/api.php?function=x") as response:
        assert await response.text() == "ERROR: VICIdial server unavailable - not running|x|\n"
