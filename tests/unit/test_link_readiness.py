"""What the service says of a link that is not up: in readiness, and in its log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp.test_utils import TestClient, TestServer
from fake_ami.pbx import FakePbx
from fakes.service import settings
from structlog.testing import capture_logs

from callcue.app import make_app
from callcue.asterisk.server import AsteriskAddress, AsteriskServer
from callcue.asterisk.status import LinkTimings
from callcue.store.ledger import MemoryLedger

REASON = (
    "Asterisk refused the login of AMI user 'callcue': Authentication failed"
    " (look at its secret, permit and deny in manager.conf)"
)


class Watched:
    def __init__(self, server: AsteriskServer, client: TestClient) -> None:  # type: ignore[type-arg]
        self.server, self.client = server, client

    async def ready(self) -> tuple[int, dict[str, object]]:
        async with self.client.get("/health/ready") as answer:
            found = (await answer.json())["asterisk"]["main"]
            return answer.status, found

    async def until_phase(self, phase: str) -> None:
        async with asyncio.timeout(5):
            while self.server.readiness().phase != phase:
                await asyncio.sleep(0.002)


@asynccontextmanager
async def watched(pbx: FakePbx, secret: str, timings: LinkTimings) -> AsyncIterator[Watched]:
    address = AsteriskAddress("main", "127.0.0.1", pbx.ami.port, "callcue", secret)
    server = AsteriskServer(address)
    server._link._timings = timings
    app = make_app(settings(), [server], MemoryLedger())
    async with TestClient(TestServer(app)) as client:
        yield Watched(server, client)


def test_given_the_default_timings_then_a_refused_login_is_tried_again_once_a_minute() -> None:
    assert LinkTimings().rejected_retry == 60.0


async def test_given_a_wrong_secret_then_readiness_and_log_say_so_and_it_is_tried_again() -> None:
    timings = replace(LinkTimings(), rejected_retry=0.3)
    with capture_logs() as logs:
        async with FakePbx() as pbx, watched(pbx, "wr0ng-s3cret", timings) as seen:
            await seen.until_phase("rejected")
            rejected = {"ready": False, "phase": "rejected", "reason": REASON}
            assert await seen.ready() == (503, rejected)
            assert len(pbx.ami.received("Login")) == 1
            pbx.ami.belief.secret = "wr0ng-s3cret"  # manager.conf has been put right
            await seen.until_phase("up")
            up = {"ready": True, "phase": "up", "reason": ""}
            assert await seen.ready() == (200, up)
            assert len(pbx.ami.received("Login")) == 2
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert line["reason"] == REASON
    assert "wr0ng-s3cret" not in str(logs)


async def test_given_nobody_listens_then_readiness_says_so_and_is_well_again_afterwards() -> None:
    timings = replace(LinkTimings(), first_retry=0.01, longest_retry=0.02)
    async with FakePbx() as pbx:
        await pbx.ami.stop()
        async with watched(pbx, "a-secret", timings) as seen:
            await seen.until_phase("down")
            status, found = await seen.ready()
            assert status == 503
            assert str(found["reason"]).startswith("cannot connect to Asterisk: ")
            await pbx.ami.start()
            await seen.until_phase("up")
            assert (await seen.ready())[0] == 200
