"""Every row of the table: status, headers and body, when nothing plays and when something does."""

from collections import Counter

import pytest
from fakes import raw
from fakes.service import PASSWORD, Service, serving
from tables.vicidial import ROWS, Row

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache, must-revalidate",
    "Pragma": "no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
OF_EVERY_ANSWER = {"Content-Length", "Date", "Server", "X-Request-Id", "Connection"}
REASONS = {200: "OK", 418: "I'm a Teapot"}


def _name(row: Row) -> str:
    return row.name


async def _ask(service: Service, row: Row) -> raw.Answer:
    kind = (f"Content-Type: {row.kind}",) if row.kind else ()
    target = f"{row.path}?{row.query}" if row.query else row.path
    return await raw.ask(service, target, row.method, row.form, (*kind, *row.headers))


def _holds(answer: raw.Answer, row: Row, body: str) -> None:
    assert answer.body.decode() == body
    assert answer.status_line == f"HTTP/1.1 {row.status} {REASONS[row.status]}"
    headers = dict(answer.headers)
    assert len(headers) == len(answer.headers)
    assert headers.items() >= HEADERS.items()
    assert headers.keys() - HEADERS.keys() <= OF_EVERY_ANSWER
    assert headers["Content-Length"] == str(len(answer.body))
    assert PASSWORD not in str(answer)


@pytest.mark.parametrize("row", ROWS, ids=_name)
async def test_given_nothing_plays_then_the_answer_is(row: Row) -> None:
    async with serving() as service:
        _holds(await _ask(service, row), row, row.answers[0])


@pytest.mark.parametrize("row", ROWS, ids=_name)
async def test_given_something_plays_then_the_answer_is(row: Row) -> None:
    async with serving() as service:
        assert (await service.play("vm-goodbye")).startswith("SUCCESS")
        _holds(await _ask(service, row), row, row.answers[1])


def test_given_the_table_then_it_is_large_and_no_name_is_there_twice() -> None:
    assert len(ROWS) >= 150
    assert max(Counter(row.name for row in ROWS).values()) == 1
