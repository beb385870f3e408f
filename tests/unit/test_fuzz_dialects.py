"""Requests that no client sends, at both dialects: an answer, no fault, and nothing secret told.

Bodies and parameters of one dialect alone are in `test_bird_hostile` and `test_vicidial_hostile`,
what the description allows and forbids in `test_openapi_requests`. Here it is the rest of a
request: its method, its target, its headers and how its body comes.
"""

import asyncio
import logging
import re

import pytest
import structlog
from fakes import raw
from fakes.service import CHANNEL, KEY, OPERATOR_KEY, PASSWORD, WORKSPACE, Service, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from stateful.everywhere import SAME_EVERYWHERE

from callcue.logs import QuotesNoRequest

SECRETS = [KEY, OPERATOR_KEY, PASSWORD, "ami-s3cret", "argon2id"]
LOGIN = f"source=test&user=6666&pass={PASSWORD}&agent_user=1000&function=audio_playback"
CALLS = f"/workspaces/{WORKSPACE}/channels/{CHANNEL}/calls"
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"])
TARGETS = st.sampled_from(
    f"""/agc/api.php
    /agc/api.php?{LOGIN}&stage=PLAY&value=x
    /agc/api.php?{LOGIN}&stage=STOP
    /vicidial/non_agent_api.php
    /vicidial/non_agent_api.php?{LOGIN}
    /vicidial/log?limit=1
    {CALLS}
    {CALLS}?limit=5
    {CALLS}/CALL/playback
    {CALLS}/CALL/playback/seek
    {CALLS}/CALL/playback/volume
    /workspaces/{WORKSPACE}/media/check
    /workspaces/{WORKSPACE}/playbacks/CALL
    /sounds /sounds/offer /sounds/a%2fb /health/ready /openapi.json /docs / * //x/y
    http://other/agc/api.php""".split()
)
TAILS = st.sampled_from(["", "", "?", "&", "?a=%ff%00", "&x[]=1&x[]=2", "/%2e%2e/", "%0d%0aX:%20y"])
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=25)
NAMES = st.sampled_from(
    [
        "Content-Type",
        "Content-Encoding",
        "Content-Length",
        "Transfer-Encoding",
        "Expect",
        "Host",
        "Connection",
        "Upgrade",
        "Accept",
        "Authorization",
        "X-Forwarded-For",
        "Origin",
        "Range",
        "If-None-Match",
        "Cookie",
        "X-Request-Id",
        "Access-Control-Request-Method",
        "TE",
        "Date",
    ]
) | st.from_regex(r"[A-Za-z-]{1,12}", fullmatch=True)
VALUES = TEXT | st.sampled_from(
    f"""application/json
application/json; charset=utf-16
multipart/form-data
multipart/form-data; boundary=b
application/x-www-form-urlencoded
gzip
identity
chunked
chunked, chunked
0
-1
5
99999999999
100-continue
h2c
websocket
close
keep-alive, Upgrade
bytes=0-
AccessKey
AccessKey {KEY}
Basic Og==
Digest username=x
1.2.3.4, ::1, x
*
null
https://crm.example
a=b; c=\x7f""".split("\n")
)
HEADERS = st.lists(st.tuples(NAMES, VALUES).map(lambda p: f"{p[0]}: {p[1]}"), max_size=8)
FORM = b'--b\r\nContent-Disposition: form-data; name="stage"\r\n\r\nPLAY\r\n--b--'
PLAY = f"{LOGIN}&stage=PLAY&value=hello_1".encode()
JSON = [b"", b"{}", b'{"media":["sound:hello_1"]}', b"[1]", b"\xff\xfe"]
OTHERS = [FORM, b"--b\r\n", PLAY, b"a=b&c", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"x" * 70_000]
BODIES = st.none() | st.sampled_from([*JSON, *OTHERS])
REQUESTS = st.tuples(METHODS, TARGETS, TAILS, HEADERS, BODIES, st.booleans())


class _Log(logging.Handler):
    """All lines, those of libraries too, as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[int, str]] = []
        self.addFilter(QuotesNoRequest())
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelno, self.format(record)))


@settings(SAME_EVERYWHERE, max_examples=20)
@given(st.lists(REQUESTS, min_size=10, max_size=25))
def test_given_any_request_then_an_answer_no_fault_and_no_secret(
    requests: list[tuple[str, str, str, list[str], bytes | None, bool]],
) -> None:
    log = _Log()
    logging.getLogger().addHandler(log)
    try:
        with structlog.testing.capture_logs() as ours:
            asyncio.run(_ask_all(requests))
    finally:
        logging.getLogger().removeHandler(log)
    faults = [line for level, line in log.lines if level >= logging.ERROR]
    assert not faults
    assert not [line for line in ours if line["log_level"] in ("error", "critical")]
    written = str(ours) + "".join(line for _, line in log.lines)
    assert not [secret for secret in SECRETS if secret in written]


async def _ask_all(
    requests: list[tuple[str, str, str, list[str], bytes | None, bool]],
) -> None:
    async with serving() as service:
        for method, target, tail, headers, body, right in requests:
            lines = (f"Authorization: AccessKey {KEY}",) if right else ()
            path = target.replace("CALL", str(service.customer.id)) + tail
            await _ask(service, method, path, body, (*headers, *lines))
        assert "SUCCESS" in await service.vicidial(stage="PLAY", value="hello_1", dial_override="Y")


async def _ask(
    service: Service, method: str, path: str, body: bytes | None, lines: tuple[str, ...]
) -> None:
    head = [f"{method} {path} HTTP/1.1", "Host: screen.example", "Connection: close", *lines]
    if body is not None and not any(line.lower().startswith("content-length") for line in lines):
        head.append(f"Content-Length: {len(body)}")
    reader, writer = await raw.connect(service)
    try:
        writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + (body or b""))
        writer.write_eof()  # whoever waits for more of a body learns that there is none
        async with asyncio.timeout(10):
            said = await raw._everything(reader)
    finally:
        writer.close()
    _judge(said, path)


def _judge(said: bytes, path: str) -> None:
    """Nothing at all is an answer to a body that never came."""
    for status in re.findall(rb"^HTTP/1\.1 (\d{3})", said):
        assert int(status) < 500 or int(status) == 503, (path, said)
    assert b"Traceback" not in said
    told = said.decode("latin-1")
    assert not [secret for secret in SECRETS if secret in told], (path, said)


@pytest.mark.parametrize("secret", SECRETS)
def test_given_the_secrets_then_they_are_what_the_service_has(secret: str) -> None:
    assert len(secret) >= 8
