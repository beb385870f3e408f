"""webserver and coffee: what runs here under VICIdial's labels, and no secrets."""

import re

import pytest
from fakes.service import HOST, PASSWORD, serving

LABELS = [
    "set.timezone",
    "abbr.timezone",
    "dst.timezone",
    "uname",
    "host name",
    "server name",
    "php version",
    "apache version",
    "apache processes",
    "system load average",
    "disk free space",
    "date.timezone",
    "maximum execution time",
    "maximum input time",
    "memory limit",
    "post maximum size",
    "upload maximum filesize",
    "default socket timeout",
]


async def test_given_webserver_then_the_labels_are_vicidials_and_the_facts_ours() -> None:
    async with serving() as service:
        answer = await service.vicidial(function="webserver", agent_user="")
        assert answer.startswith("<PRE>Webserver Data:\n")
        assert answer.endswith("\n</PRE>\n")
        lines = answer.removeprefix("<PRE>").removesuffix("</PRE>\n").splitlines()[1:]
        assert [line.partition(": ")[0] for line in lines] == LABELS
        assert all(line.partition(": ")[2] for line in lines)
        assert "callcue" in answer
        for secret in (PASSWORD, "ami-s3cret", HOST):
            assert secret not in answer
        assert re.search(r"^system load average: [\d.]+$", answer, re.MULTILINE)


async def test_given_webserver_then_the_link_is_not_reached() -> None:
    async with serving() as service:
        answer = await service.vicidial(function="webserver", close_window_link="1")
        assert answer.endswith("</PRE>\n")


async def test_given_webserver_without_login_then_it_is_asked_for() -> None:
    async with serving() as service:
        assert await service.vicidial(function="webserver", source="x") == (
            "ERROR: Invalid Source - x\n"
        )
        answer = await service.vicidial(function="webserver", **{"pass": "wrong"})
        assert answer == "ERROR: Invalid Username/Password: |6666||0|0|BAD|\n"


@pytest.mark.parametrize("zone", ["Europe/Berlin", ":Asia/Tokyo", ""])
async def test_given_a_time_zone_then_it_is_named(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    async with serving() as service:
        answer = await service.vicidial(function="webserver")
        assert f"set.timezone: {zone.lstrip(':')}" in answer


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_given_coffee_then_we_are_a_teapot(method: str) -> None:
    async with (
        serving() as service,
        service.client.request(method, "/agc/api.php?function=coffee") as response,
    ):
        assert response.status == 418
        assert await response.text() == "Coffee: coffee|Error 418 I'm a teapot"
