"""A real process is killed at many moments of a request, which then comes again."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientError
from fake_ami.pbx import FakePbx
from fakes.process import ServedProcess, served, with_party
from fakes.waiting import until

CLIP = {"media": ["sound:offer"]}


def _legs_ever(pbx: FakePbx) -> list[str]:
    """The player legs that were ever asked for."""
    asked = pbx.ami.received("Originate")
    return [one["ChannelId"] for one in asked if one["ChannelId"].startswith("callcue-p-")]


async def _lost(service: ServedProcess, milliseconds: float) -> None:
    """Ask, and have the service killed so much later, wherever it is by then."""

    async def ask() -> None:
        try:
            await service.bird("POST", "", CLIP, key="order-17")
        except (ClientError, OSError):
            return

    asking = asyncio.create_task(ask())
    await asyncio.sleep(milliseconds / 1000)
    await service.kill()
    await asking


@pytest.mark.parametrize("milliseconds", [0, 4, 8, 20])
async def test_given_a_kill_so_long_after_the_request_when_it_comes_again_then_at_most_one_leg(
    tmp_path: Path, milliseconds: float
) -> None:
    async with with_party() as pbx:
        async with served(tmp_path, pbx.ami.port) as service:
            await _lost(service, milliseconds)
        async with served(tmp_path, pbx.ami.port) as service:
            status, first = await service.bird("POST", "", CLIP, key="order-17")
            assert status == 202

            async def is_decided() -> bool:
                _, shown = await service.bird("GET", "")
                return shown["id"] == first["id"] and shown["state"] in ("playing", "ended")

            await until(is_decided)
            assert await service.bird("POST", "", CLIP, key="order-17") == (status, first)
            _, shown = await service.bird("GET", "")
            # Only where it was killed between "it begins" and the leg is it heard by nobody.
            heard = [] if shown["endReason"] == "failed" else [f"callcue-p-{first['id']}"]
            assert _legs_ever(pbx) == heard
            assert list(pbx.legs) == heard
