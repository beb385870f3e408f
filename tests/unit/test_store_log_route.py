"""GET /vicidial/log: what operators read of the record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.answers import NOW, answered
from fakes.service import OPERATOR_KEY, Service, serving

from callcue.api.moments import moment
from callcue.api.vicidial.record import Answered
from callcue.store.store import Store

LOG = "/vicidial/log"


@asynccontextmanager
async def _serving(*answers: Answered) -> AsyncIterator[Service]:
    store = Store()
    async with serving(store) as service:
        for one in answers:
            store.answers.wrote(one)
        await store.answers.write()
        yield service


def _answered(number: int = 0, **more: Any) -> Answered:
    numbered = {"at": NOW + timedelta(seconds=number), "agent": str(1000 + number)}
    return answered(**{**numbered, **more})


async def _log(service: Service, query: str = "", **more: Any) -> tuple[int, Any]:
    return await service.bird("GET", f"{LOG}{query}", key=OPERATOR_KEY, **more)


async def test_given_an_answer_then_it_is_shown_whole() -> None:
    async with _serving(_answered()) as service:
        status, body = await _log(service)
    assert status == 200
    assert body["nextPageToken"] is None
    (shown,) = body["results"]
    assert shown == {
        "number": shown["number"],
        "at": NOW.isoformat(timespec="milliseconds"),
        "user": "6666",
        "agent": "1000",
        "function": "audio_playback",
        "stage": "PLAY",
        "value": "hello",
        "result": "SUCCESS",
        "reason": "SUCCESS: audio_playback function sent - hello|PLAY|1000",
        "source": "test",
        "address": "10.0.0.1",
        "milliseconds": 12.3,
    }


async def test_given_more_than_a_page_then_the_tokens_lead_through_all_of_them() -> None:
    async with _serving(*map(_answered, range(7))) as service:
        seen: list[str] = []
        token: Any = ""
        for size in (3, 3, 1):
            status, body = await _log(service, f"?limit=3&pageToken={token}")
            assert (status, len(body["results"])) == (200, size)
            seen += [shown["agent"] for shown in body["results"]]
            token = body["nextPageToken"]
        assert token is None
    assert seen == [str(1000 + number) for number in range(6, -1, -1)]


@pytest.mark.parametrize(
    ("query", "agents"),
    [
        ("?user=bob", ["1001"]),
        ("?agent=1002", ["1002"]),
        ("?function=version", ["1003"]),
        ("?result=ERROR", ["1002"]),
        ("?result=ERROR&user=bob", []),
        ("?since=1h", ["1003", "1002", "1001"]),
        ("?since=2000-01-01", ["1003", "1002", "1001", "1000"]),
        ("?limit=1", ["1003"]),
    ],
)
async def test_given_filters_then_only_those(query: str, agents: list[str]) -> None:
    answers = (
        _answered(0, at=NOW - timedelta(days=3)),
        _answered(1, user="bob"),
        _answered(2, result="ERROR"),
        _answered(3, function="version"),
    )
    async with _serving(*answers) as service:
        _, body = await _log(service, query)
    assert [shown["agent"] for shown in body["results"]] == agents


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?limit=x", "limit"),
        ("?since=yesterday", "since"),
        ("?since=", "since"),
        ("?user=", "user"),
        (f"?agent={'x' * 101}", "agent"),
        ("?pageToken=x", "pageToken"),
        ("?pageToken=-1", "pageToken"),
        (f"?pageToken={'9' * 19}", "pageToken"),
        ("?who=ann", "who"),
        ("?user=a&user=b", "user"),
    ],
)
async def test_given_a_query_that_cannot_be_then_422_says_where(query: str, field: str) -> None:
    async with _serving() as service:
        status, body = await _log(service, query)
    assert (status, body["code"]) == (422, "invalid_request")
    assert list(body["details"]) == [f"$query.{field}"]


async def test_given_a_store_out_of_reach_then_503(tmp_path: Path) -> None:
    async with serving(Store(f"sqlite+aiosqlite:///{tmp_path}")) as service:
        status, body = await _log(service)
        assert (status, body["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T14:05", datetime(2026, 1, 31, 14, 5, tzinfo=UTC)),
        ("2026-01-31T14:05:06Z", datetime(2026, 1, 31, 14, 5, 6, tzinfo=UTC)),
        ("2026-01-31 14:05+02:00", datetime(2026, 1, 31, 12, 5, tzinfo=UTC)),
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("999999w", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_given_a_time_as_people_say_it_then_it_is_that(text: str, at: datetime) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize("text", ["", "x", "7", "d", "-7d", "7y", "2026-13-01", "1e3s"])
def test_given_what_is_no_time_then_it_says_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time as"):
        moment(text, NOW)
