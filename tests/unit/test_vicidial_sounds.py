"""`sounds_list` of non_agent_api.php: the lines, the orders, and every refusal."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from fakes.service import PASSWORD, Service, cheap_hash, serving

LEVELS = [
    {"user": "8888", "password_hash": cheap_hash(PASSWORD), "level": 7},
    {"user": "6666", "password_hash": cheap_hash(PASSWORD), "level": 6},
    {
        "user": "7777",
        "password_hash": cheap_hash(PASSWORD),
        "level": 9,
        "functions": "audio_playback",
    },
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three sounds, and what is none."""
    for name, size, modified in (
        ("b.wav", 30, 1_700_000_000),
        ("a.gsm", 200, 1_700_000_100),
        ("c & d.wav", 100, 1_600_000_000),
    ):
        (tmp_path / name).write_bytes(b"x" * size)
        os.utime(tmp_path / name, (modified, modified))
    (tmp_path / "notes.txt").write_text("no sound")
    (tmp_path / "below.wav").mkdir()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere")
    (tmp_path / "two\nlines.wav").write_text("")
    return tmp_path


async def ask(service: Service, **given: str) -> str:
    query = {
        "source": "test",
        "user": "8888",
        "pass": PASSWORD,
        "function": "sounds_list",
        "format": "tab",
        "stage": "name",
        "comments": "field",
        **given,
    }
    async with service.client.get("/vicidial/non_agent_api.php", params=query) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        return await response.text()


def table(folder: Path) -> dict[str, Any]:
    return {"sounds": {"folder": str(folder), "base_url": "https://sounds.example/store/"}}


def date(modified: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(modified))


async def test_given_a_folder_when_listed_by_name_then_a_line_for_each_sound(folder: Path) -> None:
    async with serving(users=LEVELS, vicidial=table(folder)) as service:
        assert await ask(service) == (
            f"0\ta.gsm\t{date(1_700_000_100)}.\t200\t1700000100\n"
            f"1\tb.wav\t{date(1_700_000_000)}.\t30\t1700000000\n"
            f"2\tc & d.wav\t{date(1_600_000_000)}.\t100\t1600000000\n"
        )


@pytest.mark.parametrize(
    ("stage", "names"),
    [
        ("name", ["a.gsm", "b.wav", "c & d.wav"]),
        ("NAME", ["a.gsm", "b.wav", "c & d.wav"]),
        ("date", ["a.gsm", "b.wav", "c & d.wav"]),
        ("size", ["a.gsm", "c & d.wav", "b.wav"]),
        ("", []),
        ("length", []),
    ],
)
async def test_given_an_order_then_the_sounds_are_in_it(
    folder: Path, stage: str, names: list[str]
) -> None:
    async with serving(users=LEVELS, vicidial=table(folder)) as service:
        lines = (await ask(service, stage=stage)).splitlines()
        assert [line.split("\t")[1] for line in lines] == names


async def test_given_the_format_of_links_then_each_sound_is_one(folder: Path) -> None:
    async with serving(users=LEVELS, vicidial=table(folder)) as service:
        base = "https://sounds.example/store"
        assert await ask(service, format="link") == (
            f'<a href="{base}/a.gsm">a.gsm</a><br>\n'
            f'<a href="{base}/b.wav">b.wav</a><br>\n'
            f'<a href="{base}/c%20%26%20d.wav">c &amp; d.wav</a><br>\n'
        )
        assert await ask(service, format="selectframe") == ""
        assert await ask(service, format="") == ""


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"pass": "wrong"}, "ERROR: Login incorrect, please try again: |8888||BAD|\n"),
        ({"user": "nobody"}, "ERROR: Login incorrect, please try again: |nobody||BAD|\n"),
        ({"user": "6666"}, "ERROR: Login incorrect, please try again: |6666||BAD|\n"),
        (
            {"user": "7777"},
            "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |7777|sounds_list|\n",
        ),
        ({"function": "moh_list"}, "ERROR: NO FUNCTION SPECIFIED\n"),
    ],
    ids=str,
)
async def test_given_who_may_not_then_vicidials_words(
    folder: Path, given: dict[str, str], answer: str
) -> None:
    async with serving(users=LEVELS, vicidial=table(folder)) as service:
        assert await ask(service, **given) == answer


async def test_given_ten_failures_then_the_eleventh_is_told_to_wait(folder: Path) -> None:
    async with serving(users=LEVELS, vicidial=table(folder)) as service:
        for _ in range(10):
            await ask(service, **{"pass": "wrong"})
        assert await ask(service) == (
            "ERROR: Too many login attempts, try again in 15 minutes: |8888|LOCK|\n"
        )


async def test_given_no_folder_in_the_settings_then_sound_control_is_not_active() -> None:
    async with serving(users=LEVELS) as service:
        assert await ask(service) == (
            "ERROR: sounds_list CENTRAL SOUND CONTROL IS NOT ACTIVE: |8888|0|\n"
        )


async def test_given_a_folder_that_is_not_there_then_that_is_said_and_not_where(
    tmp_path: Path,
) -> None:
    async with serving(users=LEVELS, vicidial=table(tmp_path / "gone")) as service:
        assert await ask(service) == (
            "ERROR: audio store web directory does not exist: |8888|sounds_list||\n"
        )
