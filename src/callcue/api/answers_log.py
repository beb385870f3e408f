"""The record of `api.php`'s answers, for operators: `GET /vicidial/log`."""

from datetime import UTC, datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import BeforeValidator, Field, WithJsonSchema

from .bird.answers import Published
from .bird.codes import Answer, Code
from .bird.entrance import Entrance
from .bird.envelope import error_response
from .bird.models import Query
from .bird.refusals import Refused
from .moments import moment
from .rights import Right
from .vicidial.written import RecordOutOfReach, Wanted, Written, WrittenRecord

LARGEST_PAGE = 1000

_UNAVAILABLE = Answer(503, Code.STORE_UNAVAILABLE, "the record cannot be read now", 5)

Word = Annotated[str, Field(min_length=1, max_length=100)]
Moment = Annotated[
    datetime,
    BeforeValidator(lambda text: moment(text, datetime.now(UTC))),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
                {"type": "string", "pattern": "^[0-9]{1,6}[smhdw]$"},
            ]
        }
    ),
]


class LogQuery(Query):
    """Which answers."""

    user: Word | None = None
    agent: Word | None = None
    function: Word | None = None
    result: Word | None = None
    """The word that the answer begins with."""
    since: Moment | None = None
    """`2026-01-31`, `2026-01-31T14:00`, or so long ago: `30m`, `12h`, `7d`. UTC."""
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 25
    """How many at most."""
    pageToken: Annotated[str, Field(pattern=r"^[0-9]{0,18}$")] = ""  # noqa: N815
    """`nextPageToken` of the page before."""

    def wanted(self) -> Wanted:
        """In the record's words, and one more: it tells whether there is another page."""
        return Wanted(
            user=self.user,
            agent=self.agent,
            function=self.function,
            result=self.result,
            since=self.since,
            limit=self.limit + 1,
            before=int(self.pageToken) if self.pageToken else None,
        )


class WrittenAnswer(Published):
    """One answer of `api.php`."""

    number: int
    at: datetime
    user: str
    agent: str
    function: str
    stage: str
    value: str
    result: str
    """The word that the answer begins with."""
    reason: str
    """The answer."""
    source: str
    address: str
    milliseconds: float
    """From the request to the answer."""


class LogPage(Published):
    """Some of the record, the newest first."""

    results: list[WrittenAnswer]
    nextPageToken: str | None  # noqa: N815
    """To be given as `pageToken` for the next page; null on the last one."""


class AnswersLog:
    """Shows the record, the newest first. Errors are in the form of the JSON API."""

    def __init__(self, record: WrittenRecord, entrance: Entrance) -> None:
        self._record = record
        self._entrance = entrance

    async def handle(self, request: web.Request) -> web.Response:
        """GET /vicidial/log"""
        try:
            self._entrance.scope(request, Right.OPERATOR)
            return await self._show(request)
        except Refused as refused:
            return error_response(refused.answer, refused.details)
        except RecordOutOfReach:
            return error_response(_UNAVAILABLE)

    async def _show(self, request: web.Request) -> web.Response:
        query = LogQuery.of_request(request)
        found = await self._record.newest(query.wanted())
        page = found[: query.limit]
        token = str(page[-1].number) if len(found) > len(page) else None
        return web.json_response({"results": [view(one) for one in page], "nextPageToken": token})


def view(written: Written) -> dict[str, Any]:
    """One answer, as JSON has it."""
    answered = written.answered
    return {
        "number": written.number,
        "at": answered.at.isoformat(timespec="milliseconds"),
        "user": answered.user,
        "agent": answered.agent,
        "function": answered.function,
        "stage": answered.stage,
        "value": answered.value,
        "result": answered.result,
        "reason": answered.reason,
        "source": answered.source,
        "address": answered.address,
        "milliseconds": round(answered.seconds * 1000, 1),
    }
