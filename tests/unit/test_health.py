"""Alive and ready."""

from fakes.service import serving
from fakes.telephony import FakeReadiness


async def test_given_asterisk_is_there_then_ready() -> None:
    async with serving() as service, service.client.get("/health/ready") as response:
        assert response.status == 200
        main = {"ready": True, "phase": "up", "reason": ""}
        assert await response.json() == {"status": "ready", "asterisk": {"main": main}}


async def test_given_asterisk_is_not_there_then_503_says_why_and_live_is_still_200() -> None:
    async with serving() as service:
        service.telephony.state = FakeReadiness(False, "rejected", "wrong secret")
        async with service.client.get("/health/ready") as response:
            assert response.status == 503
            body = await response.json()
            main = {"ready": False, "phase": "rejected", "reason": "wrong secret"}
            assert body == {"status": "not ready", "asterisk": {"main": main}}
        async with service.client.get("/health/live") as response:
            assert response.status == 200
            assert (await response.json())["status"] == "live"
            assert response.headers["Cache-Control"] == "no-store"


async def test_given_the_app_then_it_runs_the_asterisk_side_as_long_as_itself() -> None:
    async with serving() as service:
        assert service.telephony.running
    assert not service.telephony.running
